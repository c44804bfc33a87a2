"""A whole install against the line: ``python -m tests.benchmarks.line [--share 0.002]``.

A share of MSeg with images of true size comes through nginx over a line of so many MB/s for the
whole. Printed are the wall time of the install over what ``curl`` needs for the same bytes, and
where the rest goes: which steps work after the last byte. The line is the loopback of a network
of its own, held back by the kernel's token bucket; that takes root. A share is drawn once for a
``--folder``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.hundredth import build_share
from tests.e2e.miniature import environment
from tests.servers.nginx import missing_tools, nginx
from wizard.demo.miniature import Miniature
from wizard.demo.server import DemoServer

MB = 1_000_000
GOALS = {12: 1.1, 50: 2.0, 120: 4.0}
"""MB/s of the line -> install over curl, at most."""

_INSIDE = "--inside"
_TOOLS = ("curl", "tc", "ip", "unshare", "taskset")
_ENDED = re.compile(r": done in ")


@dataclass(frozen=True)
class Step:
    """One step of an install: its kind in words, and when it worked."""

    address: str
    kind: str
    began: float
    ended: float


@dataclass(frozen=True)
class Outcome:
    """One install: seconds of wall and CPU from its start, and its steps."""

    wall: float
    cpu: float
    steps: tuple[Step, ...]
    planned: float
    """CPU seconds that ``plan`` tells."""

    @property
    def last_byte(self) -> float:
        """Seconds after which nothing more was fetched."""
        return max((step.ended for step in self.steps if step.kind == "Fetch"), default=0.0)


def fetch_all(miniature: Miniature, url: str, folder: Path) -> float:
    """Return the seconds that one ``curl`` needs for all archives, one after the other."""
    folder.mkdir()
    wanted = [
        word
        for archive in miniature.archives
        for word in ("-o", str(folder / archive.name), f"{url}/{archive.name}")
    ]
    began = time.monotonic()
    subprocess.run(["curl", "-sSf", *wanted], check=True)
    wall = time.monotonic() - began
    shutil.rmtree(folder)
    return wall


def install(site: Path, folder: Path) -> Outcome:
    """Run a whole install on two cores and read from its lines what worked when."""
    folder.mkdir()
    cores = ",".join(map(str, sorted(os.sched_getaffinity(0))[:2]))
    words = ["mseg", "--site", str(site), "--dest", str(folder / "dest")]
    python = ["taskset", "-c", cores, sys.executable, "-m", "wizard"]
    world = environment(folder / "home")
    told = subprocess.run(
        [*python, "plan", *words, "--json"],
        env=world,
        capture_output=True,
        text=True,
        check=True,
    )
    planned = float(json.loads(told.stdout)["core_seconds"])
    began, moment = time.monotonic(), time.time()
    with (folder / "lines").open("w") as lines:
        run = subprocess.Popen(
            [*python, "run", *words, "--yes", "--json", "--workers", "2"],
            env=world,
            stdin=subprocess.DEVNULL,
            stdout=lines,
        )
        _, status, usage = os.wait4(run.pid, 0)
    run.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - began
    if run.returncode:
        message = f"the install failed with {run.returncode}: {folder}"
        raise RuntimeError(message)
    steps = tuple(_steps((folder / "lines").read_text(), moment))
    shutil.rmtree(folder)
    return Outcome(wall, usage.ru_utime + usage.ru_stime, steps, planned)


def _steps(lines: str, moment: float) -> Iterator[Step]:
    """Yield the steps of an install by its JSON lines, in seconds from a moment."""
    begun: dict[str, float] = {}
    for line in lines.splitlines():
        event = json.loads(line) if line.startswith("{") else {}
        address, text = event.get("address", ""), event.get("text", "")
        if not address or event.get("type") != "event":
            continue
        if text.endswith(": started"):
            begun[address] = event["moment"] - moment
        elif _ENDED.search(text) and address in begun:
            kind = text.split()[0].rstrip(":")
            yield Step(address, kind, begun.pop(address), event["moment"] - moment)


def show(rate: int, line: float, size: int, outcome: Outcome) -> None:
    """Print one install beside the line it came over."""
    ratio = outcome.wall / line
    goal = GOALS.get(rate)
    off = 100 * (outcome.planned / outcome.cpu - 1)
    print(f"\n{rate} MB/s: curl {line:.1f} s for {size / MB:.0f} MB", end="; ")
    print(f"install {outcome.wall:.1f} s, {ratio:.2f} times", end="")
    print(f" (goal {goal})" if goal else "", end="; ")
    print(f"CPU {outcome.cpu:.1f} s (plan {outcome.planned:.1f}, {off:+.0f} %)", end="; ")
    print(f"load {os.getloadavg()[0]:.1f}")
    last = outcome.last_byte
    print(f"  last byte at {last:.1f} s, {last / line:.2f} times curl", end="; ")
    print(f"after it {outcome.wall - last:.1f} s")
    busy: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for step in outcome.steps:
        busy[step.kind][0] += step.ended - step.began
        busy[step.kind][1] += max(0.0, step.ended - max(step.began, last))
    print(f"  {'steps':<10}{'seconds':>9}{'after the last byte':>21}")
    for kind, (whole, after) in sorted(busy.items(), key=lambda each: -each[1][1]):
        if whole >= 0.1:
            print(f"  {kind:<10}{whole:9.1f}{after:21.1f}")
    late = sorted(outcome.steps, key=lambda step: max(step.began, last) - step.ended)[:5]
    for step in late:
        print(f"    {step.address}: {step.began:.1f} to {step.ended:.1f} s")


def compare(folder: Path, share: float, rates: list[int]) -> None:
    """Measure every rate, inside a network of our own."""
    subprocess.run(["ip", "link", "set", "lo", "up", "mtu", "9000"], check=True)
    miniature = build_share(folder / "archives", share)
    size = sum(archive.size for archive in miniature.archives)
    server = folder / "server"
    shutil.rmtree(server, ignore_errors=True)
    server.mkdir()
    with nginx(folder / "archives", server) as running:
        demo = DemoServer(miniature)
        site = folder / "site.toml"
        site.write_text(demo.site_toml(gated=False).replace(f"{demo.url}/open", running.http))
        for rate in rates:
            _limit(rate)
            place = Path(tempfile.mkdtemp(prefix="line-", dir=folder))
            line = fetch_all(miniature, running.http, place / "curl")
            show(rate, line, size, install(site, place / "ours"))
            shutil.rmtree(place)


def _limit(rate: int) -> None:
    """Hold the loopback back to so many MB/s for the whole."""
    bucket = ["tbf", "rate", f"{8 * rate}mbit", "burst", "512kb", "latency", "100ms"]
    subprocess.run(["tc", "qdisc", "replace", "dev", "lo", "root", *bucket], check=True)


def main() -> None:
    """Draw, enter a network of our own, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=0.002, help="of MSeg; 0.01 is a hundredth")
    parser.add_argument("--rates", default="12,50,120", help="MB/s, several with commas")
    parser.add_argument("--folder", type=Path, help="keeps what was drawn for the next time")
    parser.add_argument(_INSIDE, action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    rates = [int(rate) for rate in options.rates.split(",")]
    if options.inside:
        return compare(options.folder, options.share, rates)
    lacking = [tool for tool in _TOOLS if not shutil.which(tool)]
    if lacking or missing_tools():
        parser.exit(1, f"this benchmark needs {', '.join(('nginx', 'openssl', *_TOOLS))}\n")
    folder = options.folder or Path(tempfile.mkdtemp(prefix="line-"))
    build_share(folder / "archives", options.share)
    again = [sys.executable, "-m", "tests.benchmarks.line", _INSIDE, "--folder", str(folder)]
    told = ["--share", str(options.share), "--rates", options.rates]
    code = subprocess.run(["unshare", "-n", *again, *told], check=False).returncode
    if not options.folder:
        shutil.rmtree(folder)
    sys.exit(code)


if __name__ == "__main__":
    main()
