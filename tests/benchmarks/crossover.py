"""Threads against processes: images a second by number of workers, and where processes win.

    python -m tests.benchmarks.crossover [--seconds 2] [--rounds 3] [--folder /dev/shm]

Worker counts are 1, 2, 4 and so on up to the processors this program may use. A rate is the best
of the rounds, in which all take turns; what a team takes to start and warm up is shown apart.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.label_cases import Bench, Case, chains, kinds
from wizard.app.opening import usable_workers
from wizard.progress import CancelToken, Counter
from wizard.workers.batch import _Batch
from wizard.workers.executors import Executor, Workers
from wizard.workers.pools import open_team

NAMES = ("16 bits", "ADE20K to 150", "polygons", "COCO", "gray", "Mapillary")
"""Small images to large ones; drawing polygons lets no other thread run."""

EXECUTORS: tuple[Executor, ...] = ("threads", "processes")

WARM = 4
"""Images a worker before the clock starts."""

GAIN = 1.1
"""How much faster processes must be for their memory and their start to be worth it."""


@dataclass
class Rates:
    """Images a second of one kind, by executor and number of workers."""

    case: Case
    found: dict[tuple[str, int], float] = field(default_factory=dict)
    starts: dict[tuple[str, int], float] = field(default_factory=dict)
    """Seconds until a team is warm."""

    def note(self, workers: Workers, rate: float, start: float) -> None:
        """Keep the best rate and the quickest start."""
        key = (workers.executor, workers.workers)
        self.found[key] = max(rate, self.found.get(key, 0.0))
        self.starts[key] = min(start, self.starts.get(key, start))

    def crossover(self, counts: tuple[int, ...]) -> str:
        """Return from how many workers on processes stay ahead of threads, or a dash."""
        ahead = [
            self.found["processes", count] >= GAIN * self.found["threads", count]
            for count in counts
        ]
        behind = max((place for place, won in enumerate(ahead) if not won), default=-1)
        return str(counts[behind + 1]) if behind + 1 < len(counts) else "-"


def spent(case: Case, workers: Workers, images: int) -> tuple[float, float]:
    """Return the wall seconds until a team has started and warmed up, and of the images after."""
    items = case.work.items()
    for item in items:
        for path in item.outputs:
            path.unlink(missing_ok=True)
    token = CancelToken()
    began = time.perf_counter()
    with open_team(workers, case.work, items, token) as team:
        first = min(WARM * workers.workers, len(items) // 2)
        moments = [began]
        for start, stop in ((0, first), (first, first + images)):
            findings = _Batch(team, items[:stop], Counter(), token, next=start).run()
            if any(finding.fatal for finding in findings):
                raise SystemExit(f"{case.name}: {findings[0]}")
            moments.append(time.perf_counter())
    return moments[1] - began, moments[2] - moments[1]


def measure(case: Case, counts: tuple[int, ...], seconds: float, rounds: int) -> Rates:
    """Measure one kind."""
    rates = Rates(case)
    case.work.start()
    _, alone = spent(case, Workers(1), WARM)
    for _ in range(rounds):
        for count in counts:
            some = min(len(case.work.items()) // 2, int(seconds * WARM / alone) * count)
            for executor in EXECUTORS:
                workers = Workers(count, executor)
                start, work = spent(case, workers, some)
                rates.note(workers, some / work, start)
    return rates


def cases(bench: Bench) -> Iterator[Case]:
    """Return the kinds that are compared."""
    for made in (kinds(bench), chains(bench)):
        yield from (case for case in made if case.name in NAMES)


def print_rates(rates: list[Rates], counts: tuple[int, ...]) -> None:
    """Print one row per kind in Markdown: threads / processes for every number of workers."""
    heads = ["threads / processes", "size", *(f"images/s, {count}" for count in counts)]
    print("| " + " | ".join([*heads, "processes ahead from"]) + " |")
    print("|" + "---|" * (len(heads) + 1))
    for each in rates:
        cells = [
            " / ".join(f"{each.found[executor, count]:.0f}" for executor in EXECUTORS)
            for count in counts
        ]
        row = [each.case.name, each.case.size, *cells, each.crossover(counts)]
        print("| " + " | ".join(row) + " |", flush=True)


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="of work for each worker")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args(arguments)
    most = usable_workers()
    counts = tuple(sorted({most, *(1 << power for power in range(most.bit_length()))}))
    folder = Path(tempfile.mkdtemp(prefix="crossover-", dir=options.folder))
    try:
        rates = []
        bench = Bench(folder, 400 * most)
        for case in cases(bench):
            rates.append(measure(case, counts, options.seconds, options.rounds))
        print_rates(rates, counts)
        later = max(each.starts["processes", most] - each.starts["threads", most] for each in rates)
        print(f"\n{most} processes are warm at most {later:.2f} s after {most} threads")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
