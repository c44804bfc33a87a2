"""SegFix applied offline: every boundary pixel takes the class of an interior pixel.

The rule is fact sheet openseg section 6.3: one gather with clipped integer offsets. The original
script blends class numbers on recent PyTorch; this gather gives what it gave when it was written.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wizard.errors import LabelError

VARIABLE = "mat"
DEFAULT_SCALE = 2.0
UNLABELLED = 255

TRAINED_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
"""Cityscapes label ids that models predict; all other values become 255."""


def read_offsets(path: Path) -> NDArray[np.float32]:
    """Return unit steps toward the interior, float32 (H, W, 2), down before right.

    Raises ``LabelError`` for files that hold anything else.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        found = loadmat(path, variable_names=[VARIABLE])[VARIABLE]
    except (OSError, ValueError, TypeError, KeyError, NotImplementedError, MatReadError) as error:
        raise _unfit(path, f"not an offset file ({error})") from error
    offsets = np.asarray(found)
    if offsets.ndim != 3 or offsets.shape[2] != 2 or offsets.dtype.kind not in "iuf":
        raise _unfit(path, f"offsets are {offsets.dtype} {offsets.shape}, not (H, W, 2) numbers")
    if not np.isin(offsets, (-1, 0, 1)).all():
        raise _unfit(path, "offsets other than -1, 0 and 1")
    return offsets.astype(np.float32)


def apply_offsets(
    label: NDArray[np.uint8], offsets: NDArray[np.float32], scale: float = DEFAULT_SCALE
) -> NDArray[np.uint8]:
    """Return the refined label, uint8 (H, W) of label ids; raises ``LabelError`` on other sizes."""
    if label.shape != offsets.shape[:2]:
        raise LabelError(
            f"the label is {label.shape} and its offsets {offsets.shape[:2]}", cause="wrong-size"
        )
    known = np.full(256, UNLABELLED, np.uint8)
    known[list(TRAINED_IDS)] = TRAINED_IDS
    height, width = label.shape
    steps = np.rint(offsets * np.float32(scale)).astype(np.intp)
    rows = np.clip(np.arange(height)[:, None] + steps[..., 0], 0, height - 1)
    columns = np.clip(np.arange(width)[None, :] + steps[..., 1], 0, width - 1)
    refined: NDArray[np.uint8] = known[label][rows, columns]
    return refined


def _unfit(path: Path, reason: str) -> LabelError:
    hint = "unpack the offset archive again"
    return LabelError(reason, cause="bad-offsets", where=str(path), hint=hint)
