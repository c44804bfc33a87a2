"""What later steps do to unpacked files by rights, so that their absence is no loss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wizard.kinds.unpacking.edits import Edit


@dataclass(frozen=True, slots=True)
class UsedUp:
    """What later steps of the dataset do to unpacked files, by rights; paths below ``base``."""

    base: Path
    edits: Mapping[str, Edit]
    """Files whose content a later step sets."""
    converted: tuple[tuple[str, str], ...]
    """Folders that are removed once every file in them was converted, and where the PNG files of
    the same stems are."""

    def paths(self) -> set[Path]:
        """Return the files whose content a later step sets."""
        return {self.base / path for path in self.edits}

    def spoiled(self) -> Iterator[Edit]:
        """Yield those of them that changed elsewhere since."""
        return (edit for edit in self.edits.values() if edit.is_spoiled())

    def covers(self, path: str) -> bool:
        """Tell whether an absent or different file is what a later step made of it."""
        if path in self.edits:
            return _is_filled(self.base / path)
        return any(self._was_converted(path, *each) for each in self.converted)

    def _was_converted(self, path: str, removed: str, into: str) -> bool:
        if not path.startswith(removed.rstrip("/") + "/"):
            return False
        return _is_filled(self.base / into / f"{PurePosixPath(path).stem}.png")


def _is_filled(path: Path) -> bool:
    """Tell whether a file is there and holds something: power failures leave bare names."""
    return path.is_file() and path.stat().st_size > 0
