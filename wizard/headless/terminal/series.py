"""Long series of numbered files: one line for the many that stand alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import groupby
from os.path import commonprefix
from typing import TypeVar

RowT = TypeVar("RowT")

SHARED_FROM = 10
"""From how many files that differ by a number one line stands for all."""
_DIGITS = re.compile(r"\d+")


def in_series(
    rows: Iterable[RowT], *, alike: Callable[[RowT], Hashable]
) -> Iterator[tuple[RowT, ...]]:
    """Yield neighbours of equal ``alike`` together where they are many, each other row alone."""
    for _, group in groupby(rows, key=alike):
        members = tuple(group)
        if len(members) < SHARED_FROM:
            yield from ((each,) for each in members)
        else:
            yield members


def unnumbered(text: str) -> str:
    """Return a name or an address without what counts in it: equal for all of a series."""
    return _DIGITS.sub("#", text)


def numbered(texts: Sequence[str]) -> str:
    """Return what names or addresses share, with a star for the number that differs.

    Equal ones are returned as they are.
    """
    if len(set(texts)) == 1:
        return texts[0]
    start = commonprefix(texts)
    end = commonprefix([text[len(start) :][::-1] for text in texts])[::-1]
    return f"{start.rstrip('0123456789')}*{end.lstrip('0123456789')}"


def named(names: Sequence[str]) -> str:
    """Return a name, or what the many of a series share, with their number."""
    return numbered(names) if len(names) == 1 else f"{numbered(names)} ({len(names)})"
