"""What a label costs the scheduler and us on a cluster: ``python -m tests.benchmarks.cluster 100``.

Workers are threads of a few dask processes and a label is a pause of 30 ms, so that a hundred fit
on one machine: what is measured is the CPU time of the two in the middle, not of the labels.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.pauses import PAUSE, Pauses
from tests.waiting import until, whole_json
from wizard.progress import CancelToken, Counter
from wizard.workers.batch import Workers, run_batch

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 4
_TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def cluster(threads: int) -> Iterator[tuple[str, int]]:
    """Yield the address of a scheduler with so many threads at work, and its process number."""
    processes = []
    with tempfile.TemporaryDirectory() as name:

        def start(*words: str) -> subprocess.Popen[bytes]:
            processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", f"distributed.cli.dask_{words[0]}", *words[1:]],
                    cwd=name,
                    env={**os.environ, "PYTHONPATH": str(ROOT)},
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            return processes[-1]

        file = Path(name) / "scheduler.json"
        quiet = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-jupyter")
        scheduler = start("scheduler", *quiet, "--scheduler-file", str(file))
        address = str(whole_json(file)["address"])
        few = min(PROCESSES, threads)
        for _ in range(few):
            count = ("--nthreads", str(threads // few))
            start("worker", address, "--no-nanny", "--no-dashboard", *count)
        try:
            yield address, scheduler.pid
        finally:
            for process in reversed(processes):
                process.kill()
                process.wait()


def cpu_seconds(pid: int) -> float:
    """Return the CPU time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def measure(threads: int, labels: int) -> str:
    """Run a batch and return a row of the table."""
    with cluster(threads) as (address, scheduler), tempfile.TemporaryDirectory() as shared:
        from wizard.workers.cluster import connect

        client = connect(address)
        until(lambda: sum(client.nthreads().values()) >= threads // PROCESSES * PROCESSES)
        client.close()
        work, workers = Pauses(labels), Workers(threads, "dask", address, Path(shared))
        items, token = work.items(), CancelToken()
        ours, theirs, began = time.process_time(), cpu_seconds(scheduler), time.perf_counter()
        run_batch(work, items, workers=workers, counter=Counter(), token=token)
        wall = time.perf_counter() - began
        ours, theirs = time.process_time() - ours, cpu_seconds(scheduler) - theirs
    rate, most = labels / wall, threads / PAUSE
    costs = f"{theirs / labels * 1e6:.0f} | {ours / labels * 1e6:.0f}"
    return f"| {threads} | {labels:,} | {rate:,.0f} | {most:,.0f} | {costs} |"


def main(*counts: str) -> None:
    """Print a row for each number of workers."""
    print("| workers | labels | labels/s | at most | scheduler µs a label | ours µs a label |")  # noqa: T201
    print("|---|---|---|---|---|---|")  # noqa: T201
    for count in map(int, counts or ("8", "100")):
        print(measure(count, count * 2000), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
