"""Small text files of the tables: read whole, remembered until they change on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wizard.errors import LabelError
from wizard.labels.bounds import TABLE_BYTES, read_bounded

FETCH_AGAIN = "delete this file and run again: the tables are unpacked anew"
"""What to do about a table that is missing or broken."""


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
