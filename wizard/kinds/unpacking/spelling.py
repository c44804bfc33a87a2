"""Names in other capitals: what a tree calls a folder or file, and what the recipe and lists do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Spelling:
    """The parts of paths that are known, each by its letters without capitals.

    Parts that are known in two spellings, such as ``Images`` and ``images``, decide nothing.
    """

    known: dict[str, str]

    @classmethod
    def of(cls, paths: Iterable[str]) -> Spelling:
        """Learn the parts of paths."""
        found: dict[str, str] = {}
        for part in dict.fromkeys(part for path in paths for part in path.split("/")):
            folded = part.casefold()
            found[folded] = part if found.get(folded, part) == part else ""
        return cls(found)

    def corrected(self, path: str) -> str:
        """Return a path with every part as it is known."""
        return "/".join(self.known.get(part.casefold()) or part for part in path.split("/"))


def folders_like(base: Path, folder: str) -> Iterator[Path]:
    """Yield the folders below a base that a path may mean when capitals do not count."""
    first, _, rest = folder.partition("/")
    try:
        names = sorted(path for path in base.iterdir() if path.is_dir())
    except OSError:
        return
    for path in (path for path in names if path.name.casefold() == first.casefold()):
        if rest:
            yield from folders_like(path, rest)
        else:
            yield path
