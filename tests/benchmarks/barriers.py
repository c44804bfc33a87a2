"""What it costs to have everything on stable storage before it is called done.

Whole installs of the miniature by turns, so that other work on the machine meets all alike: as they
are, without the flushes of a destination, and without any file's or folder's sync either. Printed
are medians, with the time that callers waited for the disk.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

from tests.e2e.miniature import environment
from wizard.demo.miniature import build_miniature
from wizard.demo.server import DemoServer

_RUN = """
import json, os, sys, threading, time
from wizard import durability
def timed(real, told, wanted):
    def call(*given):
        began = time.perf_counter()
        if wanted:
            real(*given)
        told.append(time.perf_counter() - began)
    return call
flushes, syncs = [], []
durability._flush = timed(durability._flush, flushes, {flushing})
for name in ("fsync", "fdatasync"):
    setattr(os, name, timed(getattr(os, name), syncs, {syncing}))
from wizard.entry import exit_code
began = time.perf_counter()
code = exit_code()
spent = time.process_time() + sum(os.times()[2:4])
figures = [time.perf_counter() - began, spent, len(flushes), sum(flushes), len(syncs), sum(syncs)]
print(json.dumps(figures), file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True)
class Install:
    """One install: seconds it took, of CPU, and how often and how long it waited for the disk."""

    seconds: float
    cpu: float
    flushes: int
    flushing: float
    syncs: int
    syncing: float


KINDS = {
    "as it is": (True, True),
    "without flushes": (False, True),
    "without any sync": (False, False),
}
"""Name -> whether it flushes, and whether it syncs files and folders."""


def install(site: Path, folder: Path, kind: str) -> Install:
    """Set the miniature up in a new folder and take it away again."""
    dest = folder / "dest"
    flushing, syncing = KINDS[kind]
    program = _RUN.format(flushing=flushing, syncing=syncing)
    words = ("run", "mseg", "--site", site, "--yes", "--plain", "--dest", dest)
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(folder / "home"),
        check=True,
    )
    os.sync()
    shutil.rmtree(dest)
    return Install(*json.loads(done.stderr.splitlines()[-1]))


def by_turns(site: Path, folder: Path, rounds: int) -> Iterator[dict[str, Install]]:
    """Yield an install of each kind, each first in every third round."""
    kinds = list(KINDS)
    for number in range(rounds):
        turn = number % len(kinds)
        yield {kind: install(site, folder, kind) for kind in kinds[turn:] + kinds[:turn]}


def show(rounds: list[dict[str, Install]]) -> None:
    """Print what each kind took, and how much more than the others the first one."""
    print("| | s, median | s, least | CPU s | flushes | s in them | syncs | s in them |")  # noqa: T201
    print("|---|---|---|---|---|---|---|---|")  # noqa: T201
    for kind in KINDS:
        made = [each[kind] for each in rounds]
        middle = [statistics.median(values) for values in zip(*map(astuple, made), strict=True)]
        least = min(each.seconds for each in made)
        print(f"| {kind} | {middle[0]:.2f} | {least:.2f} | {middle[1]:.2f}", end="")  # noqa: T201
        print(" | {:.0f} | {:.2f} | {:.0f} | {:.2f} |".format(*middle[2:]))  # noqa: T201
    first, *others = KINDS
    for kind in others:
        wall = [each[first].seconds / each[kind].seconds - 1 for each in rounds]
        cpu = [each[first].cpu / each[kind].cpu - 1 for each in rounds]
        print(  # noqa: T201
            f"\nmore than {kind}, median of {len(rounds)}: "
            f"{100 * statistics.median(wall):+.0f} % of time, "
            f"{100 * statistics.median(cpu):+.0f} % of CPU",
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="on the disk to measure; default: temporary")
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}")  # noqa: T201
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        with DemoServer(build_miniature(folder / "archives")) as server:
            site = folder / "site.toml"
            site.write_text(server.site_toml(gated=False))
            install(site, folder, next(iter(KINDS)))
            show(list(by_turns(site, folder, given.rounds)))
    print(f"load {os.getloadavg()[0]:.1f}")  # noqa: T201


if __name__ == "__main__":
    main()
