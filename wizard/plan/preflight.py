"""Before anything starts: can the destination take the install? Refusals come with the numbers."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from wizard import environment, figures
from wizard.errors import DestinationError, UsageError, reason_of
from wizard.files import unnamed_file
from wizard.plan.costs import growth
from wizard.plan.volume import Volume, volume
from wizard.steps.planned import Plan
from wizard.transfer.parts.part import too_large

_LONGEST_BELOW = 160
"""Characters of the longest path an install makes below its destination, with room to spare."""
_LONGEST_NAME = 90
"""Bytes of the longest file name of the collections, temporary names included."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """What the check found: room, need, and what a person should know beforehand."""

    dest: Path
    volume: Volume
    need_bytes: int
    """Bytes still to be added at the fullest moment."""
    need_files: int
    notes: tuple[str, ...] = ()


def check_destination(
    plan: Plan, dest: Path, workers: int, *, done: Collection[str] = ()
) -> Preflight:
    """Check that the destination can take what is left of the plan.

    ``done`` names steps that need no more room. Raises ``DestinationError`` with the numbers when
    it is a file, cannot be written, is too small or allows too few files, ``UsageError`` for
    impossible workers, and ``EnvironmentFault`` when a variable or limit keeps an archive away.
    """
    if workers < 1:
        raise UsageError(f"{workers} workers cannot do anything", hint="use --workers 1 or more")
    room = check_place(dest)
    request = growth(plan, done)
    _check_bytes(plan, dest, room, request.peak)
    _check_files(dest, room, request.files)
    _check_fetches(plan, dest, done)
    return Preflight(dest, room, request.peak, request.files, _notes(plan, room, workers))


def check_place(dest: Path) -> Volume:
    """Check that files can be put there at all, whatever is planned; returns what it has room for.

    Raises ``DestinationError`` with the reason.
    """
    _check_folder(dest)
    room = volume(dest)
    _check_writable(dest, room)
    _check_names(dest, room)
    return room


def _check_folder(dest: Path) -> None:
    for path in (dest, *dest.absolute().parents):
        if path.exists() or path.is_symlink():
            if path.is_dir():
                return
            what = "is a file" if path.is_file() else "is no folder"
            raise DestinationError(
                f"{path} {what}",
                where=str(dest),
                hint="name a folder, new or existing, with --dest",
            )


def _check_writable(dest: Path, room: Volume) -> None:
    """Open an unnamed file there: permissions and quotas are only known by trying."""
    reason = "the file system is mounted read-only"
    if not room.read_only:
        try:
            with unnamed_file(room.folder) as file:
                file.write(b"0")
        except OSError as error:
            reason = reason_of(error).lower()
        else:
            return
    raise DestinationError(
        f"nothing can be written in {room.folder}: {reason}",
        where=str(dest),
        hint="choose another --dest, make room, or ask for the right to write there",
    )


def _check_names(dest: Path, room: Volume) -> None:
    length = len(os.fsencode(dest.absolute()))
    if length + _LONGEST_BELOW > room.longest_path:
        raise DestinationError(
            f"the path is too long: {length} bytes leave too few of {room.longest_path}",
            where=str(dest),
            hint="choose a --dest with a shorter path",
        )
    if room.longest_name < _LONGEST_NAME:
        raise DestinationError(
            f"file names may have {room.longest_name} bytes there, {_LONGEST_NAME} are needed",
            where=str(dest),
            hint="an encrypted home folder may be the reason; choose another --dest",
        )


def _check_fetches(plan: Plan, dest: Path, done: Collection[str]) -> None:
    """See that what is still to be fetched can be reached, and may be as large as it is."""
    rules, limit = environment.proxies(), environment.file_size_limit()
    for step in plan.steps:
        archive = step.archive
        if step.address in done or archive is None:
            continue
        for address in archive.urls:
            rules.proxy_for(address)
        size = archive.size or archive.size_about
        if limit is not None and size > limit:
            raise too_large(size, str(dest))


def _check_bytes(plan: Plan, dest: Path, room: Volume, request: int) -> None:
    if request <= room.free_bytes:
        return
    short = request - room.free_bytes
    raise DestinationError(
        f"does not fit: {figures.size(request)} more are needed at the fullest moment, "
        f"{figures.size(room.free_bytes)} are free, {figures.size(short)} are missing",
        where=str(dest),
        hint=_alternatives(plan, room.free_bytes),
    )


def _check_files(dest: Path, room: Volume, request: int) -> None:
    if room.free_files is not None and request > room.free_files:
        raise DestinationError(
            f"does not fit: {request:,} more files are needed, the file system or quota allows "
            f"{room.free_files:,} more (inodes)",
            where=str(dest),
            hint="choose another --dest, ask for more inodes, or leave datasets out (--without)",
        )


def _alternatives(plan: Plan, free: int) -> str:
    """What would make it fit: archives that go, another place, the largest dataset left out."""
    alternatives = ["free some space or choose another --dest"]
    lean = growth(replace(plan, keep=False)).peak
    if plan.keep is not False and lean <= free:
        alternatives.append(f"--delete-archives needs {figures.size(lean)}, which fits")
    largest = max(plan.datasets, key=lambda each: each.unpacked_bytes + each.label_bytes)
    saved = largest.fetch_bytes + largest.unpacked_bytes + largest.label_bytes
    alternatives.append(f"--without {largest.id} saves up to {figures.size(saved)}")
    return "; ".join(alternatives)


def _notes(plan: Plan, room: Volume, workers: int) -> tuple[str, ...]:
    notes = []
    if room.network:
        notes.append(
            f"{room.folder} lies on a network file system ({room.kind}): {plan.inodes:,} small "
            "files are slow there; unpacking on a local disk and moving once is faster"
        )
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    if workers > cores:
        notes.append(f"{workers} workers share {figures.count(cores, 'core')}")
    return tuple(notes)
