"""Folders read once: which files of the lists are there, which are empty, which do not belong."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from wizard.files import PARTIAL
from wizard.verify import causes
from wizard.verify.context import Context, Place
from wizard.verify.subject import Subject
from wizard.work import Finding

_JUNK = ("._", ".DS_Store", "Thumbs.db", "desktop.ini")
"""What desktop systems leave behind in folders they showed."""


_READERS = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a folder."""

    size: int
    modified: int
    """Nanoseconds."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a set of folders looks like from outside; any change of a file changes it."""

    files: int
    size: int
    newest: int
    """Nanoseconds."""


def scan_folder(folder: Path) -> dict[str, Entry]:
    """Return the files of a folder by name; empty when there is no such folder.

    One directory read instead of one look-up per file: a quarter of a million of those take
    minutes on a network disk.
    """
    found: dict[str, Entry] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file():
                    facts = entry.stat()
                    found[entry.name] = Entry(facts.st_size, facts.st_mtime_ns)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return found


def fingerprint(folders: Iterable[Path]) -> Fingerprint:
    """Sum up the files of folders: how many, how large, how new.

    Several folders are read at once: on a network disk each look waits for its answer.
    """
    with ThreadPoolExecutor(_READERS) as readers:
        sums = list(readers.map(_sum_up, set(folders)))
    return Fingerprint(
        sum(each.files for each in sums),
        sum(each.size for each in sums),
        max((each.newest for each in sums), default=0),
    )


def _sum_up(folder: Path) -> Fingerprint:
    files = size = newest = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file():
                    facts = entry.stat()
                    files += 1
                    size += facts.st_size
                    newest = max(newest, facts.st_mtime_ns)
    except (FileNotFoundError, NotADirectoryError):
        return Fingerprint(0, 0, 0)
    return Fingerprint(files, size, newest)


def folders_of(subject: Subject, context: Context) -> set[Path]:
    """Return every folder the lists of a subject name."""
    folders = {
        listed.rpartition("/")[0]
        for pairs in context.lists.values()
        for pair in pairs
        for listed in pair
    }
    return {subject.path(folder) for folder in folders}


def scan_tree(subject: Subject, context: Context) -> Iterator[Finding]:
    """Yield what is missing, empty or extra; every folder is read once."""
    seen: dict[str, dict[str, Entry]] = {}
    reported: set[str] = set()
    for place, pairs in context.lists.items():
        for pair in pairs:
            for listed, missing in (
                (pair.image, causes.MISSING_IMAGE),
                (pair.label, causes.MISSING_LABEL),
            ):
                if listed and listed not in reported:
                    reported.add(listed)
                    yield from _presence(subject, seen, listed, (missing, place))
    yield from _extras(subject, seen, _label_folders(subject, context))


def _presence(
    subject: Subject,
    seen: dict[str, dict[str, Entry]],
    listed: str,
    named: tuple[causes.Cause, Place],
) -> Iterator[Finding]:
    folder, _, name = listed.rpartition("/")
    if folder not in seen:
        seen[folder] = scan_folder(subject.path(folder))
    entry = seen[folder].get(name)
    if entry is None:
        missing, (taxonomy, split) = named
        yield missing.finding(subject.shown(listed), f"named by the {split} list of {taxonomy}")
    elif entry.size == 0:
        yield causes.EMPTY_FILE.finding(subject.shown(listed))


def _extras(
    subject: Subject,
    seen: dict[str, dict[str, Entry]],
    belonging: dict[str, set[str] | None],
) -> Iterator[Finding]:
    for folder, allowed in sorted(belonging.items()):
        for name in sorted(seen.get(folder, {})):
            path = subject.shown(f"{folder}/{name}")
            if name.startswith(PARTIAL):
                yield causes.LEFTOVER.finding(path)
            elif name.startswith(_JUNK) or (allowed is not None and name not in allowed):
                yield causes.EXTRA_FILE.finding(path)


def _label_folders(subject: Subject, context: Context) -> dict[str, set[str] | None]:
    """Map label folders to the names that belong, None where archives put other files too."""
    own = {layer.taxonomy for layer in subject.layers if layer.own_folder}
    folders: dict[str, set[str]] = {}
    shared: set[str] = set()
    for (taxonomy, _), pairs in context.lists.items():
        for pair in pairs:
            folder, _, name = pair.label.rpartition("/")
            folders.setdefault(folder, set()).add(name)
            if taxonomy not in own:
                shared.add(folder)
    return folders | dict.fromkeys(shared)
