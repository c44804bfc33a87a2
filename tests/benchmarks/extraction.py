"""Unpacking many small files: ours beside unzip, bsdtar, 7z, tar and the floor, in one run.

    python -m tests.benchmarks.extraction [--kind zip] [--files 20000] [--runs 5] [--folder DIR]

``zip`` is one of small label images, ``tar`` the same in a tar, ``tars`` a tar of tars as
ImageNet-22K's. Prints medians over interleaved runs, each into a fresh folder and in a process of
its own, by the clock and in CPU seconds, children included; ours is taken from the call of
``extract``, without starting Python. The floor creates the same folders and
files with the same bytes, knowing them beforehand: no unpacking can be faster than that on the file
system of ``--folder``. Creating files is nearly all the work, so the file system decides; compare
columns of one run only.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from PIL import Image

from wizard.archives.extract import extract
from wizard.archives.specs import Nested
from wizard.progress import CancelToken, Counter

ROOT = Path(__file__).parents[2]
_SYNSET = 650
"""Members of one tar inside, as there are about."""
_INNER = 'd="$INTO/${TAR_FILENAME%.tar}"; mkdir -p "$d"; exec tar -x -C "$d"'


class Taken(NamedTuple):
    """What an unpacking took, in seconds."""

    wall: float
    cpu: float


Unpack = Callable[[Path, Path], Taken]
"""Unpacks an archive into a folder."""


@dataclass
class Watch:
    """Measures from when it is made; children count once they have ended."""

    _began: float = field(default_factory=time.perf_counter)
    _used: float = field(default_factory=lambda: cpu_used())

    def taken(self) -> Taken:
        """Return what was taken since."""
        return Taken(time.perf_counter() - self._began, cpu_used() - self._used)


def cpu_used() -> float:
    """Return the CPU seconds of this process and of those of its children that have ended."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def draw_labels() -> list[bytes]:
    """Return 64 label PNGs of about half a kilobyte."""
    rng = np.random.default_rng(0)
    images = []
    for _ in range(64):
        label = np.zeros((120, 160), np.uint8)
        for _ in range(12):
            y, x = rng.integers(0, 100), rng.integers(0, 140)
            label[y : y + rng.integers(5, 40), x : x + rng.integers(5, 60)] = rng.integers(150)
        buffer = io.BytesIO()
        Image.fromarray(label).save(buffer, "PNG")
        images.append(buffer.getvalue())
    return images


def label_files(count: int) -> Iterator[tuple[str, bytes]]:
    """Yield label PNGs in two folders as ADE20K has them."""
    images = draw_labels()
    for number in range(count):
        folder = "training" if number < count * 0.9 else "validation"
        yield f"top/annotations/{folder}/label_{number:08d}.png", images[number % 64]


def make_zip(path: Path, count: int) -> None:
    """Write a zip of label PNGs."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in label_files(count):
            packed.writestr(name, data)


def make_tar(path: Path, count: int) -> None:
    """Write a tar of the same."""
    with path.open("wb") as file:
        file.writelines(_member(name, data) for name, data in label_files(count))
        file.write(bytes(1024))


def make_tars(path: Path, count: int) -> None:
    """Write a tar of tars of 100 bytes each, named as ImageNet-22K's."""
    with path.open("wb") as file:
        for first in range(0, count, _SYNSET):
            name = f"n{first // _SYNSET:08}"
            inner = b"".join(
                _member(f"{name}_{number}.JPEG", b"\xff\xd8\xff" + os.urandom(97))
                for number in range(min(_SYNSET, count - first))
            )
            file.write(_member(f"{name}.tar", inner + bytes(1024)))
        file.write(bytes(1024))


def _member(name: str, data: bytes) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    return info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512)


MAKERS = {"zip": make_zip, "tar": make_tar, "tars": make_tars}


def outside(*command: str) -> Unpack:
    def unpack(archive: Path, into: Path) -> Taken:
        filled = [part.replace("ARCHIVE", str(archive)) for part in command]
        filled = [part.replace("FOLDER", str(into)) for part in filled]
        watch = Watch()
        subprocess.run(filled, check=True, stdout=subprocess.DEVNULL)
        return watch.taken()

    return unpack


def ours(threads: int) -> Unpack:
    def unpack(archive: Path, into: Path) -> Taken:
        arguments = ["--one", str(archive), str(into), str(threads)]
        command = [sys.executable, "-m", "tests.benchmarks.extraction", *arguments]
        shown = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        return Taken(*json.loads(shown.stdout))

    return unpack


def extract_one(archive: str, into: str, threads: str) -> None:
    """Be the process of one unpacking of ours, and print its seconds."""
    inner = (Nested(member="*.tar", into="{stem}"),)
    counter, token = Counter(), CancelToken()
    watch = Watch()
    extract(
        Path(archive),
        Path(into),
        nested=inner,
        counter=counter,
        token=token,
        workers=int(threads),
    )
    print(json.dumps(watch.taken()))


def floor(workers: int, kind: type) -> Unpack:
    """Create and write the same files, on threads or processes."""

    def unpack(archive: Path, into: Path) -> Taken:
        files = [(str(into / name), data) for name, data in contents(archive)]
        for folder in {os.path.dirname(path) for path, _ in files}:
            os.makedirs(folder, exist_ok=True)
        tasks = [kind(target=_create, args=(files[part::workers],)) for part in range(workers)]
        watch = Watch()
        for task in tasks:
            task.start()
        for task in tasks:
            task.join()
        return watch.taken()

    return unpack


def contents(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what each file of an archive is to be called, and its bytes."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as packed:
            yield from ((name, packed.read(name)) for name in packed.namelist())
        return
    with archive.open("rb") as file:
        yield from _tarred(file)


def _tarred(file: IO[bytes], folder: str = "") -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=file, mode="r|") as packed:
        for member in packed:
            data = packed.extractfile(member)
            content = data.read() if data else b""
            if member.name.endswith(".tar"):
                yield from _tarred(io.BytesIO(content), f"{member.name.removesuffix('.tar')}/")
            else:
                yield f"{folder}{member.name}", content


def _create(files: list[tuple[str, bytes]]) -> None:
    for path, data in files:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        os.write(descriptor, data)
        os.close(descriptor)


OURS: dict[str, Unpack] = {f"ours, {threads} threads": ours(threads) for threads in (1, 2, 4)}
FLOORS: dict[str, Unpack] = {
    "floor, 1 process": floor(1, multiprocessing.get_context("fork").Process),
    "floor, 2 processes": floor(2, multiprocessing.get_context("fork").Process),
    "floor, 2 threads": floor(2, threading.Thread),
}
_TARS = f"export INTO=FOLDER; exec tar -x -f ARCHIVE --to-command '{_INNER}'"
OTHERS: dict[str, dict[str, Unpack]] = {
    "zip": {
        "unzip": outside("unzip", "-q", "ARCHIVE", "-d", "FOLDER"),
        "bsdtar": outside("bsdtar", "-xf", "ARCHIVE", "-C", "FOLDER"),
        "7z": outside("7z", "x", "-bd", "-y", "-oFOLDER", "ARCHIVE"),
    },
    "tar": {
        "tar": outside("tar", "-xf", "ARCHIVE", "-C", "FOLDER"),
        "bsdtar": outside("bsdtar", "-xf", "ARCHIVE", "-C", "FOLDER"),
    },
    "tars": {"tar": outside("sh", "-c", _TARS)},
}
GOALS = {
    "zip": (("unzip", 3.0), ("bsdtar", 1.5), ("7z", 1.5)),
    "tar": (("tar", 1.0),),
    "tars": (("tar", 1.0),),
}


def measure(
    contenders: dict[str, Unpack], archive: Path, folder: Path, runs: int
) -> dict[str, list[Taken]]:
    """Run all contenders in turn, ``runs`` times, each into a fresh folder on a quiet disk."""
    taken: dict[str, list[Taken]] = {name: [] for name in contenders}
    for run in range(runs):
        order = list(contenders.items())
        for name, unpack in order[run % len(order) :] + order[: run % len(order)]:
            into = Path(tempfile.mkdtemp(dir=folder))
            os.sync()
            taken[name].append(unpack(archive, into))
            shutil.rmtree(into)
    return taken


def medians(taken: dict[str, list[Taken]]) -> dict[str, Taken]:
    """Return the median of each contender, of wall and CPU by themselves."""
    return {
        name: Taken(*map(statistics.median, zip(*rows, strict=True)))
        for name, rows in taken.items()
    }


def show(taken: dict[str, list[Taken]], files: int, kind: str) -> None:
    """Print the table and each goal with what was reached."""
    middle = medians(taken)
    first = next(iter(OTHERS[kind]))
    print(f"{f'{kind}, {files:,} files':24} {'s':>7} {'best':>7} {'CPU s':>7} {'best':>7}"
          f" {'x ' + first:>8} {'CPU':>6} {'x floor':>8}")  # fmt: skip
    floor = min(each.wall for name, each in middle.items() if "floor" in name)
    for name, each in middle.items():
        best = [min(column) for column in zip(*taken[name], strict=True)]
        print(
            f"{name:24} {each.wall:7.2f} {best[0]:7.2f} {each.cpu:7.2f} {best[1]:7.2f}"
            f" {middle[first].wall / each.wall:8.2f} {middle[first].cpu / each.cpu:6.2f}"
            f" {floor / each.wall:8.2f}"
        )
    mine = middle["ours, 2 threads"]
    for other, wanted in (goal for goal in GOALS[kind] if goal[0] in middle):
        reached = middle[other].wall / mine.wall
        word = "met" if reached >= wanted else "MISSED"
        print(
            f"ours, 2 threads, times {other:8} wanted {wanted:.1f}  reached {reached:.2f}  {word};"
            f" of its CPU {mine.cpu / middle[other].cpu:.2f}"
        )


def compare(kind: str, files: int, runs: int, folder: Path | None) -> None:
    """Measure one kind of archive."""
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        archive = Path(temporary) / f"labels.{'zip' if kind == 'zip' else 'tar'}"
        MAKERS[kind](archive, files)
        load = os.getloadavg()[0]
        print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {runs} runs, load {load}")
        others = {name: each for name, each in OTHERS[kind].items() if shutil.which(name)}
        contenders = {**others, **OURS, **FLOORS}
        show(measure(contenders, archive, Path(temporary), runs), files, kind)


def main() -> None:
    parser = argparse.ArgumentParser(description="Benchmark unpacking against other tools.")
    parser.add_argument("--kind", choices=list(OTHERS), default="zip", help="of archive (zip)")
    parser.add_argument("--files", type=int, default=20_000, help="files in it (20000)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each (5)")
    parser.add_argument("--folder", type=Path, help="file system to unpack on")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        return extract_one(*options.one)
    first = next(iter(OTHERS[options.kind]))
    if not shutil.which(first):
        parser.exit(1, f"this benchmark needs {first}\n")
    return compare(options.kind, options.files, options.runs, options.folder)


if __name__ == "__main__":
    main()
