"""Downloads from nginx on loopback: ours beside curl and aria2c, in one run.

    python -m tests.benchmarks.transfer [--size 1024] [--runs 3] [--folder /dev/shm]

Prints wall time, CPU seconds per GB and peak memory, medians over interleaved runs, and the goals
with what was reached. Loopback shows what the client costs, not the network. Each download runs
in a process of its own; ours is timed from the call of ``fetch``, without starting Python.
Files go to memory where there is room, since only ours flushes to the disk before it says done.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.servers.nginx import Nginx, missing_tools, nginx

MB = 1 << 20
_LINE = 103_000_000
"""Bytes fetched over a slow line: nine seconds of it, and enough for several segments."""
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Run:
    """One download: seconds of wall and CPU, and peak memory in MB."""

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Contender:
    """A way to fetch ``url`` to ``target``."""

    name: str
    fetch: Callable[[str, Path, dict[str, str]], Run]


def _outside(command: list[str], environment: dict[str, str]) -> Run:
    began = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        message = f"{command[0]} failed with {process.returncode}"
        raise RuntimeError(message)
    wall = time.monotonic() - began
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def curl(url: str, target: Path, environment: dict[str, str]) -> Run:
    certificate = environment["SSL_CERT_FILE"]
    return _outside(["curl", "-s", "--cacert", certificate, "-o", str(target), url], environment)


def aria2(connections: int) -> Callable[[str, Path, dict[str, str]], Run]:
    def fetch(url: str, target: Path, environment: dict[str, str]) -> Run:
        options = [f"-x{connections}", f"-s{connections}", "-q", "--file-allocation=none"]
        place = ["-d", str(target.parent), "-o", target.name]
        trust = [f"--ca-certificate={environment['SSL_CERT_FILE']}"]
        return _outside(["aria2c", *options, *trust, *place, url], environment)

    return fetch


def ours(connections: int, *, hashing: bool) -> Callable[[str, Path, dict[str, str]], Run]:
    def fetch(url: str, target: Path, environment: dict[str, str]) -> Run:
        hashes = "sha256" if hashing else ""
        arguments = ["--one", url, str(target), str(connections), hashes]
        command = [sys.executable, "-m", "tests.benchmarks.transfer", *arguments]
        shown = subprocess.run(
            command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True
        )
        return Run(**json.loads(shown.stdout))

    return fetch


def fetch_one(url: str, target: str, connections: str, hashes: str) -> None:
    """Be the process of one download of ours, and print its figures."""
    from wizard.progress import CancelToken, TransferProgress
    from wizard.transfer.download import Downloader
    from wizard.transfer.request import FetchRequest
    from wizard.transfer.retry_policy import RetryPolicy

    count = int(connections)
    digests = tuple(hashes.split())
    policy = RetryPolicy(per_host=count, connections_per_file=count, digests=digests)
    request = FetchRequest(name="file", urls=(url,))
    with Downloader(policy) as downloader:
        before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
        downloader.fetch(request, Path(target), TransferProgress(), CancelToken())
        wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"wall": wall, "cpu": cpu, "memory": after.ru_maxrss / 1024}))


def measure(
    contenders: list[Contender], url: str, folder: Path, runs: int, environment: dict[str, str]
) -> dict[str, Run]:
    """Run all contenders in turn, ``runs`` times, and return their medians."""
    taken: dict[str, list[Run]] = {one.name: [] for one in contenders}
    for _ in range(runs):
        for one in contenders:
            place = Path(tempfile.mkdtemp(dir=folder))
            taken[one.name].append(one.fetch(url, place / "file", environment))
            shutil.rmtree(place)
    return {name: _median(found) for name, found in taken.items()}


def _median(runs: list[Run]) -> Run:
    return Run(
        statistics.median(run.wall for run in runs),
        statistics.median(run.cpu for run in runs),
        max(run.memory for run in runs),
    )


def show(title: str, results: dict[str, Run], size: int, against: str) -> None:
    """Print one table; ``x`` is how many times faster than ``against``."""
    print(f"\n{title:34} {'wall s':>8} {'x ' + against:>16} {'CPU s/GB':>9} {'peak MB':>8}")
    for name, run in results.items():
        ratio = results[against].wall / run.wall
        per_gb = run.cpu / (size / 1e9)
        print(f"{name:34} {run.wall:8.2f} {ratio:16.2f} {per_gb:9.2f} {run.memory:8.0f}")


def goals(tables: dict[str, dict[str, Run]]) -> None:
    """Print each goal with what was reached."""
    print(f"\n{'goal':52} {'wanted':>8} {'reached':>8}")
    for scheme in ("http", "https"):
        table = tables[scheme]
        one = table["ours, 1, no hash"]
        _goal(f"{scheme}: one stream, times curl", 1.0, table["curl"].wall / one.wall)
        _goal(f"{scheme}: CPU per GB, curl's over ours", 1.0, table["curl"].cpu / one.cpu)
        hashed = one.wall / table["ours, 1, sha256"].wall
        _goal(f"{scheme}: one stream with sha256, times without", 1 / 1.15, hashed)
    for name, wanted in (("slow", 1.1), ("http", 1.5)):
        table = tables[name]
        ratio = table["aria2c -x8"].wall / table["ours, 8, no hash"].wall
        _goal(f"{name}: eight segments, times aria2c -x8", wanted, ratio)
    eight = tables["https"]["aria2c -x8"].wall / tables["https"]["ours, 8, no hash"].wall
    _goal("https: eight segments, times aria2c -x8", 1.2, eight)
    cheap = tables["line"]["curl"].cpu / tables["line"]["ours, 1, no hash"].cpu
    _goal("12 MB/s: CPU per GB, curl's over ours", 1 / 1.3, cheap)
    peak = max(
        run.memory for table in tables.values() for name, run in table.items() if "ours" in name
    )
    print(f"{'peak memory of ours, MB':52} {'< 100':>8} {peak:8.0f}  {_word(peak < 100)}")


def _goal(text: str, wanted: float, reached: float) -> None:
    print(f"{text:52} {wanted:8.2f} {reached:8.2f}  {_word(reached >= wanted)}")


def _word(met: bool) -> str:  # noqa: FBT001
    return "met" if met else "MISSED"


def compare(nginx_at: Nginx, folder: Path, size: int, runs: int) -> dict[str, dict[str, Run]]:
    environment = {**os.environ, "SSL_CERT_FILE": str(nginx_at.certificate)}
    all_of_us = [
        Contender("curl", curl),
        Contender("aria2c -x8", aria2(8)),
        *_ours(1),
        *_ours(8),
    ]
    tables = {}
    for scheme, base in (("http", nginx_at.http), ("https", nginx_at.https)):
        tables[scheme] = measure(all_of_us, f"{base}/file", folder, runs, environment)
        show(f"{scheme}, open, {size // MB} MiB", tables[scheme], size, "curl")
    several = [one for one in all_of_us if "8" in one.name]
    slow = min(size, 500_000_000)
    tables["slow"] = measure(several, f"{nginx_at.slow}/slow", folder, runs, environment)
    show("20 MB/s for each connection, 500 MB", tables["slow"], slow, "aria2c -x8")
    return tables


def compare_slow_lines(
    tables: dict[str, dict[str, Run]], files: Path, folder: Path, size: int, runs: int
) -> None:
    """Add what a line of 12 MB/s for the whole costs, over one connection and over eight."""
    for name, rate, contenders in (
        ("line", "12m", [Contender("curl", curl), *_ours(1)]),
        ("eighths", "1500k", [Contender("aria2c -x8", aria2(8)), *_ours(8)]),
    ):
        server = folder / name
        server.mkdir()
        with nginx(files, server, rate) as running:
            environment = {**os.environ, "SSL_CERT_FILE": str(running.certificate)}
            url = f"{running.slow}/line"
            tables[name] = measure(contenders, url, folder, runs, environment)
            title = f"12 MB/s for the whole, {size // 1_000_000} MB, {name}"
            show(title, tables[name], size, contenders[0].name)


def _ours(connections: int) -> list[Contender]:
    return [
        Contender(f"ours, {connections}, no hash", ours(connections, hashing=False)),
        Contender(f"ours, {connections}, sha256", ours(connections, hashing=True)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Benchmark downloads against curl and aria2c.")
    parser.add_argument("--size", type=int, default=1024, help="MiB of the file (1024)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each (3)")
    parser.add_argument("--folder", type=Path, default=_roomy(), help="where files go")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        return fetch_one(*arguments.one)
    for tool in ("curl", "aria2c"):
        if missing_tools() or not shutil.which(tool):
            parser.exit(1, "this benchmark needs nginx, openssl, curl and aria2c\n")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        folder = Path(temporary)
        files, server = folder / "files", folder / "server"
        size = arguments.size * MB
        for path in (files, server):
            path.mkdir()
        _write_noise(files / "file", size)
        _write_noise(files / "slow", min(size, 500_000_000))
        with nginx(files, server) as running:
            tables = compare(running, folder, size, arguments.runs)
        _write_noise(files / "line", _LINE)
        compare_slow_lines(tables, files, folder, _LINE, arguments.runs)
        goals(tables)
        print(f"load {os.getloadavg()[0]:.1f}")
    return None


def _write_noise(path: Path, size: int) -> None:
    block = os.urandom(4 * MB)
    with path.open("wb") as file:
        for start in range(0, size, len(block)):
            file.write(block[: size - start])


def _roomy() -> Path:
    memory = Path("/dev/shm")
    enough = memory.is_dir() and shutil.disk_usage(memory).free > 6 << 30
    return memory if enough else Path(tempfile.gettempdir())


if __name__ == "__main__":
    main()
