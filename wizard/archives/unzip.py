"""The loop over a zip's members: several threads, each reading, inflating and writing."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path

from wizard.archives.crew import Crew
from wizard.archives.directory import ZipEntry, read_directory
from wizard.archives.disk import write_file
from wizard.archives.extraction import Member
from wizard.archives.job import Job, damage
from wizard.archives.limits import MIB
from wizard.archives.paths import Route
from wizard.archives.zips import SMALL, DamagedMember, ZipData

_BATCH_FILES = 256
_BATCH_BYTES = 4 * MIB

Placed = tuple[str, ZipEntry]
"""A member and its path after the rules."""


def unzip(archive: Path, route: Route, job: Job) -> None:
    """Stage every member of a zip that is not there yet, and queue the archives inside it.

    Raises ``ArchiveError``: hostile archives before anything is written, damaged members
    together after all others are staged.
    """
    placed, inner = _place(archive, route, job)
    missing = [pair for pair in placed if not job.there(pair[0], pair[1].size)]
    job.make_folders(path for path, _ in missing)
    job.counter.total = (job.counter.total or 0) + len(placed)
    job.counter.advance(len(placed) - len(missing))
    broken: list[str] = []
    with ZipData(archive) as data:
        with Crew(job.workers, job.counter, job.token) as crew:
            for batch in _batches(missing):
                crew.submit(functools.partial(_write, batch, data, job, broken))
        _write_inner(inner, data, job, broken)
    if broken:
        raise damage(route.archive, broken)
    job.members += [Member(path, entry.size, entry.crc32) for path, entry in placed]


def _place(archive: Path, route: Route, job: Job) -> tuple[list[Placed], list[Placed]]:
    """Pair a zip's members with their paths: plain ones, each path once, and archives."""
    placed: list[Placed] = []
    inner: list[Placed] = []
    for entry in read_directory(archive, job.limits, route.archive):
        path = route.place(entry.name)
        if path and job.nested_in(path):
            inner.append((path, entry))
        elif path and job.claims.claim(path, entry.size, entry.crc32):
            placed.append((path, entry))
    return placed, inner


def _batches(members: Sequence[Placed]) -> Iterator[Sequence[Placed]]:
    """Cut members into runs of a size that keeps threads busy and progress lively."""
    start = size = 0
    for place, (_, entry) in enumerate(members):
        if place - start == _BATCH_FILES or size > _BATCH_BYTES:
            yield members[start:place]
            start, size = place, 0
        size += entry.size
    if start < len(members):
        yield members[start:]


def _write(batch: Sequence[Placed], data: ZipData, job: Job, broken: list[str]) -> int:
    """Stage one batch; returns how many members it went through."""
    window = data.window([entry for _, entry in batch])
    for path, entry in batch:
        job.token.check()
        try:
            if entry.size <= SMALL:
                write_file(job.staged(path), data.read(entry, window))
            else:
                job.write_large(path, data.chunks(entry))
        except DamagedMember as error:
            broken.append(f"{path} ({error})")
    return len(batch)


def _write_inner(inner: Sequence[Placed], data: ZipData, job: Job, broken: list[str]) -> None:
    for path, entry in inner:
        rule = job.nested_in(path)
        try:
            if rule:
                job.write_inner(path, rule, data.chunks(entry))
        except DamagedMember as error:
            broken.append(f"{path} ({error})")
