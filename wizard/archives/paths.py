"""Which members of an archive are kept, and where each of them goes: rules and path safety."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from wizard.archives.bounds import DEPTH_MOST, PART_MOST, PATH_MOST
from wizard.archives.specs import Nested, Rule
from wizard.errors import ArchiveError
from wizard.files import PARTIAL

_DRIVE = re.compile(r"[A-Za-z]:")
_PLAIN = re.compile(r"(?:[\w-][\w .+-]*+/)*+[\w-][\w .+-]*", re.ASCII)
"""Nearly every path there is: no part of it starts with a dot, no odd letter anywhere."""
_SHOWN = 200
"""Letters of a member's name that an error shows."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def safe_path(name: str, *, archive: str) -> str:
    """Return a member's relative POSIX path, without ``./`` and doubled slashes.

    Backslashes separate, as some Windows packers write them. Raises ``ArchiveError`` for names
    that would leave the folder, name a drive, hide control characters or pose as our own
    temporary files.
    """
    short = len(name) <= PART_MOST and name.count("/") < DEPTH_MOST
    if short and _PLAIN.fullmatch(name):
        return name
    reason = _refusal(name)
    if reason:
        raise ArchiveError(
            f"member {name[:_SHOWN]!r} {reason}",
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
    sizes = [len(part.encode("utf-8", "surrogateescape")) for part in parts]
    if max(sizes) > PART_MOST or sum(sizes) + len(sizes) > PATH_MOST:
        return "has a longer name than file systems take"
    if len(parts) > DEPTH_MOST:
        return f"lies more than {DEPTH_MOST} folders deep"
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
class Shift:
    """Folders, each with its slash, that an archive has in front of its root, or lacks there."""

    strip: str = ""
    add: str = ""

    def applied(self, path: str) -> str | None:
        """Return a member's path as it should be; None for one beside the root."""
        if self.strip and not path.startswith(self.strip):
            return None
        return self.add + path[len(self.strip) :]

    def __bool__(self) -> bool:
        return bool(self.strip or self.add)

    def __str__(self) -> str:
        if self.strip:
            return f"packed inside {self.strip}, which was stripped"
        return f"packed without {self.add}, which was added" if self.add else "packed as expected"


IN_PLACE = Shift()
"""Of an archive whose root is where the recipe says."""


def inner_folder(rule: Nested, member: str) -> str:
    """Return the folder that the members of an archive inside land in."""
    return rule.into.format(stem=PurePosixPath(member).stem)


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
    shift: Shift = IN_PLACE
    """How its root is off."""

    def place(self, name: str) -> str | None:
        """Return a member's path after the rules, or None when it is dropped.

        The first rule whose prefix fits decides; a member no rule fits keeps its path. Raises
        ``ArchiveError`` for unsafe names, dropped or not.
        """
        path = safe_path(name, archive=self.archive)
        if not path or is_junk(path):
            return None
        rooted = self.shift.applied(path) if self.shift else path
        moved = self._moved(rooted) if rooted else None
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
            inner_folder(rule, member),
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
