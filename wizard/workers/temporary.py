"""Where processes put their sockets: a folder of ours, cleared after those that were killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from wizard.files import is_private

_LONGEST = 50
"""Bytes of the folder: the path of a socket below it may have about a hundred."""

_SWAP = threading.Lock()


@contextlib.contextmanager
def own_temporary_folder() -> Iterator[None]:
    """Have ``multiprocessing`` make its folder, which a kill leaves behind, inside one of ours.

    It is asked for once in a process. Where no private folder can be had, or only one whose path is
    too long for a socket, the usual place has to do.
    """
    folder = Path(tempfile.gettempdir()) / f"segwizard-{os.getuid()}"
    mine = folder / f"p{os.getpid()}"
    if len(os.fsencode(mine)) > _LONGEST or not is_private(folder) or not is_private(mine):
        yield
        return
    _clear_dead(folder)
    with _SWAP:
        before, tempfile.tempdir = tempfile.tempdir, str(mine)
        try:
            yield
        finally:
            tempfile.tempdir = before


def _clear_dead(folder: Path) -> None:
    """Remove the folders of processes that are gone."""
    for left in folder.glob("p[0-9]*"):
        pid = left.name[1:]
        if pid.isdecimal() and not _lives(int(pid)):
            shutil.rmtree(left, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
