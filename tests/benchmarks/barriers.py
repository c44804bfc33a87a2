"""What it costs to have everything on stable storage before it is called done.

Whole installs of the miniature, with the barriers and without by turns, so that other work on the
machine meets both alike; printed as medians, with the time that callers waited for the disk.
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
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.miniature import environment
from wizard.demo.miniature import build_miniature
from wizard.demo.server import DemoServer

_RUN = """
import json, os, sys, threading, time
from wizard import durability
told, real = [], durability._flush
def flush(folder):
    began = time.perf_counter()
    if {barriers}:
        real(folder)
    told.append(time.perf_counter() - began)
durability._flush = flush
from wizard.entry import exit_code
began = time.perf_counter()
code = exit_code()
print(json.dumps([time.perf_counter() - began, len(told), sum(told)]), file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True)
class Install:
    """One install: seconds it took, how often it flushed, and the seconds of that."""

    seconds: float
    flushes: int
    flushing: float


def install(site: Path, folder: Path, *, barriers: bool) -> Install:
    """Set the miniature up in a new folder and take it away again."""
    dest = folder / "dest"
    words = ("run", "mseg", "--site", site, "--yes", "--plain", "--dest", dest)
    done = subprocess.run(
        [sys.executable, "-c", _RUN.format(barriers=barriers), *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(folder / "home"),
        check=True,
    )
    os.sync()
    shutil.rmtree(dest)
    return Install(*json.loads(done.stderr.splitlines()[-1]))


def by_turns(site: Path, folder: Path, rounds: int) -> Iterator[tuple[Install, Install]]:
    """Yield an install with and one without barriers, each first in every other round."""
    for number in range(rounds):
        order = (True, False) if number % 2 else (False, True)
        made = {barriers: install(site, folder, barriers=barriers) for barriers in order}
        yield made[True], made[False]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="on the disk to measure; default: temporary")
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        with DemoServer(build_miniature(folder / "archives")) as server:
            site = folder / "site.toml"
            site.write_text(server.site_toml(gated=False))
            install(site, folder, barriers=True)
            pairs = list(by_turns(site, folder, given.rounds))
    print("| | s, median | s, least | flushes | s in flushes |")  # noqa: T201
    print("|---|---|---|---|---|")  # noqa: T201
    for place, title in enumerate(("with barriers", "without")):
        made = [pair[place] for pair in pairs]
        seconds = [each.seconds for each in made]
        flushing = statistics.median(each.flushing for each in made)
        print(  # noqa: T201
            f"| {title} | {statistics.median(seconds):.2f} | {min(seconds):.2f}"
            f" | {statistics.median(each.flushes for each in made):.0f} | {flushing:.2f} |"
        )
    shares = [first.seconds / second.seconds - 1 for first, second in pairs]
    print(f"\nmore, median of {len(pairs)} pairs: {100 * statistics.median(shares):+.0f} %")  # noqa: T201


if __name__ == "__main__":
    main()
