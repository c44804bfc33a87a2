"""Power cuts for real: an ext4 image on a loop device, copied while a run writes to it."""

from __future__ import annotations

import contextlib
import filecmp
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


def _call(*words: object) -> bool:
    done = subprocess.run([*map(str, words)], capture_output=True, check=False)
    return done.returncode == 0


@contextlib.contextmanager
def mounted(image: Path, at: Path) -> Iterator[Path]:
    """Mount an image; its journal is replayed as after a power cut."""
    at.mkdir(exist_ok=True)
    if not _call("mount", "-o", "loop", image, at):
        pytest.skip("loop devices cannot be mounted here")
    try:
        yield at
    finally:
        for _ in range(50):
            if _call("umount", at):
                break


def new_image(path: Path, size: int) -> Path:
    """Make an ext4 image of ``size`` bytes."""
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        pytest.skip("only root can mount an image, and mkfs.ext4 makes one")
    with path.open("wb") as file:
        file.truncate(size)
    subprocess.run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0", path], check=True)
    return path


def cut_power(image: Path, copy: Path, run: subprocess.Popen[bytes]) -> Path:
    """Copy the image as it is at one instant; the run stands still meanwhile.

    Copied again until two copies agree: then nothing was written between them.
    """
    with contextlib.suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGSTOP)
    try:
        other = copy.with_suffix(".again")
        for _ in range(40):
            for each in (copy, other):
                subprocess.run(["cp", "--sparse=always", image, each], check=True)
            if filecmp.cmp(copy, other, shallow=False):
                return copy
        raise AssertionError("the image never stood still")
    finally:
        other.unlink(missing_ok=True)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGCONT)
