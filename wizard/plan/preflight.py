"""Before anything starts: can the destination take the install? Refusals come with the numbers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from wizard import figures
from wizard.errors import DestinationError, UsageError
from wizard.plan.costs import growth
from wizard.plan.model import Plan
from wizard.plan.volume import Volume, volume

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
    impossible workers.
    """
    if workers < 1:
        raise UsageError(f"{workers} workers cannot do anything", hint="use --workers 1 or more")
    _check_folder(dest)
    room = volume(dest)
    _check_writable(dest, room)
    _check_names(dest, room)
    need = growth(plan, done)
    _check_bytes(plan, dest, room, need.peak)
    _check_files(dest, room, need.files)
    return Preflight(dest, room, need.peak, need.files, _notes(plan, room, workers))


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
            with tempfile.TemporaryFile(dir=room.folder) as file:
                file.write(b"0")
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
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


def _check_bytes(plan: Plan, dest: Path, room: Volume, need: int) -> None:
    if need <= room.free_bytes:
        return
    short = need - room.free_bytes
    raise DestinationError(
        f"does not fit: {figures.size(need)} more are needed at the fullest moment, "
        f"{figures.size(room.free_bytes)} are free, {figures.size(short)} are missing",
        where=str(dest),
        hint=_ways(plan, room.free_bytes),
    )


def _check_files(dest: Path, room: Volume, need: int) -> None:
    if room.free_files is not None and need > room.free_files:
        raise DestinationError(
            f"does not fit: {need:,} more files are needed, the file system or quota allows "
            f"{room.free_files:,} more (inodes)",
            where=str(dest),
            hint="choose another --dest, ask for more inodes, or leave datasets out (--without)",
        )


def _ways(plan: Plan, free: int) -> str:
    """What would make it fit: archives that go, another place, the largest dataset left out."""
    ways = ["free some space or choose another --dest"]
    lean = growth(replace(plan, keep=False)).peak
    if plan.keep is not False and lean <= free:
        ways.append(f"--delete-archives needs {figures.size(lean)}, which fits")
    largest = max(plan.datasets, key=lambda each: each.unpacked_bytes + each.label_bytes)
    saved = largest.fetch_bytes + largest.unpacked_bytes + largest.label_bytes
    ways.append(f"--without {largest.id} saves up to {figures.size(saved)}")
    return "; ".join(ways)


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
