"""Plain tables: columns as wide as their longest cell, and one line for many numbered files."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import groupby
from os.path import commonprefix
from typing import TypeVar

GAP = "  "
WIDTH = 80
RowT = TypeVar("RowT")
SHARED_FROM = 10
"""From how many files that differ by a number one line stands for all."""
_DIGITS = re.compile(r"\d+")


def columns(
    rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset(), width: int = WIDTH
) -> Iterator[str]:
    """Yield one line per row, the columns of ``right`` aligned right.

    Where a table is too wide its first column gives way, cut in the middle so that the endings
    of file names stay.
    """
    if not rows:
        return
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    over = sum(widths) + len(GAP) * (len(widths) - 1) - width
    widths[0] -= max(0, over)
    for row in rows:
        cells = [shortened(row[0], widths[0]), *row[1:]]
        padded = (
            cell.rjust(size) if index in right else cell.ljust(size)
            for index, (cell, size) in enumerate(zip(cells, widths, strict=True))
        )
        yield GAP.join(padded).rstrip()


def shortened(text: str, width: int) -> str:
    """Return the text in at most ``width`` characters, cut in the middle."""
    if len(text) <= width:
        return text
    tail = (width - 1) // 2
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"


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
