"""Threads against processes: images a second by number of workers, and where processes win.

    python -m tests.benchmarks.crossover [--seconds 2] [--rounds 3] [--folder /dev/shm]

Worker counts are 1, 2, 4 and so on up to the processors this program may use. A rate is the best
of the rounds, in which all take turns; what starting a team takes is taken off and shown apart.
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
from wizard.engine.batch import Crew, run_batch
from wizard.engine.executors import Executor
from wizard.engine.opening import usable_workers
from wizard.progress import CancelToken, Counter

NAMES = ("16 bits", "ADE20K to 150", "polygons", "COCO", "gray", "Mapillary")
"""Small images to large ones; drawing polygons lets no other thread run."""

EXECUTORS: tuple[Executor, ...] = ("threads", "processes")

GAIN = 1.1
"""How much faster processes must be for their memory and their start to be worth it."""


@dataclass
class Rates:
    """Images a second of one kind, by executor and number of workers."""

    case: Case
    found: dict[tuple[str, int], float] = field(default_factory=dict)

    def note(self, crew: Crew, rate: float) -> None:
        """Keep the best rate."""
        key = (crew.executor, crew.workers)
        self.found[key] = max(rate, self.found.get(key, 0.0))

    def crossover(self, counts: tuple[int, ...]) -> str:
        """Return from how many workers on processes stay ahead of threads, or a dash."""
        ahead = [
            self.found["processes", count] >= GAIN * self.found["threads", count]
            for count in counts
        ]
        behind = max((place for place, won in enumerate(ahead) if not won), default=-1)
        return str(counts[behind + 1]) if behind + 1 < len(counts) else "-"


def spent(case: Case, crew: Crew, images: int) -> float:
    """Return the wall seconds of a batch through the engine."""
    items = case.work.items()[:images] if images else ()
    for item in items:
        for path in item.outputs:
            path.unlink(missing_ok=True)
    began = time.perf_counter()
    findings = run_batch(case.work, items, crew=crew, counter=Counter(), token=CancelToken())
    if any(finding.fatal for finding in findings):
        raise SystemExit(f"{case.name}: {findings[0]}")
    return time.perf_counter() - began


def measure(case: Case, counts: tuple[int, ...], seconds: float, rounds: int) -> Rates:
    """Measure one kind."""
    rates = Rates(case)
    case.work.start()
    spent(case, Crew(1), 1)
    alone = spent(case, Crew(1), 4) / 4
    for _ in range(rounds):
        for count in counts:
            for executor in EXECUTORS:
                crew = Crew(count, executor)
                some = min(len(case.work.items()), max(8, int(seconds / alone)) * count)
                began = spent(case, crew, count)
                rates.note(crew, (some - count) / max(1e-3, spent(case, crew, some) - began))
    return rates


def cases(bench: Bench) -> Iterator[Case]:
    """Return the kinds that are compared."""
    for made in (kinds(bench), chains(bench)):
        yield from (case for case in made if case.name in NAMES)


def start(case: Case, workers: int) -> list[float]:
    """Return the seconds until a team of each kind has done one image a worker."""
    return [min(spent(case, Crew(workers, each), workers) for _ in range(3)) for each in EXECUTORS]


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
        threads, processes = start(rates[0].case, most)
        print(f"\n{most} threads start in {threads:.2f} s, {most} processes in {processes:.2f} s")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
