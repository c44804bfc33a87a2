"""Relabel records applied to one image."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from wizard.errors import LabelError
from wizard.labels.masks import REMAKE, Masks
from wizard.labels.records import Segment


def apply(
    label: NDArray[np.uint8], segments: Iterable[Segment], masks: Masks, *, strict: bool
) -> None:
    """Give every segment of an image its new class, in order, in place: uint8 (H, W).

    A mask must hold a pixel, and where ``strict`` every pixel of it the old class (fact sheet mseg
    section 5); raises ``LabelError`` naming the segment otherwise.
    """
    for segment in segments:
        rows, columns, inside = masks.patch(segment.id)
        place = label[rows, columns]
        if not inside.any():
            raise _fault(segment, "is not in the image", "empty-mask")
        if strict and (inside & (place != segment.old)).any():
            raise _fault(segment, f"holds pixels that are not class {segment.old}", "other-class")
        np.copyto(place, np.uint8(segment.new), where=inside)


def _fault(segment: Segment, reason: str, cause: str) -> LabelError:
    return LabelError(
        f"segment {segment.id} {reason}", cause=cause, where=segment.name, hint=REMAKE
    )
