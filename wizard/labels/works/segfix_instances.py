"""SegFix for instances: every mask an index file lists, moved by the offsets of its frame.

The rule is fact sheet openseg section 6.3: a mask is where its image is not zero, offsets count
once rather than twice, and a pixel takes what lies where its offset points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from wizard.errors import LabelError
from wizard.files import write_whole
from wizard.findings import Finding
from wizard.foreign import read_foreign_text
from wizard.labels.bounds import TABLE_BYTES, read_bounded
from wizard.labels.pixels.decode import read_values
from wizard.labels.pixels.png import write_label
from wizard.labels.works.folder_work import FolderWork
from wizard.labels.works.segfix import (
    FrameItem,
    moved,
    offsets_below,
    read_offsets,
    without_offsets,
)
from wizard.work import Report

INSTANCE_SCALE = 1.0
INDEX = "_pred.txt"
"""How the name of an index file goes on after the frame's."""
INSIDE = np.uint8(255)
"""What masks are written as."""


@dataclass(frozen=True, slots=True)
class InstanceFixWork(FolderWork):
    """Refine the masks of every index file ``<frame>_pred.txt``, and copy the file itself.

    Its lines begin with the path of a mask from the folder on; an image without instances has
    none. Frames whose instances have no offsets are reported, not copied.
    """

    masks: Path
    offsets: Path
    into: Path
    scale: float = INSTANCE_SCALE
    unit: str = "frames"

    def items(self) -> Sequence[FrameItem]:
        """List the frames that have offsets or need none; raises ``LabelError``."""
        known = offsets_below(self.offsets)
        return [
            FrameItem(path.name, self._outputs(path, names), path, known.get(_frame(path), Path()))
            for path in self._indexes()
            if not (names := listed_masks(path)) or _frame(path) in known
        ]

    def start(self) -> tuple[Finding, ...]:
        """Report frames with instances but without offsets."""
        known = offsets_below(self.offsets)
        missing = (
            path for path in self._indexes() if _frame(path) not in known and listed_masks(path)
        )
        return tuple(without_offsets(path, _frame(path)) for path in missing)

    def process(self, item: FrameItem) -> Report:
        """Refine one frame; raises ``LabelError`` for damaged files and masks of another size."""
        if names := listed_masks(item.source):
            offsets = read_offsets(item.offsets)
            for name in names:
                refined = moved(read_values(self.masks / name) > 0, offsets, self.scale)
                write_label(self.into / name, refined.astype(np.uint8) * INSIDE)
        write_whole(self.into / item.source.name, read_bounded(item.source, TABLE_BYTES))
        return Report()

    def _indexes(self) -> list[Path]:
        return sorted(self.masks.glob(f"*{INDEX}"))

    def _outputs(self, index: Path, names: Sequence[str]) -> tuple[Path, ...]:
        return tuple(self.into / name for name in (*names, index.name))


def listed_masks(index: Path) -> tuple[str, ...]:
    """Return the paths of the masks an index file lists, below its folder.

    Raises ``LabelError`` for a file that cannot be read, and for paths that lead out of it.
    """
    try:
        rows = [line.split() for line in read_foreign_text(index).splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise _unfit(index, f"not an index of masks ({error})") from error
    names = tuple(row[0] for row in rows if row)
    for name in names:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise _unfit(index, f"{name} lies outside its folder")
    return names


def _frame(index: Path) -> str:
    return index.name.removesuffix(INDEX)


def _unfit(index: Path, reason: str) -> LabelError:
    hint = "lines are: path of a mask, class id, score"
    return LabelError(reason, cause="bad-index", where=str(index), hint=hint)
