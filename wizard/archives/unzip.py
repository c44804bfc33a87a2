"""The loop over a zip's members: several threads, each reading, inflating and writing."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import astuple

from wizard.archives.crew import Crew
from wizard.archives.directory import ZipEntry, read_directory
from wizard.archives.extraction import Member
from wizard.archives.job import Job, damage
from wizard.archives.limits import MIB
from wizard.archives.mates import Mates
from wizard.archives.paths import Route
from wizard.archives.small import DamagedMember, Small
from wizard.archives.zips import ZipData

_SMALL = 4 * MIB
"""Members up to this many bytes are read, checked and written in one go."""
_BATCH_FILES = 256
_BATCH_BYTES = 4 * MIB
_MANY = 4000
"""Members from which on mates repay their start."""

Placed = tuple[str, ZipEntry]
"""A member and its path after the rules."""


def unzip(archive: Path, route: Route, job: Job) -> None:
    """Stage every member of a zip that is not there yet, and queue the archives inside it.

    Raises ``ArchiveError``: hostile archives before anything is written, damaged members
    together after all others are staged.
    """
    entries = read_directory(archive, job.limits, route.archive)
    helpers = job.workers if job.workers > 1 and len(entries) >= _MANY else 0
    members: list[Member] = []
    broken: list[str] = []
    with ZipData(archive) as data:
        # Mates start while the names are checked.
        with Mates(data.file, job.staging.tree, places=job.workers, mates=helpers) as mates:
            placed, inner = _place(entries, route, job)
            job.counter.total = (job.counter.total or 0) + len(placed)
            with Crew(job.workers, job.counter, job.token) as crew:
                for batch in _batches(placed):
                    missing = [pair for pair in batch if not job.there(pair[0], pair[1].size)]
                    job.counter.advance(len(batch) - len(missing))
                    job.make_folders(path for path, _ in missing)
                    crew.submit(functools.partial(_write, missing, data, mates, job, broken))
                    members += [Member(path, entry.size, entry.crc32) for path, entry in batch]
        _write_inner(inner, data, job, broken)
    if broken:
        raise damage(route.archive, broken)
    job.members += members


def _place(
    entries: Sequence[ZipEntry], route: Route, job: Job
) -> tuple[list[Placed], list[Placed]]:
    """Pair a zip's members with their paths: plain ones, each path once, and archives."""
    placed: list[Placed] = []
    inner: list[Placed] = []
    for entry in entries:
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


def _write(
    batch: Sequence[Placed], data: ZipData, mates: Mates, job: Job, broken: list[str]
) -> int:
    """Stage one batch; returns how many members it went through."""
    small = [pair for pair in batch if pair[1].size <= _SMALL]
    if small:
        damaged = mates.write([_plain(path, entry) for path, entry in small], job.token.check)
        broken += [f"{small[place][0]} ({reason})" for place, reason in damaged]
    for path, entry in batch:
        if entry.size > _SMALL:
            try:
                job.write_large(path, data.chunks(entry))
            except DamagedMember as error:
                broken.append(f"{path} ({error})")
    return len(batch)


def _plain(path: str, entry: ZipEntry) -> Small:
    size, packed, crc, offset, deflated = astuple(entry)[1:]
    return os.fsencode(path), size, packed, crc, offset, deflated


def _write_inner(inner: Sequence[Placed], data: ZipData, job: Job, broken: list[str]) -> None:
    for path, entry in inner:
        rule = job.nested_in(path)
        try:
            if rule:
                job.write_inner(path, rule, data.chunks(entry))
        except DamagedMember as error:
            broken.append(f"{path} ({error})")
