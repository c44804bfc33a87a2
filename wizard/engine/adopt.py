"""Telling what a file is, whatever its name: by hash, or by size and what is inside.

Joins what ``transfer`` knows of bytes with what ``archives`` knows of contents; neither imports
the other. Wrong releases are named with the recipe's note (fact sheet pain_points row 5).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wizard import figures
from wizard.errors import ArchiveError
from wizard.progress import CancelToken
from wizard.recipes.model import Archive, Version
from wizard.transfer import magic

_COPY = re.compile(r"( ?\(\d+\)|\.\d+|_\d+)(?=\.[a-z0-9.]+$|$)", re.IGNORECASE)
"""What browsers and wget add to the name of a second copy."""

_ROUGHLY = 2.0
"""A file within this factor of an estimated size is worth looking into."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a file is the archive, by what that was told, and what a person should know."""

    accepted: bool
    how: str
    """``its sha256``, ``its contents``, ... or why it was refused."""
    version: str = ""
    note: str = ""
    hashes: Mapping[str, str] = field(default_factory=dict, repr=False)

    def words(self, name: str, archive: Archive) -> str:
        """Say in a sentence what the file ``name`` is."""
        if self.accepted:
            told = f"{self.version}, told by {self.how}" if self.version else f"told by {self.how}"
            return f"{name} is {archive.name} ({told})"
        if self.version:
            return f"{name} is {self.version}: {self.note}"
        return f"{name} is not {archive.name}: {self.how}"


def known_hashes(archive: Archive) -> dict[str, str]:
    """Return the hashes a recipe states, lower-case hexadecimal by algorithm."""
    known = {"sha256": archive.sha256, "sha1": archive.sha1, "md5": archive.md5}
    return {name: value.lower() for name, value in known.items() if value}


def wanted_hashes(archive: Archive) -> set[str]:
    """Return the algorithms needed to judge a file."""
    names = {"sha256", *known_hashes(archive)}
    return names | ({"md5"} if any(version.md5 for version in archive.versions) else set())


def goes_by_name(path: Path, archive: Archive) -> bool:
    """Tell whether a file has one of the archive's names, or the name of a second copy of it."""
    names = {name.lower() for name in (archive.name, *archive.aliases)}
    return path.name.lower() in names or _COPY.sub("", path.name.lower(), count=1) in names


def worth_a_look(path: Path, archive: Archive) -> bool:
    """Tell from name and size alone whether a file may be the archive or a release of it."""
    if goes_by_name(path, archive):
        return True
    size = path.stat().st_size
    sizes = {archive.size, *(version.size for version in archive.versions)} - {None}
    if size in sizes:
        return True
    if archive.size is not None or not archive.size_about or not _recognisable(archive):
        return False
    near = archive.size_about / _ROUGHLY <= size <= archive.size_about * _ROUGHLY
    return near and _kind_fits(path, archive)


def judge(
    path: Path,
    archive: Archive,
    hashes: Mapping[str, str],
    *,
    by_name: bool,
    token: CancelToken,
) -> Verdict:
    """Tell whether a file is the archive, from its hashes and, where those are not known, inside.

    ``hashes`` holds at least ``wanted_hashes``; ``by_name`` allows the name to decide where the
    recipe knows nothing else. Looking inside a tar.gz reads all of it: raises ``Cancelled``.
    """
    known = known_hashes(archive)
    if known and all(hashes.get(name) == value for name, value in known.items()):
        return Verdict(True, f"its {next(iter(known))}", hashes=hashes)
    if not _kind_fits(path, archive):
        return Verdict(False, _what_it_is(path, archive), hashes=hashes)
    try:
        version = _version(path, archive, hashes, token, alone=not known)
    except ArchiveError as error:
        return Verdict(False, error.message, hashes=hashes)
    if version is not None:
        return Verdict(version.accepted, "its contents", version.name, version.note, hashes)
    return _without_version(path, archive, hashes, by_name=by_name)


def _without_version(
    path: Path, archive: Archive, hashes: Mapping[str, str], *, by_name: bool
) -> Verdict:
    size = path.stat().st_size
    known = known_hashes(archive)
    if archive.size is not None and size != archive.size:
        told = f"it has {figures.size(size)}, expected are {figures.size(archive.size)}"
        return Verdict(False, told, hashes=hashes)
    if known:
        name, value = next(iter(known.items()))
        told = f"its {name} is {hashes.get(name, 'unknown')}, expected is {value}"
        return Verdict(False, told, hashes=hashes)
    if _recognisable(archive):
        return Verdict(False, "it holds something else", hashes=hashes)
    if archive.size is not None:
        return Verdict(True, "its size", hashes=hashes)
    if by_name:
        return Verdict(True, "its name alone", hashes=hashes)
    return Verdict(False, "nothing but its name could tell, and that is another", hashes=hashes)


def _version(
    path: Path, archive: Archive, hashes: Mapping[str, str], token: CancelToken, *, alone: bool
) -> Version | None:
    """Find the release a file is.

    Where the recipe states the archive's hash (not ``alone``), contents can only tell wrong
    releases: a damaged copy of the right one looks the same inside.
    """
    for version in archive.versions:
        stated = {"sha256": version.sha256, "md5": version.md5}
        if any(value and hashes.get(name) == value.lower() for name, value in stated.items()):
            return version
    candidates = [
        version
        for version in archive.versions
        if (version.has or version.lacks or version.size) and (alone or not version.accepted)
    ]
    if not candidates:
        return None
    from wizard.archives.listing import recognise

    return recognise(path, candidates, token=token)


def _recognisable(archive: Archive) -> bool:
    return any(version.accepted and version.has for version in archive.versions)


def _kind_fits(path: Path, archive: Archive) -> bool:
    expected = magic.expected(archive.name)
    return expected is None or expected.fits(_head(path))


def _what_it_is(path: Path, archive: Archive) -> str:
    expected = magic.expected(archive.name)
    if magic.looks_like_page(_head(path)):
        return "it is a web page saved under this name"
    return f"it is no {expected.title}" if expected else "it is another kind of file"


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(magic.HEAD)
