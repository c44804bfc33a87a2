"""Dataset lists: which image goes with which label, line by line."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from wizard.labels.text import Stamp


class Pair(NamedTuple):
    """One line of a list: paths below the dataset's folder; ``label`` is empty in test lists."""

    image: str
    label: str


@lru_cache(maxsize=24)
def read_pairs(file: Stamp, *, labelled: bool) -> tuple[Pair, ...]:
    """Read a list of ``image label`` lines, or of images alone where ``labelled`` is False.

    Lists of one family are line-aligned: line i of the source taxonomy and line i of the target
    are the same image (fact sheet mseg section 1). Raises ``LabelError`` naming file and line.
    """
    return tuple(
        _pair(file, number, line, labelled=labelled)
        for number, line in enumerate(file.lines(), start=1)
    )


def _pair(file: Stamp, number: int, line: str, *, labelled: bool) -> Pair:
    columns = line.split()
    if len(columns) != 2 and (labelled or len(columns) != 1):
        raise file.fault(
            f"expected an image and a label, found {len(columns)} columns", line=number
        )
    for column in columns:
        # By text: half a million paths as objects would take seconds.
        if column.startswith("/") or ".." in column.split("/"):
            raise file.fault(f"{column} leads out of the dataset's folder", line=number)
    return Pair(columns[0], columns[1] if len(columns) == 2 else "")
