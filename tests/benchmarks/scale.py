"""A million files and 14 million members: ``python -m tests.benchmarks.scale [--share 0.02]``.

MSeg in its real counts, or a share of them, with names of the same form and images of a few pixels,
is installed from a server on this machine, then looked at; and a tar of tars as ImageNet-22K's is
unpacked, looked at and unpacked again. Printed are CPU seconds, with those of children, and peak
memory of each command in a process of its own, beside floors measured in the same run: reading
every folder and asking for every file's size, and ``tar`` twice for a tar of tars. ``start`` is
what a command costs that looks at no file; ratios are without it. IDD and Cityscapes are left out:
in images of a few pixels some segments that their records name are hidden; so are the example
pixels that are published for images of true size.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.hundredth import TrueSize, build_share
from tests.e2e.miniature import environment
from wizard.demo.drawing import Artist
from wizard.demo.server import DemoServer
from wizard.demo.studio import Studio

ROOT = Path(__file__).parents[2]
ALL = 14_197_122
"""Members of ImageNet-22K."""

_PIXELS = (64, 48)
_HIDDEN = "idd,cityscapes"
_SYNSET = 650
"""Members of one tar inside, as there are about."""
_EXAMPLES = re.compile(r"^examples = \[.*?^\]\n", re.MULTILINE | re.DOTALL)
_WALK = """
import os, sys
count, below = 0, [sys.argv[1]]
while below:
    with os.scandir(below.pop()) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                below.append(entry.path)
            elif entry.is_file():
                entry.stat().st_size
                count += 1
print(count)
"""
_METER = """
import os, sys
said, *words = sys.argv[1:]
pid = os.fork()
if not pid:
    os.execv(words[0], words)
_, status, usage = os.wait4(pid, 0)
with open(said, "w") as file:
    print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss, file=file)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Runs a command from a process that is small itself: a fork begins with the peak of its parent."""
_TAR = 'd="$INTO/${TAR_FILENAME%.tar}"; mkdir -p "$d"; exec tar -x -C "$d"'
_INNER = """
import sys
from pathlib import Path
from wizard.archives.extract import extract
from wizard.archives.extraction import missing_members
from wizard.archives.specs import Nested
from wizard.kinds.unpacking.record import read_unpacking, write_unpacking
from wizard.progress import CancelToken, Counter
what, archive, into, record = sys.argv[1], *map(Path, sys.argv[2:])
if what == "look":
    found = read_unpacking(record, "bench")
    print(len(found) - sum(1 for _ in missing_members(into, found.folders())))
else:
    inner = Nested(member="*.tar", into="{stem}")
    done = extract(archive, into, nested=(inner,), counter=Counter(), token=CancelToken())
    write_unpacking(record, done.members, layout="bench", fingerprint="", content="")
    print(len(done.members))
"""


class PixelStudio(Studio):
    """A studio whose artists draw a few pixels."""

    def artist(self, *names: str) -> Artist:
        """Return an artist for one image."""
        return TrueSize(self.seed, *names, size=_PIXELS)


@dataclass(frozen=True)
class Cost:
    """What a process and its children took."""

    cpu: float
    wall: float
    peak: int
    """MB of the largest of them."""
    said: str


def measured(words: list[str], home: Path) -> Cost:
    """Run a command in an environment of its own; raises ``RuntimeError`` where it fails."""
    program = shutil.which(words[0]) or words[0]
    with tempfile.NamedTemporaryFile("r") as used:
        meter = [sys.executable, "-SI", "-c", _METER, used.name, program, *words[1:]]
        began = time.monotonic()
        run = subprocess.run(
            meter,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment(home),
            text=True,
            check=False,
        )
        wall = time.monotonic() - began
        if run.returncode:
            message = f"{' '.join(words)[:200]} ended with {run.returncode}: {run.stderr[-500:]}"
            raise RuntimeError(message)
        cpu, peak = used.read().split()
    return Cost(float(cpu), wall, int(peak) >> 10, run.stdout)


def show(name: str, cost: Cost, floor: float = 0.0, less: float = 0.0) -> Cost:
    """Print a row of the table: the ratio is of CPU seconds without the start."""
    ratio = f"{(cost.cpu - less) / floor:8.2f}" if floor else " " * 8
    print(f"{name:<34}{cost.cpu:9.2f}{cost.wall:9.1f}{cost.peak:8d}{ratio}", flush=True)
    return cost


def head(title: str) -> None:
    """Print the head of a table."""
    print(f"\n{title}; load {os.getloadavg()[0]:.1f}")
    print(f"{'':<34}{'CPU s':>9}{'wall s':>9}{'MB':>8}{'x floor':>8}")


def install(folder: Path, share: float) -> None:
    """Install a share of MSeg and look at it in every way."""
    miniature = build_share(folder / "archives", share, PixelStudio)
    recipe = folder / "mseg.toml"
    recipe.write_text(_EXAMPLES.sub("", (ROOT / "assets/recipes/mseg.toml").read_text()))
    dest, home = folder / "dest", folder / "home"
    ours = [sys.executable, "-m", "wizard"]
    with DemoServer(miniature) as server:
        site = folder / "site.toml"
        site.write_text(server.site_toml(gated=False))
        asked = [
            str(recipe),
            "--dest",
            str(dest),
            "--site",
            str(site),
            "--without",
            "idd,cityscapes",
        ]
        first = measured([*ours, "run", *asked, "--yes", "--workers", "2"], home)
        floor = measured([sys.executable, "-c", _WALK, str(dest)], home)
        head(f"MSeg, {share:g} of its images, {int(floor.said):,} files")
        show("install", first)
        start = show("start (plan without a folder)", measured([*ours, "plan", asked[0]], home))
        show("floor: every folder, every size", floor)
        for name, words in (
            ("status", ["status", "--dest", str(dest)]),
            ("status again", ["status", "--dest", str(dest)]),
            ("plan", ["plan", *asked]),
            ("run with nothing to do", ["run", *asked, "--yes"]),
        ):
            show(name, measured([*ours, *words], home), floor.cpu, start.cpu)


def pack_tars(path: Path, members: int) -> None:
    """Write a tar of tars of 100 bytes each, named as ImageNet-22K's."""
    with path.open("wb") as file:
        for first in range(0, members, _SYNSET):
            name = f"n{first // _SYNSET:08}"
            inner = b"".join(
                _member(f"{name}_{number}.JPEG", b"\xff\xd8\xff" + os.urandom(97))
                for number in range(min(_SYNSET, members - first))
            )
            file.write(_member(f"{name}.tar", inner + bytes(1024)))
        file.write(bytes(1024))


def _member(name: str, data: bytes) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    return info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512)


def unpack(folder: Path, members: int) -> None:
    """Unpack a tar of tars, look at it, and unpack it again as after a power cut."""
    folder.mkdir(exist_ok=True)
    archive, into = folder / "whole.tar", folder / "out"
    pack_tars(archive, members)
    home = folder / "home"
    ours = [str(archive), str(into), str(folder / "record.json")]
    inner = [sys.executable, "-c", _INNER]
    head(f"ImageNet-22K, {members:,} of {ALL:,} members")
    beside = folder / "tar"
    beside.mkdir()
    # What tar hands a member to stands where this process does, not where tar was told to go. Ours
    # says that it is done when all is on stable storage, so that belongs to both.
    run = 'tar -x -f "$0" --to-command "$1" && sync -f "$INTO"'
    twice = ["env", f"INTO={beside}", "sh", "-c", run, str(archive), _TAR]
    tar = show("tar, tar for each inside, and sync", measured(twice, home))
    # It stays: ext4 passes over inodes that were freed a moment ago, one by one.
    rows: list[tuple[str, str, Callable[[], float]]] = [
        ("unpack and write down", "unpack", lambda: tar.cpu),
        ("look", "look", lambda: measured([sys.executable, "-c", _WALK, str(into)], home).cpu),
        ("unpack again, all being there", "unpack", lambda: tar.cpu),
    ]
    done: list[Cost] = []
    for name, what, floor in rows:
        done.append(show(name, measured([*inner, what, *ours], home), floor()))
    times = ALL / members
    print(f"for {ALL:,}: unpack {times * done[0].cpu / 60:.0f} min of CPU, look", end=" ")
    print(
        f"{times * done[1].cpu:.0f} s, record {times * Path(ours[2]).stat().st_size / 1e6:.0f} MB"
    )


@contextlib.contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    folder = given or Path(tempfile.mkdtemp(prefix="scale-"))
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    if given is None:
        shutil.rmtree(folder)


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=0.02, help="of MSeg; 1 is all of it")
    parser.add_argument("--members", type=int, default=100_000, help="of ImageNet-22K; 0 for none")
    parser.add_argument("--folder", type=Path, help="keeps what was drawn for the next time")
    options = parser.parse_args()
    with _folder(options.folder) as folder:
        if options.share:
            for name in ("dest", "home"):
                shutil.rmtree(folder / name, ignore_errors=True)
            install(folder, options.share)
        if options.members:
            shutil.rmtree(folder / "tars", ignore_errors=True)
            unpack(folder / "tars", options.members)
            shutil.rmtree(folder / "tars")


if __name__ == "__main__":
    main()
