"""What can stand in the place of a file of ours."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

Harm = Callable[[Path], None]


def clear(path: Path) -> None:
    """Take away whatever is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _bytes(data: bytes) -> Harm:
    def do(path: Path) -> None:
        clear(path)
        path.write_bytes(data)

    return do


def cut(path: Path) -> None:
    """Keep the first half."""
    path.write_bytes(path.read_bytes()[: max(1, path.stat().st_size // 2)])


def bad_byte(path: Path) -> None:
    """Put a byte that is no UTF-8 into the last text there is."""
    data = path.read_bytes()
    at = data.rindex(b'"')
    path.write_bytes(data[:at] + b"\xff" + data[at:])


def folder(path: Path) -> None:
    """A folder that is not empty."""
    clear(path)
    path.mkdir()
    (path / "inside").touch()


def pipe(path: Path) -> None:
    """A FIFO that nobody writes to."""
    clear(path)
    os.mkfifo(path)


def endless(path: Path) -> None:
    """A link to a file without end."""
    clear(path)
    path.symlink_to("/dev/zero")


def victim(path: Path) -> None:
    """A link to somebody's file."""
    clear(path)
    other = path.parent.parent / "victim.txt"
    other.write_text("private")
    path.symlink_to(other)


HARM: dict[str, Harm] = {
    "random": _bytes(bytes(range(255, 0, -1)) * 3),
    "empty list": _bytes(b"[]"),
    "number": _bytes(b"5"),
    "wrong types": _bytes(
        b'{"version":1,"collection":[1],"steps":7,"archives":"x","accepted":[3],"key":{},'
        b'"files":"x","entries":{},"when":[],"layout":8,"sources":[],"proof":5,"ranges":"x",'
        b'"moment":"x","sha256":[],"keys":5,"members":{},"title":3,"dest":5,"name":[]}'
    ),
    "version is text": _bytes(b'{"version":"new"}'),
    "huge number": _bytes(b'{"version":' + b"9" * 6000 + b"}"),
    "deep": _bytes(b'{"version":1,"steps":' + b"[" * 200_000),
    "cut": cut,
    "bad byte": bad_byte,
    "folder": folder,
    "pipe": pipe,
    "endless": endless,
    "link": victim,
}

LATER = b'{"version": 7, "by": "segwizard 9.1", "accepted": 5}'
