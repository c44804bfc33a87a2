"""The growing file of a download: its bytes, what is known of them, and whose they are.

Beside the target ``x.zip`` live ``.segwizard-part-x.zip`` (bytes), the same with ``.json`` (the
record: which bytes count and where they came from, nothing secret) and with ``.lock``. The names
are stable so that the next run finds them. Only spans named in the record count, and the record
is written after the bytes were flushed: neither ``kill -9`` nor a power cut can make it lie.
"""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import msgspec

from wizard.errors import TransferError
from wizard.files import write_whole
from wizard.transfer.errors import DiskFull
from wizard.transfer.lease import Lease
from wizard.transfer.replies import Validator
from wizard.transfer.spans import Span, gaps, merged

PREFIX = ".segwizard-part-"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class PartRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the sidecar file says of a part."""

    version: int = 1
    source: str = ""
    """Address the bytes came from, fit to be shown."""
    validator: Validator = Validator()
    total: int | None = None
    spans: tuple[tuple[int, int], ...] = ()
    patched: bool = False
    """Whether bytes of several runs or addresses were joined, so that only a hash can judge."""


class Part:
    """A part under lease; written by several threads, each at its own offset."""

    def __init__(self, target: Path) -> None:
        """Take the part of ``target``; raises ``PartBusy`` when another process holds it."""
        self.target = target
        self.path = target.with_name(f"{PREFIX}{target.name}")
        self._record = self.path.with_name(f"{self.path.name}.json")
        self._lock = threading.Lock()
        self._keeper = threading.Lock()
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._lease = Lease(self.path.with_name(f"{self.path.name}.lock"))
            self._file = self._open()
        except OSError as error:
            raise explained(error, target) from error
        self.generation = 0
        """Counts starts from the first byte; readers of the bytes watch it."""
        self._forget()
        self._load()

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except BaseException:
            self._lease.release()
            raise

    def _forget(self) -> None:
        self.source = ""
        self.validator = Validator()
        self.total: int | None = None
        self.patched = False
        self._spans: tuple[Span, ...] = ()

    def _load(self) -> None:
        try:
            record = msgspec.json.decode(self._record.read_bytes(), type=PartRecord)
        except (OSError, msgspec.DecodeError):
            return
        size = os.fstat(self._file).st_size
        if record.version != 1:
            return
        self.source, self.validator = record.source, record.validator
        self.total = record.total
        self._spans = merged(Span(start, min(end, size)) for start, end in record.spans)
        self.patched = bool(self._spans)

    @property
    def rejected(self) -> Path:
        """Where bytes go that turn out to be the wrong ones."""
        return self.target.with_name(f"{self.target.name}.rejected")

    @property
    def done(self) -> int:
        """Bytes that count."""
        return sum(span.size for span in self._spans)

    @property
    def frontier(self) -> tuple[int, int]:
        """The generation, and the end of the unbroken bytes from the start of the file."""
        with self._lock:
            whole = bool(self._spans) and self._spans[0].start == 0
            return self.generation, self._spans[0].end if whole else 0

    def missing(self) -> tuple[Span, ...] | None:
        """Return the spans still to fetch, None while the total is unknown."""
        return None if self.total is None else gaps(self._spans, self.total)

    def begin(self, source: str, validator: Validator, total: int | None) -> None:
        """Note where the bytes from now on come from."""
        with self._lock:
            if source != self.source:
                self.patched = self.patched or bool(self._spans)
                self.validator = Validator()
            if validator != Validator():
                self.validator = validator
            self.source, self.total = source, total
        if self._spans:
            self.checkpoint()

    def write(self, offset: int, data: memoryview) -> None:
        """Put bytes at their place; they count once this returns.

        Raises ``DiskFull``; a disk that fills up midway keeps what was counted before.
        """
        end = offset + len(data)
        position = offset
        try:
            while position < end:
                position += os.pwrite(self._file, data[position - offset :], position)
        except OSError as error:
            raise explained(error, self.target) from error
        with self._lock:
            self._spans = merged((*self._spans, Span(offset, end)))

    def read(self, size: int, offset: int) -> bytes:
        """Read back bytes that count."""
        return os.pread(self._file, size, offset)

    def finish_at(self, total: int) -> None:
        """Note that the file ends here, learnt from the end of a body of unknown length."""
        with self._lock:
            self.total = total

    def restart(self) -> None:
        """Drop all bytes: they belong to another version of the file."""
        with self._lock:
            self.generation += 1
            self._forget()
            os.ftruncate(self._file, 0)
        self.checkpoint()

    def checkpoint(self) -> None:
        """Flush the bytes, then record them."""
        with self._keeper:
            if self._file < 0:
                return
            with self._lock:
                record = PartRecord(
                    source=self.source,
                    validator=self.validator,
                    total=self.total,
                    spans=tuple((span.start, span.end) for span in self._spans),
                    patched=self.patched,
                )
            try:
                os.fdatasync(self._file)
                write_whole(self._record, msgspec.json.encode(record))
            except OSError as error:
                raise explained(error, self.target) from error

    def complete(self) -> None:
        """Give the proven bytes their final name, durable on disk."""
        try:
            self._leave_as(self.target)
        except OSError as error:
            raise explained(error, self.target) from error

    def reject(self) -> None:
        """Set the bytes aside as ``<name>.rejected`` for a person to look at, and start anew."""
        self._leave_as(self.rejected)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        self.restart()

    def _leave_as(self, name: Path) -> None:
        with self._keeper:
            if self.total is not None:
                os.ftruncate(self._file, self.total)
            os.fsync(self._file)
            self.path.replace(name)
            os.close(self._file)
            self._file = -1
            self._record.unlink(missing_ok=True)
        sync_folder(name.parent)

    def close(self) -> None:
        """Record what is there, or remove an empty part, and give the lease back."""
        try:
            if self._file >= 0:
                self._put_away()
        finally:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1
            self._lease.release()

    def _put_away(self) -> None:
        if self._spans:
            self.checkpoint()
        else:
            self.path.unlink(missing_ok=True)
            self._record.unlink(missing_ok=True)

    def discard(self) -> None:
        """Drop the bytes and give the lease back."""
        self.restart()
        self.close()

    def __enter__(self) -> Part:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def sync_folder(folder: Path) -> None:
    """Make a rename durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def explained(error: OSError, path: Path) -> TransferError:
    """Put a failed write into words; ``DiskFull`` when space or quota is the cause."""
    if error.errno in _FULL:
        return DiskFull(
            "the disk or your quota is full",
            where=str(path.parent),
            hint="Free some space; the download goes on where it stopped.",
        )
    return TransferError(
        f"cannot write here: {error.strerror or error}",
        where=str(path.parent),
        hint="Check that the folder is writable and its disk healthy, then run again.",
    )
