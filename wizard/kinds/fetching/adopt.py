"""Telling what a file is, whatever its name: by hash, or by size and what is inside.

Joins what ``transfer`` knows of bytes with what ``archives`` knows of contents; neither imports
the other. Wrong releases are named with the recipe's note (fact sheet pain_points row 5).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from wizard import figures
from wizard.archives.listing import recognise
from wizard.archives.structure import check_structure
from wizard.errors import ArchiveError, TransferError
from wizard.foreign import open_foreign
from wizard.progress import CancelToken
from wizard.recipes.archive_facts import stated_hashes
from wizard.recipes.model import Archive, Version
from wizard.transfer import magic
from wizard.views import Strength

_COPY = re.compile(r"( ?\(\d+\)|\.\d+|_\d+)(?=\.[a-z0-9.]+$|$)", re.IGNORECASE)
"""What browsers and wget add to the name of a second copy."""
_FAR = 2.0
"""A file beyond this factor of an estimated size is another, unless a person says otherwise."""


def short_proof_wrong(path: Path, archive: Archive, hashes: Mapping[str, str]) -> str:
    """Say what speaks against a file by the first digits of its sha256 or its id in git.

    ``hashes`` holds the sha256; empty when the file is the archive.
    """
    found, wanted = hashes.get("sha256", ""), archive.sha256_start
    if not found.startswith(wanted):
        return f"its sha256 begins {found[:8]}, expected is {wanted}"
    if archive.git_blob and git_blob(path) != archive.git_blob:
        return f"git gives its content another id than {archive.git_blob}"
    return ""


def git_blob(path: Path) -> str:
    """Return the id git gives a file's content, hexadecimal."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with open_foreign(path) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def hearsay_words(path: Path, archive: Archive, hashes: Mapping[str, str]) -> str:
    """Say where single sources agree and where they do not, to follow what told the archive."""
    found: dict[str, str | int] = {**hashes, "size": path.stat().st_size}
    agree, differ = [], []
    for each in archive.hearsay:
        stated: dict[str, str | int] = {**each.hashes, **({"size": each.size} if each.size else {})}
        known = {name: value for name, value in stated.items() if name in found}
        wrong = [name for name, value in known.items() if found[name] != value]
        if wrong:
            differ.append(f"{' and '.join(each.by)} states another {' and '.join(wrong)}")
        elif known:
            agree.append(f"{' and '.join(known)} as {' and '.join(each.by)} states")
    told = f", {', '.join(agree)}" if agree else ""
    return f"{told}; but {', '.join(differ)}" if differ else told


class NotTheArchive(TransferError):
    """A file is another than the archive; ``named`` says whether the recipe knows which."""

    named = False


@dataclass(frozen=True, slots=True)
class ArchiveVerdict:
    """Whether a file is the archive, by what that was told, and what a person should know."""

    accepted: bool
    how: str
    """``its sha256``, ``its contents``, ... or why it was refused."""
    version: str = ""
    note: str = ""
    hashes: Mapping[str, str] = field(default_factory=dict, repr=False)
    strength: Strength = "plausible"
    """How well it is proven, if accepted."""

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
    return {name: value.lower() for name, value in stated_hashes(archive).items()}


def wanted_hashes(archive: Archive) -> set[str]:
    """Return the algorithms needed to judge a file and to compare it with single sources."""
    heard = (name for each in archive.hearsay for name in each.hashes)
    names = {"sha256", *known_hashes(archive), *heard}
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
    # Whatever its size: other releases that the recipe describes have others.
    return archive.size is None and _recognisable(archive) and _kind_fits(path, archive)


def judge_archive(
    path: Path,
    archive: Archive,
    hashes: Mapping[str, str],
    *,
    by_name: bool,
    token: CancelToken,
    vouched: bool = False,
) -> ArchiveVerdict:
    """Tell whether a file is the archive, from its hashes and, where those are not known, inside.

    ``hashes`` holds at least ``wanted_hashes``; ``by_name`` allows the name to decide where the
    recipe knows nothing else; ``vouched`` says that a person takes it whatever its size. What no
    hash proves is looked at to its end: raises ``Cancelled``.
    """
    verdict = _judged(path, archive, hashes, by_name=by_name, token=token)
    if verdict.accepted and verdict.strength != "hash":
        verdict = _looked_at(verdict, path, archive, token, vouched=vouched)
    heard = hearsay_words(path, archive, hashes)
    return replace(verdict, how=f"{verdict.how}{heard}") if verdict.accepted and heard else verdict


def _looked_at(
    verdict: ArchiveVerdict, path: Path, archive: Archive, token: CancelToken, *, vouched: bool
) -> ArchiveVerdict:
    """Look at the size and structure of a file that nothing but its name or contents tells."""
    size, about = path.stat().st_size, 0 if archive.size else archive.size_about
    far = about and not about / _FAR <= size <= about * _FAR
    if far and not vouched and not verdict.version:
        told = f"it has {figures.size(size)}, about {figures.size(about)} are expected"
        return ArchiveVerdict(False, told, hashes=verdict.hashes)
    try:
        found = check_structure(path, token, archive.name)
    except ArchiveError as error:
        return ArchiveVerdict(False, f"it {error.message}", hashes=verdict.hashes)
    told = ", taken on a person's word though its size is far off" if far and vouched else ""
    if not found:
        return replace(verdict, how=f"{verdict.how}{told}")
    return replace(verdict, how=f"{verdict.how} and {found}{told}", strength="structure")


def _judged(
    path: Path, archive: Archive, hashes: Mapping[str, str], *, by_name: bool, token: CancelToken
) -> ArchiveVerdict:
    known = known_hashes(archive)
    if known and all(hashes.get(name) == value for name, value in known.items()):
        how = f"its {next(iter(known))}"
        return ArchiveVerdict(True, how, hashes=hashes, strength="hash")
    if not known and (archive.sha256_start or archive.git_blob):
        wrong = short_proof_wrong(path, archive, hashes)
        told = wrong or "the digits its publisher states"
        return ArchiveVerdict(not wrong, told, hashes=hashes, strength="hash")
    if not _kind_fits(path, archive):
        return ArchiveVerdict(False, _what_it_is(path, archive), hashes=hashes)
    try:
        version = _version(path, archive, hashes, token, alone=not known)
    except ArchiveError as error:
        return ArchiveVerdict(False, error.message, hashes=hashes)
    if version is not None:
        proven: Strength = "hash" if _has_hash(version, hashes) else "plausible"
        how, accepted = "its contents", version.accepted
        return ArchiveVerdict(accepted, how, version.name, version.note, hashes, proven)
    return _without_version(path, archive, hashes, by_name=by_name)


def _without_version(
    path: Path, archive: Archive, hashes: Mapping[str, str], *, by_name: bool
) -> ArchiveVerdict:
    size = path.stat().st_size
    known = known_hashes(archive)
    if archive.size is not None and size != archive.size:
        told = f"it has {figures.size(size)}, expected are {figures.size(archive.size)}"
        return ArchiveVerdict(False, told, hashes=hashes)
    if known:
        name, value = next(iter(known.items()))
        told = f"its {name} is {hashes.get(name, 'unknown')}, expected is {value}"
        return ArchiveVerdict(False, told, hashes=hashes)
    if _recognisable(archive):
        return ArchiveVerdict(False, "it holds something else", hashes=hashes)
    if archive.size is not None:
        return ArchiveVerdict(True, "its size", hashes=hashes)
    if by_name:
        return ArchiveVerdict(True, "its name alone", hashes=hashes)
    return ArchiveVerdict(
        False, "nothing but its name could tell, and that is another", hashes=hashes
    )


def _version(
    path: Path, archive: Archive, hashes: Mapping[str, str], token: CancelToken, *, alone: bool
) -> Version | None:
    """Find the release a file is.

    Where the recipe states the archive's hash (not ``alone``), contents can only tell wrong
    releases: a damaged copy of the right one looks the same inside.
    """
    for version in archive.versions:
        if _has_hash(version, hashes):
            return version
    candidates = [
        version
        for version in archive.versions
        if (version.has or version.lacks or version.size) and (alone or not version.accepted)
    ]
    if not candidates:
        return None
    return recognise(path, candidates, token=token)


def _has_hash(version: Version, hashes: Mapping[str, str]) -> bool:
    stated = {"sha256": version.sha256, "md5": version.md5}
    return any(value and hashes.get(name) == value.lower() for name, value in stated.items())


def _recognisable(archive: Archive) -> bool:
    return any(version.accepted and version.has for version in archive.versions)


def _kind_fits(path: Path, archive: Archive) -> bool:
    return magic.is_fitting(archive.name, _head(path))


def _what_it_is(path: Path, archive: Archive) -> str:
    expected = magic.expected(archive.name)
    if magic.looks_like_page(_head(path)):
        return "it is a web page saved under this name"
    return f"it is no {expected.title}" if expected else "it is another kind of file"


def _head(path: Path) -> bytes:
    with open_foreign(path) as file:
        return file.read(magic.HEAD)
