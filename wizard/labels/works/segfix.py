"""SegFix applied offline: every boundary pixel takes the class of an interior pixel.

The rule is fact sheet openseg section 6.3: one gather with clipped integer offsets. The original
script blends class numbers on recent PyTorch; this gather gives what it gave when it was written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from wizard.errors import LabelError
from wizard.files import write_whole
from wizard.findings import Finding
from wizard.foreign import read_foreign_text
from wizard.labels.bounds import TABLE_BYTES, read_bounded
from wizard.labels.pixels.decode import read_values
from wizard.labels.pixels.png import write_label
from wizard.labels.tables.taxonomies import UNLABELED
from wizard.labels.works.folder_work import FolderWork
from wizard.labels.works.mat import load_variables
from wizard.work import Item, Report

_Pixels = TypeVar("_Pixels", NDArray[np.uint8], NDArray[np.bool_])

VARIABLE = "mat"
LABEL_SCALE = 2.0

TRAINED_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
"""Cityscapes label ids that models predict; all other values become 255."""


REACH = 4
"""Pixels a step spans at most: 1 with 8 directions, 2 with 16 and 4 with 32, as models are
published; the original script takes them all."""
UNIT = 1
"""What the published offsets of Cityscapes are made of."""
INSTANCE_SCALE = 1.0
INDEX = "_pred.txt"
"""How the name of an index file goes on after the frame's."""
INSIDE = np.uint8(255)
"""What masks are written as."""


def read_offsets(path: Path, reach: int = REACH) -> NDArray[np.float32]:
    """Return steps toward the interior, float32 (H, W, 2), down before right.

    Raises ``LabelError`` for files that hold anything but whole steps of up to ``reach`` pixels.
    """
    try:
        found = load_variables(path, VARIABLE)[VARIABLE]
    except (LabelError, KeyError) as error:
        raise _unfit(path, f"not an offset file ({error})") from error
    offsets = np.asarray(found)
    if offsets.ndim != 3 or offsets.shape[2] != 2 or offsets.dtype.kind not in "iuf":
        raise _unfit(path, f"offsets are {offsets.dtype} {offsets.shape}, not (H, W, 2) numbers")
    if not np.isin(offsets, np.arange(-reach, reach + 1)).all():
        raise _unfit(path, f"offsets other than whole steps of up to {reach} pixels")
    return offsets.astype(np.float32)


def apply_offsets(
    label: NDArray[np.uint8], offsets: NDArray[np.float32], scale: float = LABEL_SCALE
) -> NDArray[np.uint8]:
    """Return the refined label, uint8 (H, W) of label ids; raises ``LabelError`` on other sizes."""
    known = np.full(256, UNLABELED, np.uint8)
    known[list(TRAINED_IDS)] = TRAINED_IDS
    return moved(known[label], offsets, scale)


def moved(values: _Pixels, offsets: NDArray[np.float32], scale: float) -> _Pixels:
    """Return for every pixel of ``values`` (H, W) what lies where its offset points.

    Offsets are rounded once scaled and end at the border; raises ``LabelError`` on other sizes.
    """
    if values.shape != offsets.shape[:2]:
        raise LabelError(
            f"the label is {values.shape} and its offsets {offsets.shape[:2]}", cause="wrong-size"
        )
    height, width = values.shape
    steps = np.rint(offsets * np.float32(scale)).astype(np.intp)
    rows = np.clip(np.arange(height)[:, None] + steps[..., 0], 0, height - 1)
    columns = np.clip(np.arange(width)[None, :] + steps[..., 1], 0, width - 1)
    found: _Pixels = values[rows, columns]
    return found


def _unfit(path: Path, reason: str) -> LabelError:
    hint = "unpack the offset archive again"
    return LabelError(reason, cause="bad-offsets", where=str(path), hint=hint)


@dataclass(frozen=True, slots=True)
class FrameItem(Item):
    """One predicted label and the offsets of its frame."""

    source: Path = Path()
    offsets: Path = Path()


@dataclass(frozen=True, slots=True)
class SegFixWork(FolderWork):
    """Refine every predicted label of a folder, in label ids, by the offsets of its frame.

    Offsets are found by the label's stem, anywhere below their folder: archives differ in how
    deep they lie. Labels without offsets are reported, not copied.
    """

    labels: Path
    offsets: Path
    into: Path
    scale: float = LABEL_SCALE
    unit: str = "labels"

    def items(self) -> Sequence[FrameItem]:
        """List the labels that have offsets."""
        known = offsets_below(self.offsets)
        return [
            FrameItem(path.stem, (self.into / path.name,), path, known[path.stem])
            for path in self._labels()
            if path.stem in known
        ]

    def start(self) -> tuple[Finding, ...]:
        """Report labels without offsets: they exist for frames of Cityscapes val and test only."""
        known = offsets_below(self.offsets)
        missing = (path for path in self._labels() if path.stem not in known)
        return tuple(without_offsets(path, path.stem) for path in missing)

    def process(self, item: FrameItem) -> Report:
        """Refine one label; raises ``LabelError`` for a damaged file or one of another size."""
        label = read_values(item.source)
        if label.dtype != np.uint8:
            raise LabelError("not 8-bit label ids", cause="not-a-label", where=str(item.source))
        offsets = read_offsets(item.offsets)
        refined = apply_offsets(label.astype(np.uint8, copy=False), offsets, self.scale)
        write_label(item.outputs[0], refined)
        return Report()

    def _labels(self) -> list[Path]:
        return sorted(self.labels.glob("*.png"))


def offsets_below(folder: Path) -> Mapping[str, Path]:
    """Return the offset files anywhere below a folder by the name of their frame."""
    return {path.stem: path for path in sorted(folder.rglob("*.mat"))}


def without_offsets(path: Path, frame: str) -> Finding:
    """Say that a frame has no offsets."""
    return Finding(
        "no-offsets",
        str(path),
        f"there is no {frame}.mat",
        "offsets exist for Cityscapes val and test; keep the names of the frames",
    )


def output_folder(labels: Path) -> Path:
    """Return where refined labels go by default, as the original script has it.

    ``label`` at the end of the path becomes ``label_w_segfix``; any other folder gets one inside.
    """
    name = "label_w_segfix"
    return labels.with_name(name) if labels.name == "label" else labels / name


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
        raise _unfit_index(index, f"not an index of masks ({error})") from error
    names = tuple(row[0] for row in rows if row)
    for name in names:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise _unfit_index(index, f"{name} lies outside its folder")
    return names


def _frame(index: Path) -> str:
    return index.name.removesuffix(INDEX)


def _unfit_index(index: Path, reason: str) -> LabelError:
    hint = "lines are: path of a mask, class id, score"
    return LabelError(reason, cause="bad-index", where=str(index), hint=hint)
