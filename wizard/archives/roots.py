"""Where the root of an archive lies: as the recipe expects it, or some folders away.

People zip a folder once more than it was, or without the folder around; what is inside is right
all the same. The files an archive is expected to hold tell which folders to strip or to add.
"""

from __future__ import annotations

import fnmatch
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from wizard.archives.paths import Route, Shift, inner_folder, is_junk, safe_path
from wizard.archives.specs import Nested, Rule
from wizard.errors import ArchiveError

_DEEPEST = 4
"""Folders in front that are looked behind: a disk, a person, a date and a name."""
_MOST_SHIFTS = 200
_MOST_TOLD = 6
_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")


class UnexpectedContents(ArchiveError):
    """The archive is whole but holds something else than later steps need."""


@lru_cache(maxsize=512)
def pattern(expected: str) -> re.Pattern[str]:
    """Compile an expected path: ``*`` stays within a folder, ``**/`` is any number of folders."""
    pieces = re.split(r"(\*\*/|\*\*|\*)", expected)
    kinds = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    return re.compile("".join(kinds.get(piece) or re.escape(piece) for piece in pieces), re.DOTALL)


def missing_kinds(paths: Iterable[str], expects: Sequence[str]) -> tuple[str, ...]:
    """Return the patterns that fit none of the paths; reads only as many paths as it takes."""
    left = list(expects)
    for path in paths if left else ():
        left = [each for each in left if not pattern(each).fullmatch(path)]
        if not left:
            break
    return tuple(left)


def may_lie_below(expected: str, folder: str) -> bool:
    """Tell whether an expected path can be one below that folder."""
    if not folder or "**" in expected:
        return True
    parts, depth = expected.split("/"), folder.count("/") + 1
    return len(parts) > depth and bool(pattern("/".join(parts[:depth])).fullmatch(folder))


class RootFinder:
    """Looks at the names of an archive's members and tells by how many folders they are off."""

    def __init__(self, route: Route, nested: Sequence[Nested], expects: Sequence[str]) -> None:
        self._route = route
        self._nested = nested
        self._expects = tuple(enumerate(expects))
        self._adds = tuple(Shift(add=each) for each in _additions(route, nested, expects))
        self._straight: set[int] = set()
        self._shifted: dict[Shift, set[int]] = {}
        self._inside: Counter[str] = Counter()
        self._archives: list[str] = []
        self._files = 0

    def see(self, name: str) -> None:
        """Take a member's name into account; raises ``ArchiveError`` for unsafe ones."""
        if len(self._straight) == len(self._expects):
            return
        path = safe_path(name, archive=self._route.archive)
        if not path or is_junk(path):
            return
        self._note(path)
        self._straight |= self._fitting(self._route, path, self._straight)
        if self._straight:
            return
        for shift in self._shifts(path):
            found = self._shifted.get(shift, set())
            new = self._fitting(replace(self._route, shift=shift), path, found)
            if new and (found or len(self._shifted) < _MOST_SHIFTS):
                self._shifted[shift] = found | new

    def shift(self, *, partly: bool = False) -> Shift | None:
        """Return how the root is off: not at all where that fits, the least that does, or None.

        ``partly`` is enough for an archive inside: others hold the rest.
        """
        if self._straight and (partly or len(self._straight) == len(self._expects)):
            return Shift()
        least = 1 if partly else len(self._expects)
        fitting = [shift for shift, found in self._shifted.items() if len(found) >= least]
        fitting.sort(key=lambda shift: (len(shift.add), len(shift.strip)))
        if not self._expects or self._straight or not fitting:
            return None if self._expects else Shift()
        self._refuse_two(fitting)
        return fitting[0]

    def wrapped(self) -> str:
        """Return the one archive inside that may be the archive itself, packed once more."""
        name = self._route.archive.rpartition("/")[2].lower()
        same = [each for each in self._archives if each.rpartition("/")[2].lower() == name]
        if len(same) == 1:
            return same[0]
        return self._archives[0] if self._files == len(self._archives) == 1 else ""

    def refusal(self) -> ArchiveError:
        """Return the error that says what was expected and what is inside."""
        missing = [each for index, each in self._expects if index not in self._straight]
        inside = [
            f"{place} ({count:,})" if count > 1 else place
            for place, count in self._inside.most_common(_MOST_TOLD)
        ]
        return refusal(self._route.archive, missing, inside)

    def _note(self, path: str) -> None:
        self._files += 1
        if path.lower().endswith(_ARCHIVES) and len(self._archives) < _MOST_SHIFTS:
            self._archives.append(path)
        folder, slash, _ = path.rpartition("/")
        place = "/".join(folder.split("/")[:3]) + slash or path
        if place in self._inside or len(self._inside) < _MOST_SHIFTS:
            self._inside[place] += 1

    def _fitting(self, route: Route, path: str, found: set[int]) -> set[int]:
        """Return which of the expected kinds, beside those found, a member is of."""
        placed = route.place(path)
        if placed is None:
            return set()
        below = [
            inner_folder(rule, placed)
            for rule in self._nested
            if fnmatch.fnmatchcase(placed, rule.member)
        ]
        return {
            index
            for index, expected in self._expects
            if index not in found
            and (
                any(may_lie_below(expected, folder) for folder in below)
                or pattern(expected).fullmatch(placed)
            )
        }

    def _shifts(self, path: str) -> Iterator[Shift]:
        end = 0
        for _ in range(_DEEPEST):
            end = path.find("/", end) + 1
            if not end:
                break
            yield Shift(strip=path[:end])
        yield from self._adds

    def _refuse_two(self, fitting: Sequence[Shift]) -> None:
        """Raise where two roots beside each other both hold everything."""
        first = fitting[0]
        for other in fitting[1:]:
            if first.strip and other.strip and not other.strip.startswith(first.strip):
                raise UnexpectedContents(
                    f"holds what is expected of it in two places, {first.strip} and {other.strip}",
                    where=self._route.archive,
                    hint="Pack the right one of the two again, or fetch the published archive.",
                )


def refusal(archive: str, missing: Sequence[str], inside: Sequence[str]) -> ArchiveError:
    """Return the error for an archive that lacks kinds of files that later steps need."""
    return UnexpectedContents(
        f"does not hold what is expected of it: {', '.join(missing[:_MOST_TOLD])}; "
        f"inside are {', '.join(inside[:_MOST_TOLD]) or 'no files'}",
        where=archive,
        hint="It is another archive, or one that was packed anew from a changed folder. "
        "Fetch the published one, or pack the folders the recipe expects.",
    )


def unwrapping(name: str, nested: Sequence[Nested], rules: Sequence[Rule]) -> tuple[Nested, ...]:
    """Return what unpacks the archive inside by that name as if it were the one around it."""
    escaped = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
    return Nested(member=escaped, rules=tuple(rules)), *nested


def _additions(route: Route, nested: Sequence[Nested], expects: Sequence[str]) -> Iterator[str]:
    """Yield the folders an archive may lack in front: those that rules or expected paths name."""
    seen = set()
    kept = [rule.prefix for rule in route.rules if rule.to is not None and rule.prefix]
    for each in (*kept, *(rule.member for rule in nested), *expects):
        path = each.removeprefix(f"{route.below}/")
        end = 0
        while (end := path.find("/", end) + 1) and "*" not in path[:end]:
            if path[:end] not in seen:
                seen.add(path[:end])
                yield path[:end]
