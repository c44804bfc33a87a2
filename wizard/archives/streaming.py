"""Unpacking a tar or tar.gz while it arrives, so that it need not be read again once it is proven.

Nothing of it gets a final name here: files wait in the staging folder, which ``extract`` takes
over only after ``keep`` was told that the very bytes they came from were proven.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from io import RawIOBase
from pathlib import Path
from typing import Protocol, cast

from wizard.archives.extract import Instructions, unpack_arriving
from wizard.archives.staging import archive_identity
from wizard.archives.unpacking import Unpacking
from wizard.errors import WizardError
from wizard.progress import CancelToken, Counter

_TICK = 0.1
_ARRIVING = "arriving"


class Arriving(Protocol):
    """A file that still grows: a binary stream whose reads wait for what comes next."""

    def size(self) -> int | None:
        """Return its size in bytes when it will be complete, if known."""
        ...

    def unchanged(self) -> bool:
        """Tell whether what was read is still the start of the file."""
        ...

    def close(self) -> None:
        """Close the stream."""
        ...


class Arrival:
    """One archive unpacked as it comes; leaving the context drops everything not kept."""

    def __init__(self, instructions: Instructions) -> None:
        self._instructions = instructions
        self._token = CancelToken()
        self._stream: Arriving | None = None
        self._thread = threading.Thread(target=self._run, name="unpack-arriving", daemon=True)
        self._unpacking: Unpacking | None = None
        self._whole = False

    def watch(self, stream: Arriving) -> None:
        """Begin to unpack what comes; to be called once. A failure only means nothing is kept."""
        self._stream = stream
        self._thread.start()

    def keep(self, archive: Path, token: CancelToken) -> None:
        """Hand what was staged to the next ``extract`` of this archive, now that it is proven.

        Waits for the last members; raises ``Cancelled``.
        """
        if self._stream is None:
            return
        while self._thread.is_alive():
            token.check()
            self._thread.join(_TICK)
        if self._unpacking and self._whole and self._stream.unchanged():
            with contextlib.suppress(OSError):
                self._unpacking.staging.hand_over(
                    archive_identity(archive), self._unpacking.members
                )
                self._unpacking = None

    def _run(self) -> None:
        # Whatever is wrong with the archive or the disk, ``extract`` meets it again and says so.
        with contextlib.suppress(WizardError, OSError):
            self._unpack()
        if not self._whole:
            self._drop()

    def _unpack(self) -> None:
        if self._stream is None:
            return
        with contextlib.closing(self._stream):
            size = self._stream.size()
            unpacking = self._unpacking = self._instructions.unpacking(
                _ARRIVING, Counter(), self._token
            )
            shutil.rmtree(unpacking.staging.folder, ignore_errors=True)
            unpacking.staging.open()
            unpack_arriving(cast("RawIOBase", self._stream), self._instructions, unpacking, size)
            self._whole = len(unpacking.members) > 0

    def __enter__(self) -> Arrival:
        return self

    def __exit__(self, *_: object) -> None:
        self._token.cancel()
        if self._stream is not None:
            self._thread.join()
        self._drop()

    def _drop(self) -> None:
        if self._unpacking is not None:
            shutil.rmtree(self._unpacking.staging.folder, ignore_errors=True)
