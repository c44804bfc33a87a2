"""The loop over a tar's members: one pass over the stream, files written by threads behind it."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from wizard.archives.bounds import SMALL
from wizard.archives.deflate import crc32
from wizard.archives.paths import Route
from wizard.archives.tar.reader import Readable, TarEntry, TarReader
from wizard.archives.unpacking import Unpacking
from wizard.archives.writing.batches import Loaded
from wizard.archives.writing.workers import Writers, WriteWorkers
from wizard.errors import ArchiveError

_BATCH_FILES = 256
_BATCH_BYTES = SMALL
_MANY = 4000
"""Members from which on workers repay their start."""


See = Callable[[str], None]
"""Is told the name of every member."""


def unseen(name: str) -> None:
    """Look at no name."""


def untar(
    stream: Readable,
    route: Route,
    unpacking: Unpacking,
    *,
    packed: int | None = None,
    see: See = unseen,
) -> None:
    """Stage every member of a tar stream that is not there yet; queue the archives inside.

    ``packed`` is the size of the compressed file, if it is compressed and known. Raises
    ``ArchiveError``; what was staged before stays for the next run.
    """
    loop = _Loop(route, unpacking, packed)
    reader = TarReader(
        stream, route.archive, token=unpacking.token, limits=unpacking.limits, packed=packed
    )
    with _writing(unpacking) as submit:
        for entry in reader:
            unpacking.token.check()
            see(entry.name)
            loop.take(entry, reader, submit)
        loop.flush(submit)
    unpacking.counter.total = max(unpacking.counter.total or 0, unpacking.counter.done)


Submit = Callable[[Callable[[], int]], None]
"""Has a batch written."""


@contextlib.contextmanager
def _writing(unpacking: Unpacking) -> Iterator[Submit]:
    """Yield what writes batches: that of the archive around this one, if a tar is read there."""
    if unpacking.submit is not None:
        yield unpacking.submit
        return
    with (
        WriteWorkers(unpacking.staging.tree, places=unpacking.workers, workers=0) as places,
        Writers(unpacking.workers, unpacking.counter, unpacking.token) as writers,
    ):
        unpacking.places, unpacking.submit = places, writers.submit
        try:
            yield writers.submit
        finally:
            unpacking.submit = None


@dataclass(slots=True)
class _Loop:
    """The state of one pass: sizes so far, and the batch being filled."""

    route: Route
    unpacking: Unpacking
    packed: int | None
    unpacked: int = 0
    batch: list[Loaded] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    batched: int = 0

    def take(self, entry: TarEntry, reader: TarReader, submit: Submit) -> None:
        """Deal with one member: drop, refuse, queue, skip or write it."""
        path = self.route.place(entry.name)
        self._check_size(entry)
        if path is None:
            return
        if entry.problem:
            raise ArchiveError(
                f"member {entry.name!r} {entry.problem}",
                where=self.route.archive,
                hint="Datasets hold plain files. Check where the archive came from.",
            )
        rule = self.unpacking.nested_in(path)
        if rule:
            self.unpacking.write_inner(path, rule, reader.chunks())
        elif entry.size > SMALL:
            self._take_large(path, entry, reader)
        else:
            self._take_small(path, reader.read())
        if self.batched >= _BATCH_BYTES or len(self.batch) >= _BATCH_FILES:
            self.flush(submit)

    def flush(self, submit: Submit) -> None:
        """Hand the batch to a thread."""
        if self.batch:
            if self.unpacking.places and len(self.unpacking.members) >= _MANY:
                self.unpacking.places.replace_here()
            self.unpacking.make_folders(self.paths)
            submit(functools.partial(_write, self.batch, self.unpacking))
        self.batch, self.paths, self.batched = [], [], 0

    def _take_small(self, path: str, data: bytes) -> None:
        if not self.unpacking.members.claim(path, len(data), crc32(data)):
            return
        if self.unpacking.there(path, len(data)):
            self.unpacking.counter.advance()
        else:
            self.batch.append((path.encode(), data))
            self.paths.append(path)
            self.batched += len(data)

    def _take_large(self, path: str, entry: TarEntry, reader: TarReader) -> None:
        if self.unpacking.members.taken(path) or self.unpacking.there(path, entry.size):
            crc = 0
            for chunk in reader.chunks():
                self.unpacking.token.check()
                crc = crc32(chunk, crc)
        else:
            self.unpacking.make_folders([path])
            crc = self.unpacking.write_large(path, reader.chunks())
        if self.unpacking.members.claim(path, entry.size, crc):
            self.unpacking.counter.advance()

    def _check_size(self, entry: TarEntry) -> None:
        self.unpacked += entry.size
        self.unpacking.account(entry.size, 1, self.route.archive)
        if self.packed is not None:
            limits, archive = self.unpacking.limits, self.route.archive
            what = f"member {entry.name!r} and what comes before it"
            limits.check_ratio(self.unpacked, self.packed, archive=archive, what=what)


def _write(batch: list[Loaded], unpacking: Unpacking) -> int:
    """Stage one batch; returns how many members it held."""
    if unpacking.places is not None:
        unpacking.places.write_given(batch, unpacking.token.check)
    return len(batch)
