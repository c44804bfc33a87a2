"""Which members of an archive are kept, and where each of them goes: rules and path safety."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from wizard.errors import ArchiveError
from wizard.files import PARTIAL
from wizard.recipes.steps import Nested, Rule

_DRIVE = re.compile(r"[A-Za-z]:")
_PLAIN = re.compile(r"(?:[\w-][\w .+-]*+/)*+[\w-][\w .+-]*", re.ASCII)
"""Nearly every path there is: no part of it starts with a dot, no odd letter anywhere."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def safe_path(name: str, *, archive: str) -> str:
    """Return a member's relative POSIX path, without ``./`` and doubled slashes.

    Backslashes separate, as some Windows packers write them. Raises ``ArchiveError`` for names
    that would leave the folder, name a drive, hide control characters or pose as our own
    temporary files.
    """
    if _PLAIN.fullmatch(name):
        return name
    reason = _refusal(name)
    if reason:
        raise ArchiveError(
            f"member {name!r} {reason}",
            where=archive,
            hint="Honest archives hold no such names. Delete it and fetch it from its own site.",
        )
    parts = [
        part for part in _readable(name).replace("\\", "/").split("/") if part not in ("", ".")
    ]
    return "/".join(parts)


def _refusal(name: str) -> str:
    parts = name.replace("\\", "/").split("/")
    if parts[0] == "" and len(parts) > 1:
        return "has an absolute path"
    if any(_DRIVE.match(part) for part in parts):
        return "names a drive"
    if ".." in parts:
        return "would leave the folder it is unpacked in"
    if _CONTROL.search(name):
        return "has control characters in its name"
    if any(part.startswith(PARTIAL) for part in parts):
        return "has a name reserved for unfinished work"
    return ""


def _readable(name: str) -> str:
    """Turn the surrogates that stand for bytes that are not UTF-8 into Latin-1 letters."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name).decode("latin-1")
    return name


def is_junk(path: str) -> bool:
    """Tell whether a member is what macOS leaves in archives, of no use to anyone."""
    if "._" not in path and ".DS_Store" not in path and "__MACOSX" not in path:
        return False
    parts = path.split("/")
    return parts[-1].startswith("._") or parts[-1] == ".DS_Store" or "__MACOSX" in parts


@dataclass(frozen=True, slots=True)
class Route:
    """Where the members of one archive go below the folder they are unpacked into."""

    archive: str
    rules: tuple[Rule, ...] = ()
    lower: bool = False
    below: str = ""
    """Folder put before every path, used for archives inside archives."""
    depth: int = 0
    """In how many archives this one lies."""

    def place(self, name: str) -> str | None:
        """Return a member's path after the rules, or None when it is dropped.

        The first rule whose prefix fits decides; a member no rule fits keeps its path. Raises
        ``ArchiveError`` for unsafe names, dropped or not.
        """
        path = safe_path(name, archive=self.archive)
        if not path or is_junk(path):
            return None
        moved = self._moved(path)
        if moved is None:
            return None
        if self.below:
            moved = f"{self.below}/{moved}"
        if self.lower:
            moved = moved.lower()
        return moved if moved is path else safe_path(moved, archive=self.archive) or None

    def inside(self, member: str, rule: Nested) -> Route:
        """Return the route of an archive that is a member of this one."""
        return Route(
            f"{self.archive} > {member}",
            rule.rules,
            self.lower,
            rule.into.format(stem=PurePosixPath(member).stem),
            self.depth + 1,
        )

    def _moved(self, path: str) -> str | None:
        for rule in self.rules:
            if rule.pattern:
                found = re.fullmatch(rule.pattern, path)
                if found:
                    return None if rule.to is None else rule.to.format(**found.groupdict())
            elif path.startswith(rule.prefix):
                return None if rule.to is None else rule.to + path[len(rule.prefix) :]
        return path


class Claims:
    """Paths already taken by members, so that no two of them meet under one name."""

    def __init__(self, archive: str) -> None:
        self._archive = archive
        self._files: dict[str, tuple[int, int]] = {}
        self._folders: set[str] = {""}

    def taken(self, path: str) -> bool:
        """Tell whether a member has that path already."""
        return path in self._files

    def claim(self, path: str, size: int, crc32: int) -> bool:
        """Take a path; returns False when a member of the same content already has it.

        Raises ``ArchiveError`` when its content differs, or when the path is both a file and a
        folder.
        """
        if path in self._files:
            if self._files[path] == (size, crc32):
                return False
            raise self._collision(path, "is in it more than once, each time another")
        self._claim_folders(path)
        if path in self._folders:
            raise self._collision(path, "is both a file and a folder in it")
        self._files[path] = size, crc32
        return True

    def _claim_folders(self, path: str) -> None:
        folder = path.rpartition("/")[0]
        while folder not in self._folders:
            if folder in self._files:
                raise self._collision(folder, "is both a file and a folder in it")
            self._folders.add(folder)
            folder = folder.rpartition("/")[0]

    def _collision(self, path: str, what: str) -> ArchiveError:
        return ArchiveError(
            f"member {path!r} {what}",
            where=self._archive,
            hint="It is damaged or not the published archive. Delete it and fetch it again.",
        )
