"""Lists of a dataset, which image goes with which label, and the small text files they are in."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from wizard.errors import LabelError
from wizard.labels.bounds import TABLE_BYTES, read_bounded

FETCH_AGAIN = "delete this file and run again: the tables are unpacked anew"
"""What to do about a table that is missing or broken."""
_ODD = (b"..", b"\n/", b" /", *(bytes([each]) for each in b"\t\r\x0b\x0c\x1c\x1d\x1e\x1f"))
"""What may lead out of a folder, or parts words beside blanks."""


@dataclass(frozen=True, slots=True)
class TableText:
    """A file as it was when looked at: the key parsed tables are remembered under."""

    path: Path
    modified: int
    """Nanoseconds."""
    size: int

    @classmethod
    def of(cls, path: Path) -> TableText:
        """Look at a file; raises ``LabelError`` when it is not there."""
        try:
            facts = path.stat()
        except OSError as error:
            raise LabelError(
                "this table is missing", cause="table", where=str(path), hint=FETCH_AGAIN
            ) from error
        return cls(path, facts.st_mtime_ns, facts.st_size)

    def fault(self, reason: str, *, line: int | None = None) -> LabelError:
        """Name what is wrong with the file, and in which line (from 1)."""
        where = str(self.path) if line is None else f"{self.path}:{line}"
        return LabelError(reason, cause="table", where=where, hint=FETCH_AGAIN)

    def text(self) -> str:
        """Read the file with every line ending as LF; raises ``LabelError`` if it is not text."""
        try:
            data = read_bounded(self.path, TABLE_BYTES)
            return data.decode("utf-8-sig").replace("\r\n", "\n")
        except (OSError, UnicodeDecodeError) as error:
            raise self.fault(f"this table cannot be read as text ({error})") from error

    def lines(self) -> list[str]:
        """Return the lines without outer blanks; empty lines may only stand at the end.

        Line numbers are class indices, so a gap would shift every class after it. Raises
        ``LabelError`` naming the empty line.
        """
        lines = [line.strip(" \t\r") for line in self.text().split("\n")]
        while lines and not lines[-1]:
            lines.pop()
        if "" in lines:
            raise self.fault("an empty line among the others", line=lines.index("") + 1)
        return lines


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
