"""The loop over a tar's members: one pass over the stream, files written by threads behind it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field

from wizard.archives.crew import Crew
from wizard.archives.extraction import Member
from wizard.archives.inflate import crc32
from wizard.archives.job import Job
from wizard.archives.limits import MIB
from wizard.archives.paths import Route
from wizard.archives.small import write_file
from wizard.archives.tars import Readable, TarEntry, TarReader
from wizard.errors import ArchiveError

_SMALL = 4 * MIB
_BATCH_FILES = 64
_BATCH_BYTES = 4 * MIB


def untar(stream: Readable, route: Route, job: Job, *, packed: int | None = None) -> None:
    """Stage every member of a tar stream that is not there yet; queue the archives inside.

    ``packed`` is the size of the compressed file, if it is compressed and known. Raises
    ``ArchiveError``; what was staged before stays for the next run.
    """
    loop = _Loop(route, job, packed)
    reader = TarReader(stream, route.archive)
    with Crew(job.workers, job.counter, job.token) as crew:
        for entry in reader:
            job.token.check()
            loop.take(entry, reader, crew.submit)
        loop.flush(crew.submit)
    job.counter.total = max(job.counter.total or 0, job.counter.done)


@dataclass(slots=True)
class _Loop:
    """The state of one pass: sizes so far, and the batch being filled."""

    route: Route
    job: Job
    packed: int | None
    unpacked: int = 0
    batch: list[tuple[str, bytes]] = field(default_factory=list)
    batched: int = 0

    def take(
        self, entry: TarEntry, reader: TarReader, submit: Callable[[Callable[[], int]], None]
    ) -> None:
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
        rule = self.job.nested_in(path)
        if rule:
            self.job.write_inner(path, rule, reader.chunks())
        elif entry.size > _SMALL:
            self._take_large(path, entry, reader)
        else:
            self._take_small(path, reader.read())
        if self.batched >= _BATCH_BYTES or len(self.batch) >= _BATCH_FILES:
            self.flush(submit)

    def flush(self, submit: Callable[[Callable[[], int]], None]) -> None:
        """Hand the batch to a thread."""
        if self.batch:
            self.job.make_folders(path for path, _ in self.batch)
            submit(functools.partial(_write, self.batch, self.job))
        self.batch, self.batched = [], 0

    def _take_small(self, path: str, data: bytes) -> None:
        crc = crc32(data)
        if not self._new(path, len(data), crc):
            return
        if self.job.there(path, len(data)):
            self.job.counter.advance()
        else:
            self.batch.append((path, data))
            self.batched += len(data)

    def _take_large(self, path: str, entry: TarEntry, reader: TarReader) -> None:
        if self.job.claims.taken(path) or self.job.there(path, entry.size):
            crc = 0
            for chunk in reader.chunks():
                self.job.token.check()
                crc = crc32(chunk, crc)
        else:
            self.job.make_folders([path])
            crc = self.job.write_large(path, reader.chunks())
        if self._new(path, entry.size, crc):
            self.job.counter.advance()

    def _new(self, path: str, size: int, crc: int) -> bool:
        """Claim the path; False when the same file came before."""
        new = self.job.claims.claim(path, size, crc)
        if new:
            self.job.members.append(Member(path, size, crc))
        return new

    def _check_size(self, entry: TarEntry) -> None:
        limits, archive = self.job.limits, self.route.archive
        self.unpacked += entry.size
        limits.check_total(self.unpacked, len(self.job.members), archive=archive)
        if self.packed is not None:
            what = f"member {entry.name!r} and what comes before it"
            limits.check_ratio(self.unpacked, self.packed, archive=archive, what=what)


def _write(batch: list[tuple[str, bytes]], job: Job) -> int:
    """Stage one batch; returns how many members it held."""
    for path, data in batch:
        job.token.check()
        write_file(job.staged(path), data)
    return len(batch)
