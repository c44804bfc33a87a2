"""Whether what steps and checks read can be there at all: their globs against all that is put.

What an archive holds is only known where its step states it (``expects``); below any other
unpacked folder everything may lie.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TypeVar

from wizard.recipes.model import Dataset, Recipe
from wizard.recipes.step_table import Problem, StepTable

_ANY = "**"
_FILES = frozenset(("files", "sources", "shards"))
"""Keys of globs that stand for files wherever they end in a name's ending."""
_HINT = "correct it, or state it among what the archive holds: expects of the step that unpacks it"
_BRACKETS = re.compile(r"\[!?\]?[^]]*\]")
PartT = TypeVar("PartT")


class Reach:
    """All that a recipe fetches, unpacks and makes, as globs below the destination."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._put = tuple(_placed(recipe))

    def problems(self, dataset: Dataset, step: StepTable) -> Iterator[Problem]:
        """Yield what a step reads that no other puts there, by the keys of its table."""
        base = self._recipe.base(dataset)
        for key, path in step.looked_at():
            wanted = _below(base, path)
            if not _names_files(key, path):
                wanted = f"{wanted}/{_ANY}"
            if path and not any(
                maker is not step and meets(wanted, each) for maker, each in self._put
            ):
                yield key, f"is something that nothing here makes: {path!r}", _HINT


def _names_files(key: str, path: str) -> bool:
    """Whether a path can only be one of files: by its ending, where it is no path of a folder."""
    return key.rpartition(".")[2] in _FILES and "." in path.rpartition("/")[2]


def _placed(recipe: Recipe) -> Iterator[tuple[StepTable | None, str]]:
    """Yield globs of all that is put below the destination, each with the step that does it."""
    for dataset in recipe.datasets:
        base = recipe.base(dataset)
        yield from ((None, recipe.archive_place(dataset, each)) for each in dataset.archives)
        made = [(step, _below(base, each)) for step in dataset.steps for each in step.lands()]
        yield from made
        if not made and not dataset.archives:
            # Whoever writes of nothing but checks brings the files by hand.
            yield None, _below(base, f"{dataset.folder}/**")
    yield from ((step, each) for step in recipe.finish for each in step.lands())


def _below(base: str, path: str) -> str:
    return "/".join(part for part in f"{base}/{path}".split("/") if part not in ("", "."))


def meets(one: str, other: str) -> bool:
    """Tell whether some path fits both globs; ``**`` is any number of folders, also none."""
    return _overlap(one.split("/"), other.split("/"), _ANY, _parts_meet)


@cache
def _parts_meet(one: str, other: str) -> bool:
    one, other = (_BRACKETS.sub("?", part) for part in (one, other))
    return _overlap(one, other, "*", lambda a, b: a == b or "?" in (a, b))


def _overlap(
    one: Sequence[PartT], other: Sequence[PartT], star: str, alike: Callable[[PartT, PartT], bool]
) -> bool:
    @cache
    def rest(i: int, j: int) -> bool:
        if i == len(one) and j == len(other):
            return True
        if i < len(one) and one[i] == star:
            return rest(i + 1, j) or (j < len(other) and rest(i, j + 1))
        if j < len(other) and other[j] == star:
            return rest(i, j + 1) or (i < len(one) and rest(i + 1, j))
        if i == len(one) or j == len(other):
            return False
        return alike(one[i], other[j]) and rest(i + 1, j + 1)

    return rest(0, 0)


def glob_fault(pattern: str) -> tuple[str, str] | None:
    """Return why a glob fits nothing, or cannot be read, and what to write; None for a good one."""
    if not pattern.strip("/"):
        return "is empty", "write a path, with * for what differs"
    for part in pattern.split("/"):
        if _ANY in part and part != _ANY:
            return f"has {_ANY} inside a name: {pattern!r}", "** stands alone between two /"
        if "[" in part.replace("[[]", "") and not _closed(part):
            return f"has a [ that is not closed: {pattern!r}", "[[] stands for a bracket"
        if "(?!)" in fnmatch.translate(part):
            return f"has a range that holds nothing: {pattern!r}", "write it as [a-z]"
    return None


def _closed(part: str) -> bool:
    """Whether each bracket that opens has its end; one right after ``[`` or ``[!`` is a member."""
    at = part.find("[")
    while at >= 0:
        first = at + 2 + (part[at + 1 : at + 2] == "!")
        end = part.find("]", first)
        if end < 0:
            return False
        at = part.find("[", end)
    return True
