"""Folders read once: which files of the lists are there, are empty, or belong to nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

from wizard import causes
from wizard.files import PARTIAL
from wizard.findings import Finding
from wizard.folders import MODULUS, NO_FILE, FolderSum, folder_sum, seen_sums, sizes_in
from wizard.verify.context import Context, ListKey
from wizard.verify.subject import Subject

_SYSTEM = re.compile(
    r"""
    \._.* | \.DS_Store | \.localized | \.AppleDouble | \.apdisk | Icon\r | __MACOSX  # macOS
    | (?:eh)?thumbs(?:_vista)?\.db | desktop\.ini  # Windows
    | @eaDir | \.@__thumb | \#recycle  # network disks
    | \.directory | \.nfs[0-9a-f]+ | \.fuse_hidden[0-9a-f]+ | \.Trash-\d+  # Linux
    """,
    re.VERBOSE | re.IGNORECASE,
)
_COPY = re.compile(
    r"""
    .*~ | \.\#.* | \#.*\# | \..*\.sw[a-p] | \.~lock\..*\#  # open editors
    | .*\.(?:bak|orig|tmp|crdownload|part|download|partial)  # unfinished
    | .*\ \(\d+\)(?:\.\w+)? | .*(?:\ -)?\ [Cc]opy(?:\ \d+|\ \(\d+\))?(?:\.\w+)?  # saved twice
    | Copy\ of\ .* | Kopie\ von\ .* | .*conflicted\ copy.* | .*\.sync-conflict-.*
    """,
    re.VERBOSE,
)
_READERS = 8
_BATCH = 64
"""Folders a reader is handed at once: most hold next to nothing."""


def is_system_file(name: str) -> bool:
    """Tell whether a name is one that only desktop systems and network disks give.

    No dataset rests on such a file, so unpacking does not make it and nobody misses it.
    """
    return _SYSTEM.fullmatch(name) is not None


def is_harmless(name: str) -> bool:
    """Tell whether a file of no list is something that programs leave, or a copy of another."""
    return is_system_file(name) or _COPY.fullmatch(name) is not None


def is_unseen(name: str) -> bool:
    """Tell whether a check that counts files passes over a name: hidden, or of the system."""
    return name.startswith(".") or is_system_file(name)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file of a folder."""

    size: int
    modified: int
    """Nanoseconds."""


@dataclass(frozen=True, slots=True)
class FolderFingerprint:
    """What a set of folders looks like from outside; any change of a file changes it."""

    files: int
    size: int
    newest: int
    """Nanoseconds."""
    digest: int = 0
    """Sum over the files of what their name, size and time come to."""
    untimed: int = field(default=0, compare=False)
    """The same without times, which a copy may lose."""
    home: int = field(default=0, compare=False)
    """Number the file system knows their root by, another one for a copy; 0 where unknown."""

    oldest: int = field(default=0, compare=False)
    """Nanoseconds."""

    def plus(self, other: FolderFingerprint) -> FolderFingerprint:
        """Return what both look like together; they are of one root."""
        olds = [each.oldest for each in (self, other) if each.files]
        return FolderFingerprint(
            self.files + other.files,
            self.size + other.size,
            max(self.newest, other.newest),
            (self.digest + other.digest) % MODULUS,
            (self.untimed + other.untimed) % MODULUS,
            self.home or other.home,
            min(olds, default=0),
        )

    def describes(self, now: FolderFingerprint) -> bool:
        """Tell whether files are as they were, or are a copy of them elsewhere, times or not.

        A copy that lost its times is newer in every file than the newest was. In one that kept
        them a file with another time was changed since.
        """
        copied = self.home not in (0, now.home)
        timeless = now.oldest > self.newest
        alike = (self.files, self.untimed) == (now.files, now.untimed)
        return self == now or (copied and timeless and alike)


def scan_folder(folder: Path) -> dict[str, FileFacts]:
    """Return the files of a folder by name; empty when there is no such folder.

    One directory read instead of one look-up per file: a quarter of a million of those take
    minutes on a network disk.
    """
    found: dict[str, FileFacts] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file():
                    facts = entry.stat()
                    found[entry.name] = FileFacts(facts.st_size, facts.st_mtime_ns)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return found


def fingerprint_folders(
    root: Path, folders: Iterable[str], apart: Iterable[str] = ()
) -> FolderFingerprint:
    """Sum up the files of folders below ``root``: how many, how large, how new, and which.

    Files ``apart`` come and go by rights, such as archives; paths below the root, as are those
    of the folders.

    Several folders are read at once: on a network disk each look waits for its answer.
    """
    seen = seen_sums(str(root))
    besides: dict[str, set[str]] = {}
    for path in apart:
        folder, _, name = path.rpartition("/")
        besides.setdefault(folder or ".", set()).add(name)
    wanted = set(folders)
    unread = sorted(each for each in wanted if each in besides or each not in seen)
    sums = [seen[each] for each in wanted.difference(unread)]
    read = partial(_sum_up, str(root), besides)
    batches = [unread[place : place + _BATCH] for place in range(0, len(unread), _BATCH)]
    with ThreadPoolExecutor(_READERS) as readers:
        sums += chain.from_iterable(readers.map(read, batches))
    return FolderFingerprint(
        sum(each.files for each in sums),
        sum(each.size for each in sums),
        max((each.newest for each in sums), default=0),
        sum(each.digest for each in sums) % MODULUS,
        sum(each.untimed for each in sums) % MODULUS,
        number_of(root),
        min((each.oldest for each in sums if each.files), default=0),
    )


def _sum_up(
    root: str, besides: Mapping[str, Collection[str]], folders: Iterable[str]
) -> list[FolderSum]:
    return [folder_sum(f"{root}/{each}", each, besides.get(each, ())) for each in folders]


def number_of(folder: Path) -> int:
    """Return the number the file system knows a folder by, 0 when it is not there."""
    try:
        return folder.stat().st_ino
    except OSError:
        return 0


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
    seen: dict[str, dict[str, int]] = {}
    reported: set[str] = set()
    for place, pairs in context.lists.items():
        for pair in pairs:
            for listed, missing in (
                (pair.image, causes.MISSING_IMAGE),
                (pair.label, causes.MISSING_LABEL),
            ):
                if listed and not _size(subject, seen, listed) and listed not in reported:
                    reported.add(listed)
                    yield _absence(subject, seen, listed, (missing, place))
    yield from _extras(subject, seen, _label_folders(subject, context))


def _size(subject: Subject, seen: dict[str, dict[str, int]], listed: str) -> int | None:
    """Return the bytes of a listed file, None for one that is not there."""
    folder, _, name = listed.rpartition("/")
    if folder not in seen:
        found = sizes_in(str(subject.path(folder)))
        seen[folder] = {each: size for each, size in found.items() if size != NO_FILE}
    return seen[folder].get(name)


def _absence(
    subject: Subject,
    seen: dict[str, dict[str, int]],
    listed: str,
    named: tuple[causes.Cause, ListKey],
) -> Finding:
    if _size(subject, seen, listed) is not None:
        return Finding.of(causes.EMPTY_FILE, subject.shown(listed))
    missing, (taxonomy, split) = named
    return Finding.of(missing, subject.shown(listed), f"named by the {split} list of {taxonomy}")


def _extras(
    subject: Subject,
    seen: dict[str, dict[str, int]],
    belonging: dict[str, set[str] | None],
) -> Iterator[Finding]:
    for folder, allowed in sorted(belonging.items()):
        for name in sorted(seen.get(folder, {})):
            path = subject.shown(f"{folder}/{name}")
            if name.startswith(PARTIAL):
                yield Finding.of(causes.LEFTOVER, path)
            elif allowed is not None and name not in allowed:
                cause = causes.HARMLESS if is_harmless(name) else causes.EXTRA_FILE
                yield Finding.of(cause, path)
            elif allowed is None and is_system_file(name):
                yield Finding.of(causes.HARMLESS, path)


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
