"""What every kind of step has in common, and what a table can be asked about itself.

A recipe knows its steps by these questions alone; which tables there are is told by whoever loads
it (``wizard.kinds``). Paths are those of the table: POSIX, below the dataset's base folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import PurePosixPath
from typing import Self

from msgspec import Struct

Problem = tuple[str, str, str]
"""Key, reason and hint."""

Named = tuple[str, str]
"""Key of a table and what stands there."""

Template = tuple[str, str, tuple[str, ...]]
"""Key of a table, the text there, and the names that are filled in it as ``{name}``."""

_READ = frozenset(
    ("sources", "source", "shards", "json", "list", "table", "images", "labels", "truth", "synsets")
)
"""Keys of paths and globs that a step reads from."""
_TAKEN = frozenset(("tables", "remove", "older_than"))
"""Keys of what it neither writes to nor needs below its dataset; the others are written to."""


def _bare(named: Named) -> str:
    return named[0].partition("[")[0]


def open_end(path: str) -> str:
    """Return a glob of all below a path, up to where something is filled in or left open."""
    fixed = takewhile(
        lambda part: not set(part) & set("{*?["), PurePosixPath(path.lstrip("/")).parts
    )
    return "/".join([*fixed, "**"])


class StepTable(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """What every step has: an id, a title and the steps it waits for."""

    id: str = ""
    """Unique within the dataset; the loader fills in the kind where a recipe says nothing."""
    title: str = ""
    dependencies: tuple[str, ...] = ()
    """More step addresses to wait for, beyond the step before it: ``step`` or ``dataset/step``."""
    alternative: str = ""
    """Id of the way to the dataset's files it is part of; one that takes files from an archive is
    part of the archive's."""

    @property
    def kind(self) -> str:
        """The ``kind`` it is written with."""
        return str(self.__struct_config__.tag)

    @property
    def takes(self) -> str:
        """Name of the archive it takes files from; empty where there is none."""
        return ""

    @property
    def unpacks(self) -> bool:
        """Whether it takes every file of its archive, so that nothing else reads that."""
        return False

    @property
    def unpacks_into(self) -> str:
        """Folder that the members of its archive are put into; empty where it unpacks none."""
        return ""

    @property
    def uses(self) -> str:
        """Name of an archive it takes files from where that is there, without waiting for it."""
        return ""

    @property
    def tables_folder(self) -> str:
        """Folder below the destination of the tables it reads; empty for none."""
        return ""

    @property
    def early(self) -> bool:
        """Whether it may be done before its turn, so that what follows must not rely on it."""
        return False

    @property
    def makes_taxonomies(self) -> bool:
        """Whether it writes the labels of taxonomies, so that there is something to look at."""
        return False

    def paths_named(self) -> Iterator[Named]:
        """Yield every path it names, which must stay inside the destination."""
        yield from ()

    def globs_named(self) -> Iterator[Named]:
        """Yield every glob it names that is among no paths to read."""
        yield from ()

    def looked_at(self) -> Iterator[Named]:
        """Yield every path and glob it reads, which has to be there."""
        yield from (named for named in self.paths_named() if _bare(named) in _READ)

    def lands(self) -> Iterator[str]:
        """Yield globs of all that it may leave on disk."""
        written = (named for named in self.paths_named() if _bare(named) not in _READ | _TAKEN)
        yield from (open_end(path) for _, path in written if path)

    def patterns_named(self) -> Iterator[Named]:
        """Yield every regular expression it names."""
        yield from ()

    def taxonomies_named(self) -> Iterator[Named]:
        """Yield every taxonomy it names."""
        yield from ()

    def templates_named(self) -> Iterator[Template]:
        """Yield every text with ``{names}`` to fill in, and which names there are."""
        yield from ()

    def alternatives_named(self) -> Iterator[Named]:
        """Yield every alternative it names beside its own."""
        yield from ()

    def problems(self) -> Iterator[Problem]:
        """Yield what else cannot be meant, keys below the table's own."""
        yield from ()

    def edited(self) -> Iterator[str]:
        """Yield the unpacked files whose content it sets."""
        yield from ()

    def rest_of(self, data: bytes) -> bytes:
        """Return what a file it edits holds beside what it sets."""
        return data

    def replaced(self) -> Iterator[tuple[str, str]]:
        """Yield folders it removes, each with the folder of the PNG files it made of their files.

        The names of both differ in their endings only.
        """
        yield from ()

    def converted(self) -> Iterator[str]:
        """Yield folders whose labels it made of files that are gone since."""
        yield from ()

    def completed(self, steps: Sequence[StepTable]) -> Self:
        """Return the table with what follows from the other steps of its dataset."""
        del steps
        return self

    def inexact(self) -> Self:
        """Return the table as it is meant where a site names its own copies of archives."""
        return self
