"""Whole installs of the miniature, run as people run them, and what they leave behind."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from wizard.files import PARTIAL

_OWN = ".segwizard"


def environment(home: Path) -> dict[str, str]:
    """An environment in which nothing of the person's own is touched."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    folders = {
        f"XDG_{name}_HOME": str(home / name.lower())
        for name in ("STATE", "CONFIG", "DATA", "CACHE")
    }
    python = str(Path(__file__).parents[2])
    return {
        **os.environ,
        **folders,
        "HOME": str(home),
        "SEGWIZARD_KEYRING": "off",
        "PYTHONPATH": python,
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def start(home: Path, *words: object) -> subprocess.Popen[bytes]:
    """Start segwizard in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "wizard", *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment(home),
    )


def finish(home: Path, *words: object, code: int = 0) -> str:
    """Run segwizard to its end and return what it said."""
    process = start(home, *words)
    said = process.communicate(timeout=600)[0].decode()
    assert process.returncode == code, said
    return said


def contents(dest: Path, folder: str = "mseg_dataset") -> dict[str, str]:
    """Every file of an install with its digest; of PNGs the pixels count, not the packing."""
    root = dest / folder
    return {
        path.relative_to(root).as_posix(): _digest(path, dest)
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def leftovers(dest: Path) -> list[Path]:
    """Temporary files outside our own folder."""
    found = dest.rglob(f"{PARTIAL}*")
    return [path for path in found if _OWN not in path.relative_to(dest).parts]


def _digest(path: Path, dest: Path) -> str:
    if path.suffix != ".png":
        return hashlib.sha256(path.read_bytes().replace(bytes(dest), b"")).hexdigest()
    with Image.open(path) as image:
        pixels = np.asarray(image)
    shape = f"{pixels.dtype} {pixels.shape} ".encode()
    return hashlib.sha256(shape + np.ascontiguousarray(pixels).tobytes()).hexdigest()
