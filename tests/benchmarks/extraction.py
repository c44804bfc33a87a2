"""Unpacking a zip of small label images: ours beside unzip, bsdtar, 7z and the floor, in one run.

    python -m tests.benchmarks.extraction [--files 20000] [--runs 5] [--folder DIR]

Prints medians over interleaved runs, each into a fresh folder and in a process of its own; ours is
timed from the call of ``extract``, without starting Python. The floor creates the same folders and
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
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
Unpack = Callable[[Path, Path], float]
"""Unpacks an archive into a folder and returns seconds."""


def make_labels(path: Path, count: int) -> None:
    """Write a zip of label PNGs of about half a kilobyte, in two folders as ADE20K has them."""
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
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for number in range(count):
            folder = "training" if number < count * 0.9 else "validation"
            packed.writestr(f"top/annotations/{folder}/label_{number:08d}.png", images[number % 64])


def outside(*command: str) -> Unpack:
    def unpack(archive: Path, into: Path) -> float:
        filled = [part.format(archive=archive, into=into) for part in command]
        began = time.perf_counter()
        subprocess.run(filled, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began

    return unpack


def ours(threads: int) -> Unpack:
    def unpack(archive: Path, into: Path) -> float:
        arguments = ["--one", str(archive), str(into), str(threads)]
        command = [sys.executable, "-m", "tests.benchmarks.extraction", *arguments]
        shown = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        return float(json.loads(shown.stdout))

    return unpack


def extract_one(archive: str, into: str, threads: str) -> None:
    """Be the process of one unpacking of ours, and print its seconds."""
    from wizard.archives.extract import extract
    from wizard.progress import CancelToken, Counter

    began = time.perf_counter()
    extract(Path(archive), Path(into), counter=Counter(), token=CancelToken(), workers=int(threads))
    print(json.dumps(time.perf_counter() - began))


def floor(workers: int, kind: type) -> Unpack:
    """Create and write the same files, on threads or processes."""

    def unpack(archive: Path, into: Path) -> float:
        with zipfile.ZipFile(archive) as packed:
            files = [(str(into / name), packed.read(name)) for name in packed.namelist()]
        for folder in {os.path.dirname(path) for path, _ in files}:
            os.makedirs(folder, exist_ok=True)
        tasks = [kind(target=_create, args=(files[part::workers],)) for part in range(workers)]
        began = time.perf_counter()
        for task in tasks:
            task.start()
        for task in tasks:
            task.join()
        return time.perf_counter() - began

    return unpack


def _create(files: list[tuple[str, bytes]]) -> None:
    for path, data in files:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        os.write(descriptor, data)
        os.close(descriptor)


CONTENDERS: dict[str, Unpack] = {
    "unzip": outside("unzip", "-q", "{archive}", "-d", "{into}"),
    "bsdtar": outside("bsdtar", "-xf", "{archive}", "-C", "{into}"),
    "7z": outside("7z", "x", "-bd", "-y", "-o{into}", "{archive}"),
    "ours, 1 thread": ours(1),
    "ours, 2 threads": ours(2),
    "ours, 4 threads": ours(4),
    "floor, 1 process": floor(1, multiprocessing.get_context("fork").Process),
    "floor, 2 processes": floor(2, multiprocessing.get_context("fork").Process),
    "floor, 2 threads": floor(2, threading.Thread),
}


def measure(archive: Path, folder: Path, runs: int) -> dict[str, list[float]]:
    """Run all contenders in turn, ``runs`` times, each into a fresh folder on a quiet disk."""
    taken: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for run in range(runs):
        order = list(CONTENDERS.items())
        for name, unpack in order[run % len(order) :] + order[: run % len(order)]:
            into = Path(tempfile.mkdtemp(dir=folder))
            os.sync()
            taken[name].append(unpack(archive, into))
            shutil.rmtree(into)
    return taken


def show(taken: dict[str, list[float]], files: int) -> None:
    """Print the table and each goal with what was reached."""
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    print(f"{'unpacking ' + format(files, ',') + ' files':24} {'s':>7} {'best':>7} {'files/s':>9}"
          f" {'x unzip':>8} {'x floor':>8}")  # fmt: skip
    best_floor = min(value for name, value in medians.items() if "floor" in name)
    for name, seconds in medians.items():
        print(
            f"{name:24} {seconds:7.2f} {min(taken[name]):7.2f} {files / seconds:9,.0f}"
            f" {medians['unzip'] / seconds:8.2f} {best_floor / seconds:8.2f}"
        )
    mine = medians["ours, 2 threads"]
    for other, wanted in (("unzip", 3.0), ("bsdtar", 1.5), ("7z", 1.5)):
        reached = medians[other] / mine
        word = "met" if reached >= wanted else "MISSED"
        print(
            f"ours, 2 threads, times {other:8} wanted {wanted:.1f}  reached {reached:.2f}  {word}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Benchmark unpacking against other tools.")
    parser.add_argument("--files", type=int, default=20_000, help="files in the zip (20000)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each (5)")
    parser.add_argument("--folder", type=Path, help="file system to unpack on")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        return extract_one(*arguments.one)
    missing = [tool for tool in ("unzip", "bsdtar", "7z") if not shutil.which(tool)]
    if missing:
        parser.exit(1, f"this benchmark needs {', '.join(missing)}\n")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        archive = Path(temporary) / "labels.zip"
        make_labels(archive, arguments.files)
        print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {arguments.runs} runs\n")
        show(measure(archive, Path(temporary), arguments.runs), arguments.files)
    return None


if __name__ == "__main__":
    main()
