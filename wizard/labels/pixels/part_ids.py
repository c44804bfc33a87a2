"""Panoptic part ids: one number a pixel for class, instance and part (fact sheet partdistillation).

The published decoder refuses every Python after 3.9, so this is our own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wizard.errors import LabelError

_CLASS_ONLY = 99
_NO_PART = 99_999
_HIGHEST = 9_999_999
NONE = -1
"""Instance or part of a pixel that has none."""


class Parts(NamedTuple):
    """What the ids of an image stand for, int32 (H, W) each."""

    classes: NDArray[np.int32]
    instances: NDArray[np.int32]
    """-1 where there is none."""
    parts: NDArray[np.int32]
    """-1 where there is none; 0 is unlabelled."""


def split_ids(ids: NDArray[np.int32]) -> Parts:
    """Split part ids; raises ``LabelError`` for numbers the format does not know."""
    illegal = (ids < 0) | ((ids > _CLASS_ONLY) & (ids < 1000)) | (ids > _HIGHEST)
    if illegal.any():
        raise LabelError(f"{int(ids[illegal][0])} is no id of a part", cause="illegal-id")
    pairs = whole_ids(ids)
    alone = ids <= _CLASS_ONLY
    return Parts(
        classes=np.where(alone, ids, pairs // 1000).astype(np.int32),
        instances=np.where(alone, NONE, pairs % 1000).astype(np.int32),
        parts=np.where(ids > _NO_PART, ids % 100, NONE).astype(np.int32),
    )


def whole_ids(ids: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the ids without their parts, as Cityscapes' instance images store them."""
    return np.where(ids > _NO_PART, ids // 100, ids).astype(np.int32)
