"""Plain tables: columns as wide as their longest cell, numbers to the right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

GAP = "  "
WIDTH = 80


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
