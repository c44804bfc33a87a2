"""An install of a share of MSeg that is harmed and killed, and what setting it right costs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from tests.benchmarks.metering import Cost, cost_of, show
from wizard.files import PARTIAL

_KILLED = 256 - signal.SIGKILL
_COCO = "mseg_dataset/COCOPanoptic"
_LISTS = "mseg-api/mseg/dataset_lists"
_STEPS = ".segwizard/steps"

DELETED = (
    ("an archive", (f"{_COCO}/train2017.zip",)),
    ("a member that no list names", ("mseg_dataset/ScanNet/*/scene0*/depth/*.png",)),
    ("a photograph, its archive gone", (f"{_COCO}/images/train2017/*1.jpg",)),
    ("a label", (f"{_COCO}/semantic_relabeled133/train2017/*1.png",)),
    ("a list", (f"{_LISTS}/coco-panoptic-133/list/train.txt",)),
    ("a record, with its copy", (f"{_STEPS}/coco-panoptic.extract-train.json*",)),
    ("what labels were made from", (f"{_STEPS}/coco-panoptic.labels.json",)),
    ("a proof", (f"{_STEPS}/coco-panoptic.verify.json",)),
)
"""One file at each level: the first that a pattern fits, and all that the others fit."""

SECOND = ("mseg-api", _COCO)
"""What is installed a second time: the largest dataset, with the tables that it needs."""

KILLED = (
    ("its largest unpacking", f"{_COCO}/images/train2017"),
    ("labels", f"{_COCO}/semantic_relabeled133/train2017"),
)
"""Folders in the middle of whose filling a run is killed."""


@dataclass(frozen=True)
class Ours:
    """A command line for one destination."""

    asked: tuple[str, ...]
    dest: Path
    home: Path

    def run(self, *words: str) -> list[str]:
        """Return the words that set all of it up."""
        return self.command("run", *self.asked, "--yes", "--workers", "2", *words)

    def command(self, name: str, *words: str) -> list[str]:
        """Return the words of a command for the destination."""
        return [sys.executable, "-m", "wizard", name, *words, "--dest", str(self.dest)]


_ROOTS = ("mseg-api", "mseg_dataset")
_PACKED = (".zip", ".tar", ".gz", ".tgz")
Tree = dict[str, tuple[int, int]]
"""Size and sum of the bytes of each file below its path, what is ours to write left out."""


def read_tree(dest: Path, below: tuple[str, ...] = _ROOTS) -> Tree:
    """Read every file of an install that comes out of archives or is made from them."""
    found: Tree = {}
    for path in _files(dest, below):
        with open(path, "rb") as file:
            data = file.read()
        found[path.removeprefix(f"{dest}/")] = len(data), crc32(data)
    return found


def _files(dest: Path, below: tuple[str, ...] = _ROOTS) -> Iterator[str]:
    for root in below:
        for top, _, names in os.walk(dest / root):
            yield from (f"{top}/{name}" for name in names if not name.endswith(_PACKED))


def _times(dest: Path) -> dict[str, int]:
    return {path: os.stat(path).st_mtime_ns for path in _files(dest)}


def told_apart(before: Tree, after: Tree) -> str:
    """Say how two trees differ."""
    lost, new = before.keys() - after.keys(), after.keys() - before.keys()
    other = {path for path in before.keys() & after.keys() if before[path] != after[path]}
    if not (lost or new or other):
        return f"exact, {len(after):,} files"
    first = sorted({*lost, *new, *other})[:3]
    return f"NOT EXACT: {len(lost)} lost, {len(new)} new, {len(other)} other: {first}"


def delete_and_run(ours: Ours, floor: float, start: float) -> None:
    """Delete one file at each level and run again."""
    after = _times(ours.dest)
    for name, patterns in DELETED:
        before = after
        gone = list(_delete(ours.dest, patterns))
        cost = cost_of(ours.run("--keep-archives"), ours.home, codes=range(256))
        after = _times(ours.dest)
        lost = sum(path not in after for path in before)
        written = sum(before.get(path) != time for path, time in after.items())
        note = f"{gone[0] if gone else 'NOTHING DELETED'}: {lost} lost, {written} written"
        show(f"{name} gone", cost, floor, start, note)


def _delete(dest: Path, patterns: tuple[str, ...]) -> Iterator[str]:
    for place, pattern in enumerate(patterns):
        every = place > 0 or _STEPS in pattern
        for path in sorted(dest.glob(pattern))[: None if every else 1]:
            path.unlink()
            yield path.name


def kill_and_resume(ours: Ours, files: Mapping[str, int]) -> Cost:
    """Kill an install of COCO in the middle of each of ``KILLED``, then let it end.

    ``files`` says how many come into each folder.
    """
    words = ours.run("--only", "coco-panoptic")
    for name, folder in KILLED:
        half = files[folder] // 2
        cost = cost_of(words, ours.home, killed_at(ours.dest, folder, half), codes=range(256))
        note = f"{_count(ours.dest, folder):,} of {files[folder]:,} there"
        show(f"COCO, killed in the middle of {name}", cost, note=note)
        if cost.code != _KILLED:
            raise RuntimeError(cost.said[-2000:])
    return cost_of(words, ours.home, codes=range(256))


def killed_at(dest: Path, folder: str, half: int) -> Callable[[subprocess.Popen[str]], None]:
    """Return what kills a command as soon as so many files are in a folder."""

    def kill(meter: subprocess.Popen[str]) -> None:
        while meter.poll() is None and _count(dest, folder) < half:
            time.sleep(half / 100_000)
        if child := _child_of(meter.pid):
            os.kill(child, signal.SIGKILL)

    return kill


def _child_of(pid: int) -> int:
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    return int(found[0]) if found else 0


def _count(dest: Path, folder: str) -> int:
    """Count the files of a folder where they are to be, or where they wait to be moved there."""
    place = dest / folder
    waiting = (
        tree / place.relative_to(above)
        for above in place.parents[: len(Path(folder).parts)]
        for tree in above.glob(f"{PARTIAL}unpack-*/tree")
    )
    return max(map(_entries, (place, *waiting)))


def _entries(folder: Path) -> int:
    try:
        with os.scandir(folder) as entries:
            return sum(not entry.name.startswith(".") for entry in entries)
    except OSError:
        return 0
