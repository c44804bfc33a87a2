"""Files of others, the one way to read them: regular ones alone, and no more than they may hold.

A pipe in the place of a file would hold up whoever opens it, a device would never end. Imports
next to nothing, as modules that start with every process read through it.
"""

from __future__ import annotations

import errno
import io
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
_MOST_TEXT = 64 << 20


def open_foreign(path: Path) -> io.BufferedReader:
    """Open a regular file for reading; raises ``OSError`` for anything else, at once."""
    return open(descriptor_of(path), "rb")


def descriptor_of(path: Path) -> int:
    """Return a descriptor of a regular file; raises ``OSError`` for anything else, at once."""
    descriptor = os.open(path, _READ)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    return descriptor


def read_foreign(path: Path, largest: int) -> bytes:
    """Return the bytes of a regular file; raises ``OSError`` where it has more than ``largest``.

    What is written behind its end meanwhile is not read.
    """
    with open_foreign(path) as file:
        claimed = os.fstat(file.fileno()).st_size
        data = file.read(claimed) if claimed <= largest else b""
    if claimed > largest:
        raise OSError(errno.EINVAL, f"it has more than {largest:,} bytes", str(path))
    return data


def read_foreign_text(path: Path, largest: int = _MOST_TEXT) -> str:
    """Return a text in UTF-8 with every line ending as LF; raises ``OSError``, ``ValueError``."""
    text = read_foreign(path, largest).decode()
    return text.replace("\r\n", "\n").replace("\r", "\n")
