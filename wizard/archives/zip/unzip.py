"""The loop over a zip's members: several threads, each reading, inflating and writing."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from msgspec.structs import astuple

from wizard.archives.bounds import SMALL
from wizard.archives.paths import Route
from wizard.archives.unpacking import Unpacking, damage
from wizard.archives.writing.batches import DamagedMember, Small
from wizard.archives.writing.workers import WriteWorkers
from wizard.archives.writing.writers import Writers
from wizard.archives.zip.data import ZipData
from wizard.archives.zip.directory import ZipEntry

_BATCH_FILES = 256
_BATCH_BYTES = SMALL
_AHEAD = 32
"""Batches ahead of each writer: names without data, checked while helpers still start."""
_MANY = 4000
"""Members from which on workers repay their start."""

Placed = tuple[str, ZipEntry]
"""A member and its path after the rules."""


def unzip(archive: Path, entries: Sequence[ZipEntry], route: Route, unpacking: Unpacking) -> None:
    """Stage every member of a zip's directory that is not there yet, and unpack archives inside.

    Names are checked beside the writing, each before its member is written. Raises
    ``ArchiveError``: hostile archives before anything gets its final name, damaged members
    together after all others are staged.
    """
    helpers = unpacking.workers if unpacking.workers > 1 and len(entries) >= _MANY else 0
    unpacking.account(sum(entry.size for entry in entries), len(entries), route.archive)
    before = unpacking.counter.total or 0
    unpacking.counter.total = before + len(entries)
    kept = 0
    inner: list[Placed] = []
    broken: list[str] = []
    with ZipData(archive) as data:
        with (
            WriteWorkers(
                unpacking.staging.tree,
                archive=data.file,
                places=unpacking.workers,
                workers=helpers,
            ) as workers,
            Writers(unpacking.workers, unpacking.counter, unpacking.token, ahead=_AHEAD) as writers,
        ):
            for batch in _batches(_placed(entries, route, unpacking, inner)):
                missing = [pair for pair in batch if not unpacking.there(pair[0], pair[1].size)]
                unpacking.counter.advance(len(batch) - len(missing))
                unpacking.make_folders(path for path, _ in missing)
                writers.submit(functools.partial(_write, missing, data, workers, unpacking, broken))
                kept += len(batch)
        unpacking.counter.total = before + kept
        _write_inner(inner, data, unpacking, broken)
    if broken:
        raise damage(route.archive, broken)


def _placed(
    entries: Sequence[ZipEntry], route: Route, unpacking: Unpacking, inner: list[Placed]
) -> Iterator[Placed]:
    """Yield a zip's plain members with their paths, each path once; archives go to ``inner``."""
    for count, entry in enumerate(entries):
        if not count & 0xFFF:
            unpacking.token.check()
        path = route.place(entry.name)
        if path and unpacking.nested_in(path):
            inner.append((path, entry))
        elif path and unpacking.members.claim(path, entry.size, entry.crc32):
            yield path, entry


def _batches(members: Iterable[Placed]) -> Iterator[Sequence[Placed]]:
    """Cut members into runs of a size that keeps threads busy and progress lively."""
    batch: list[Placed] = []
    size = 0
    for pair in members:
        if len(batch) == _BATCH_FILES or size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(pair)
        size += pair[1].size
    if batch:
        yield batch


def _write(
    batch: Sequence[Placed],
    data: ZipData,
    workers: WriteWorkers,
    unpacking: Unpacking,
    broken: list[str],
) -> int:
    """Stage one batch; returns how many members it went through."""
    small = [pair for pair in batch if _is_small(pair[1])]
    if small:
        damaged = workers.write(
            [_plain(path, entry) for path, entry in small], unpacking.token.check
        )
        broken += [f"{small[place][0]} ({reason})" for place, reason in damaged]
    for path, entry in batch:
        if not _is_small(entry):
            try:
                unpacking.write_large(path, data.chunks(entry))
            except DamagedMember as error:
                broken.append(f"{path} ({error})")
    return len(batch)


def _is_small(entry: ZipEntry) -> bool:
    """Tell whether a member is read, checked and written in one go."""
    return entry.size <= SMALL and entry.packed <= 2 * SMALL


def _plain(path: str, entry: ZipEntry) -> Small:
    name, size, packed, crc, offset, deflated = astuple(entry)
    return os.fsencode(path), name.encode(), size, packed, crc, offset, deflated


def _write_inner(
    inner: Sequence[Placed], data: ZipData, unpacking: Unpacking, broken: list[str]
) -> None:
    for path, entry in inner:
        rule = unpacking.nested_in(path)
        try:
            if rule:
                unpacking.write_inner(path, rule, data.chunks(entry))
        except DamagedMember as error:
            broken.append(f"{path} ({error})")
