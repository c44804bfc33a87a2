"""Dataset lists: which image goes with which label, line by line."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from wizard.labels.tables.text import TableText


class Pair(NamedTuple):
    """One line of a list: paths below the dataset's folder; ``label`` is empty in test lists."""

    image: str
    label: str


@lru_cache(maxsize=24)
def read_pairs(file: TableText, *, labelled: bool) -> tuple[Pair, ...]:
    """Read a list of ``image label`` lines, or of images alone where ``labelled`` is False.

    Lists of one family are line-aligned: line i of the source taxonomy and line i of the target
    are the same image (fact sheet mseg section 1). Raises ``LabelError`` naming file and line.
    """
    return tuple(
        _pair(file, number, line, labelled=labelled)
        for number, line in enumerate(file.lines(), start=1)
    )


_ODD = (b"..", b"\n/", b" /", *(bytes([each]) for each in b"\t\r\x0b\x0c\x1c\x1d\x1e\x1f"))
"""What may lead out of a folder, or parts words beside blanks."""


@dataclass(frozen=True, slots=True)
class PlainList:
    """A list with labels as it lies on disk, read line by line for one look and then forgotten."""

    data: bytes
    """ASCII."""

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield image and label of each line; raises ``ValueError`` at one that is not plain."""
        for line in io.BytesIO(self.data):
            image, label = line.decode("ascii").rstrip("\n").split(" ")
            if not (image and label):
                raise ValueError
            yield image, label


def read_plain(file: TableText) -> PlainList | None:
    """Return a list that holds nothing odd, as far as a glance tells; None for any other.

    ``read_pairs`` says what is odd, and holds all of it. Raises ``LabelError``.
    """
    data = file.text().rstrip("\n").encode()
    if not data.isascii() or data.startswith(b"/") or any(each in data for each in _ODD):
        return None
    return PlainList(data)


def _pair(file: TableText, number: int, line: str, *, labelled: bool) -> Pair:
    columns = line.split()
    if len(columns) != 2 and (labelled or len(columns) != 1):
        raise file.fault(
            f"expected an image and a label, found {len(columns)} columns", line=number
        )
    for column in columns:
        # By text: half a million paths as objects would take seconds.
        if column.startswith("/") or ".." in column.split("/"):
            raise file.fault(f"{column} leads out of the dataset's folder", line=number)
    # Every taxonomy of a dataset lists the same images, and all lists are held at once.
    return Pair(sys.intern(columns[0]), columns[1] if len(columns) == 2 else "")
