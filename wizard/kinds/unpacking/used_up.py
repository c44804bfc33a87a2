"""What later steps do to unpacked files by rights, so that their absence is no loss."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True, slots=True)
class UsedUp:
    """What later steps of the dataset do to unpacked files, by rights; paths below ``base``."""

    base: Path
    edited: frozenset[str]
    """Files whose content a later step sets."""
    converted: tuple[tuple[str, str], ...]
    """Folders that are removed once every file in them was converted, and where the PNG files of
    the same stems are."""

    def paths(self) -> set[Path]:
        """Return the files whose content a later step sets."""
        return {self.base / path for path in self.edited}

    def covers(self, path: str) -> bool:
        """Tell whether an absent or different file is what a later step made of it."""
        if path in self.edited:
            return _is_filled(self.base / path)
        return any(self._was_converted(path, *each) for each in self.converted)

    def _was_converted(self, path: str, removed: str, into: str) -> bool:
        if not path.startswith(removed.rstrip("/") + "/"):
            return False
        return _is_filled(self.base / into / f"{PurePosixPath(path).stem}.png")


def _is_filled(path: Path) -> bool:
    """Tell whether a file is there and holds something: power failures leave bare names."""
    return path.is_file() and path.stat().st_size > 0
