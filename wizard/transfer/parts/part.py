"""The growing file of a download: its bytes, what is known of them, and whose they are.

Beside the target ``x.zip`` live ``.segwizard-part-x.zip`` (bytes), the same with ``.json`` (the
record: which bytes count and where they came from, nothing secret) and with ``.lock``. The names
are stable so that the next run finds them. Only ranges named in the record count, and the record
is written after the bytes were flushed: neither ``kill -9`` nor a power cut can make it lie.
"""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import msgspec

from wizard import environment
from wizard.errors import DestinationError, EnvironmentFault, TransferError, WizardError, reason_of
from wizard.files import make_folder, open_ours, rename, sync_folder
from wizard.openat import set_own_time
from wizard.state.store import Store
from wizard.state.table import PART
from wizard.transfer.errors import DiskFull, PartBusy
from wizard.transfer.http.response_head import Validator
from wizard.transfer.parts.part_lock import PartLock
from wizard.transfer.parts.segments import ByteRange, merged_ranges, missing_ranges

PREFIX = ".segwizard-part-"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class PartRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the sidecar file says of a part."""

    source: str = ""
    """Address the bytes came from, fit to be shown."""
    validator: Validator = Validator()
    total: int | None = None
    ranges: tuple[tuple[int, int], ...] = msgspec.field(default=(), name="spans")


PART_RECORD = Store(PART, PartRecord)


class Part:
    """A part under lock; written by several threads, each at its own offset."""

    def __init__(self, target: Path) -> None:
        """Take the part of ``target``; raises ``PartBusy`` when another process holds it."""
        self.target = target
        self.path = target.with_name(f"{PREFIX}{target.name}")
        self._record = self.path.with_name(f"{self.path.name}.json")
        self._lock = threading.Lock()
        self._keeper = threading.Lock()
        try:
            make_folder(target.parent)
            self._lease = PartLock(self.path.with_name(f"{self.path.name}.lock"))
            self._file = self._open()
        except OSError as error:
            raise write_error(error, target) from error
        self.generation = 0
        """Counts starts from the first byte; readers of the bytes watch it."""
        self._forget()
        self._load()

    def _open(self) -> int:
        try:
            return open_ours(self.path, os.O_RDWR | os.O_CREAT)
        except BaseException:
            self._lease.release()
            raise

    def _forget(self) -> None:
        self.source = ""
        self.validator = Validator()
        self.total: int | None = None
        self._ranges: tuple[ByteRange, ...] = ()

    def _load(self) -> None:
        record = PART_RECORD.read(self._record)
        if record is None:
            return
        size = os.fstat(self._file).st_size
        self.source, self.validator = record.source, record.validator
        self.total = record.total
        self._ranges = merged_ranges(
            ByteRange(start, min(end, size)) for start, end in record.ranges
        )

    @property
    def rejected(self) -> Path:
        """Where bytes go that turn out to be the wrong ones."""
        return self.target.with_name(f"{self.target.name}.rejected")

    @property
    def done(self) -> int:
        """Bytes that count."""
        return sum(range_.size for range_ in self._ranges)

    @property
    def frontier(self) -> tuple[int, int]:
        """The generation, and the end of the unbroken bytes from the start of the file."""
        with self._lock:
            whole = bool(self._ranges) and self._ranges[0].start == 0
            return self.generation, self._ranges[0].end if whole else 0

    def missing(self) -> tuple[ByteRange, ...] | None:
        """Return the ranges still to fetch, None while the total is unknown."""
        return None if self.total is None else missing_ranges(self._ranges, self.total)

    def begin(self, source: str, validator: Validator, total: int | None) -> None:
        """Note where the bytes from now on come from."""
        with self._lock:
            if source != self.source:
                self.validator = Validator()
            if validator != Validator():
                self.validator = validator
            self.source, self.total = source, total
        if self._ranges:
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
            raise write_error(error, self.target) from error
        with self._lock:
            self._count(ByteRange(offset, end))

    def _count(self, new: ByteRange) -> None:
        """Add a range; nearly always it goes on where another one ends."""
        ranges = self._ranges
        for place, old in enumerate(ranges):
            if old.end == new.start:
                following = ranges[place + 1 :]
                if not following or new.end < following[0].start:
                    self._ranges = (*ranges[:place], ByteRange(old.start, new.end), *following)
                    return
        self._ranges = merged_ranges((*ranges, new))

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
            self._check_held()
            with self._lock:
                record = PartRecord(
                    source=self.source,
                    validator=self.validator,
                    total=self.total,
                    ranges=tuple((range_.start, range_.end) for range_ in self._ranges),
                )
            try:
                os.fdatasync(self._file)
                PART_RECORD.write(self._record, record)
            except OSError as error:
                raise write_error(error, self.target) from error

    def _check_held(self) -> None:
        """Raise ``PartBusy`` where another process took the part over while this one was frozen."""
        if not self._lease.held:
            raise PartBusy(
                "another process took this download over",
                where=self.target.name,
                hint="segwizard attach shows how it goes on.",
            )

    def complete(self) -> None:
        """Give the proven bytes their final name, durable on disk."""
        try:
            self._leave_as(self.target)
        except OSError as error:
            raise write_error(error, self.target) from error

    def reject(self) -> None:
        """Set the bytes aside as ``<name>.rejected`` for a person to look at, and start anew."""
        self._leave_as(self.rejected)
        self._file = open_ours(self.path, os.O_RDWR | os.O_CREAT)
        self.restart()

    def _leave_as(self, name: Path) -> None:
        with self._keeper:
            if self.total is not None:
                os.ftruncate(self._file, self.total)
            set_own_time(self._file)
            os.fsync(self._file)
            self._check_held()
            rename(self.path, name)
            os.close(self._file)
            self._file = -1
            self._record.unlink(missing_ok=True)
        sync_folder(name.parent)

    def close(self) -> None:
        """Record what is there, or remove an empty part, and give the lock back."""
        try:
            if self._file >= 0 and self._lease.held:
                self._put_away()
        finally:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1
            self._lease.release()

    def _put_away(self) -> None:
        if self._ranges:
            self.checkpoint()
        else:
            self.path.unlink(missing_ok=True)
            self._record.unlink(missing_ok=True)

    def discard(self) -> None:
        """Drop the bytes and give the lock back."""
        self.restart()
        self.close()

    def __enter__(self) -> Part:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def too_large(size: int | None, where: str) -> WizardError:
    """Say that a file may not have so many bytes here, by a limit or by the file system."""
    limit = environment.file_size_limit()
    if limit is None:
        return DestinationError(
            "this file system takes no file as large as this one",
            where=where,
            hint="FAT32 takes 4 GB at most; choose a --dest on another disk",
        )
    needed = f", {size:,} are needed" if size else ""
    return EnvironmentFault(
        f"files here may have {limit:,} bytes at most{needed}",
        where="ulimit -f",
        hint="run again after: ulimit -f unlimited (or ask whoever set the limit)",
    )


def write_error(error: OSError, path: Path) -> WizardError:
    """Put a failed write into words; ``DiskFull`` when space or quota is the cause."""
    if error.errno == errno.EFBIG:
        return too_large(None, str(path.parent))
    if error.errno in _FULL:
        return DiskFull(
            "the disk or your quota is full",
            where=str(path.parent),
            hint="Free some space; the download goes on where it stopped.",
        )
    return TransferError(
        f"cannot write here: {reason_of(error)}",
        where=str(path.parent),
        hint="Check that the folder is writable and its disk healthy, then run again.",
    )
