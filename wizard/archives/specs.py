"""What work on archives is asked to do: where members go, and files that are arranged anew."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from wizard.recipes.step_table import Named, StepTable, Template, open_end


class Rule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where members of an archive go: the first rule that fits decides.

    Member paths are compared without a leading ``./``; the empty prefix fits every member.
    """

    prefix: str = ""
    pattern: str = ""
    """Regular expression over the whole path, in place of a prefix."""
    to: str | None = None
    """What replaces the prefix, or the whole path with the pattern's groups filled in as
    ``{name}``; leave out to drop the member."""


class Nested(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An archive inside the archive, at any depth, unpacked in turn and not kept."""

    member: str
    """Its path after the rules, as a glob pattern."""
    into: str = ""
    """Folder below ``Extract.into`` its members land in; ``{stem}`` is its name without ending."""
    rules: tuple[Rule, ...] = ()
    """Where its own members go."""


class Move(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a file goes; the first move whose pattern fits its whole path decides."""

    pattern: str
    """Regular expression over the path below ``Arrange.source``, with named groups."""
    to: str
    """Path below ``Arrange.into``; groups are filled as ``{name}``."""
    when: str = ""
    """Path below ``Arrange.into`` that has to exist for the move to fit; groups are filled."""


def groups_of(pattern: str) -> tuple[str, ...]:
    """Return the named groups of a regular expression; none for what is no pattern."""
    try:
        return tuple(re.compile(pattern).groupindex)
    except re.error:
        return ()


def _filled(key: str, rules: tuple[Rule, ...]) -> Iterator[Template]:
    for i, rule in enumerate(rules):
        if rule.pattern and rule.to:
            yield f"{key}rules[{i}].to", rule.to, groups_of(rule.pattern)


class Arrange(StepTable, frozen=True, kw_only=True, tag="arrange"):
    """Give files the names and folders that code expects; files no move fits are left alone."""

    source: str
    into: str = ""
    moves: tuple[Move, ...]
    how: Literal["link", "symlink"] = "link"
    """``link``: a second name for the same bytes, or a copy where that cannot be."""
    remove: str = ""
    """Folder to delete once every file is in place."""

    def paths_named(self) -> Iterator[Named]:
        """Yield the folders, and where files go."""
        yield from (("source", self.source), ("into", self.into), ("remove", self.remove))
        yield from ((f"moves[{i}].to", move.to) for i, move in enumerate(self.moves))

    def lands(self) -> Iterator[str]:
        """Yield where files go."""
        yield from (open_end(f"{self.into}/{move.to}") for move in self.moves)

    def patterns_named(self) -> Iterator[Named]:
        """Yield what each move fits."""
        yield from ((f"moves[{i}].pattern", move.pattern) for i, move in enumerate(self.moves))

    def templates_named(self) -> Iterator[Template]:
        """Yield where files go, filled by the groups of each move's pattern."""
        for i, move in enumerate(self.moves):
            groups = groups_of(move.pattern)
            yield from (
                (f"moves[{i}].to", move.to, groups),
                (f"moves[{i}].when", move.when, groups),
            )


class Extract(StepTable, frozen=True, kw_only=True, tag="extract"):
    """Unpack an archive so that every member lands, whole, under its final name."""

    archive: str
    into: str = ""
    rules: tuple[Rule, ...] = ()
    """Members no rule fits keep their path; ``__MACOSX`` junk is always dropped."""
    nested: tuple[Nested, ...] = ()
    lower: bool = False
    provides: tuple[str, ...] = ()
    """Folders whose listed or counted files come from this archive, and single files: with all of
    them on disk an install made by hand counts as unpacked. The lists are those of the dataset's
    labels and ``listed`` checks, the numbers those of its ``count`` checks. Below the dataset's
    base folder."""
    expects: tuple[str, ...] = ()
    """Patterns of paths below ``into``, each of which fits some file the archive holds: ``*`` stays
    within a folder, ``**/`` is any number of them. They tell a root that is some folders off, and
    an archive that holds something else. What steps and checks read of it fits one of them."""

    @property
    def takes(self) -> str:
        """The archive it unpacks."""
        return self.archive

    @property
    def unpacks(self) -> bool:
        """All of it."""
        return True

    @property
    def unpacks_into(self) -> str:
        """Where its members are put."""
        return self.into

    def spelled(self) -> Iterator[str]:
        """Yield how its folders are spelled: paths without the parts that hold wildcards."""
        for path in (*self.expects, *self.provides, self.into):
            yield "/".join(part for part in path.split("/") if "*" not in part)
        for rule in self.rules:
            yield rule.prefix.strip("/")
            if rule.to and not rule.pattern:
                yield rule.to.strip("/")

    def paths_named(self) -> Iterator[Named]:
        """Yield where members go."""
        yield "into", self.into
        yield from ((f"rules[{i}].to", rule.to or "") for i, rule in enumerate(self.rules))
        yield from ((f"nested[{i}].into", each.into) for i, each in enumerate(self.nested))

    def globs_named(self) -> Iterator[Named]:
        """Yield what the archive holds, and the archives inside."""
        yield from ((f"expects[{i}]", each) for i, each in enumerate(self.expects))
        yield from ((f"nested[{i}].member", each.member) for i, each in enumerate(self.nested))

    def lands(self) -> Iterator[str]:
        """Yield what its archive is stated to hold; anything where nothing is stated."""
        if not self.expects:
            yield open_end(self.into)
        yield from (f"{self.into}/{each}" for each in self.expects)
        yield from (f"{each}/**" for each in self.provides)
        yield from (open_end(f"{self.into}/{each.into}") for each in self.nested)

    def patterns_named(self) -> Iterator[Named]:
        """Yield the patterns of rules, inner ones too."""
        yield from ((f"rules[{i}].pattern", rule.pattern) for i, rule in enumerate(self.rules))
        for i, each in enumerate(self.nested):
            for j, rule in enumerate(each.rules):
                yield f"nested[{i}].rules[{j}].pattern", rule.pattern

    def templates_named(self) -> Iterator[Template]:
        """Yield where members that fit a pattern go, and folders of archives inside."""
        yield from _filled("", self.rules)
        for i, each in enumerate(self.nested):
            yield f"nested[{i}].into", each.into, ("stem",)
            yield from _filled(f"nested[{i}].", each.rules)
