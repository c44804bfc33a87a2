"""The members of a zip: read by several threads, each inflating and writing them."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType

from msgspec.structs import astuple

from wizard.archives.bounds import CHUNK, SMALL
from wizard.archives.deflate import InflateError, crc32, inflater
from wizard.archives.paths import Route
from wizard.archives.unpacking import Unpacking, damage
from wizard.archives.writing.batches import LOCAL, DamagedMember, LocalHeader, Small, read_at
from wizard.archives.writing.workers import Writers, WriteWorkers
from wizard.archives.zip.directory import ZipEntry
from wizard.foreign import descriptor_of

_PIECE = 4 * CHUNK
_BATCH_FILES = 256
_BATCH_BYTES = SMALL
_AHEAD = 32
"""Batches ahead of each writer: names without data, checked while helpers still start."""
_MANY = 4000
"""Members from which on workers repay their start."""
Placed = tuple[str, ZipEntry]
"""A member and its path after the rules."""


class ZipData:
    """The bytes of a zip's members, for any number of threads at once."""

    def __init__(self, archive: Path) -> None:
        self.file = descriptor_of(archive)

    def __enter__(self) -> ZipData:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self.file)

    def chunks(self, entry: ZipEntry) -> Iterator[bytes]:
        """Yield a member's bytes a few MiB at a time; a wrong CRC raises after the last."""
        seen = crc = 0
        for chunk in self._inflated(entry) if entry.deflated else self._packed(entry):
            seen += len(chunk)
            if seen > entry.size:
                raise DamagedMember("it is longer than the archive says")
            crc = crc32(chunk, crc)
            yield chunk
        if seen != entry.size or crc != entry.crc32:
            raise DamagedMember("its bytes do not match their checksum")

    def _packed(self, entry: ZipEntry) -> Iterator[bytes]:
        header = LocalHeader(entry.name.encode(), entry.deflated)
        block = read_at(self.file, LOCAL.size + len(header.name), entry.offset)
        place = entry.offset + header.size(block, 0)
        end = place + entry.packed
        while place < end:
            chunk = read_at(self.file, min(CHUNK, end - place), place)
            if not chunk:
                raise DamagedMember("the archive ends inside it")
            place += len(chunk)
            yield chunk

    def _inflated(self, entry: ZipEntry) -> Iterator[bytes]:
        stream = inflater(-15)
        try:
            for packed in self._packed(entry):
                rest = packed
                while rest and not stream.eof:
                    yield stream.decompress(rest, _PIECE)
                    rest = stream.unconsumed_tail
            if not stream.eof:
                yield stream.flush()
        except InflateError as error:
            raise DamagedMember("its compressed data is broken") from error


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
