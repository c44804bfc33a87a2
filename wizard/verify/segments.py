"""What a relabelled label must look like, and which segments do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wizard import causes
from wizard.errors import LabelError
from wizard.findings import Finding
from wizard.labels.drawing.polygons import Patch
from wizard.labels.masks import Masks
from wizard.labels.tables.records import Segment

_SHOWN = 3
"""Segments or values a finding names before it counts the rest."""


@dataclass(slots=True)
class Expected:
    """The label a table and records make of a base, with the segment that decides each pixel."""

    pixels: NDArray[np.uint8]
    """uint8 (H, W)."""
    owner: NDArray[np.int16] | None = None
    """Number of the record that drew each pixel last, -1 for none; int16 (H, W)."""
    segments: tuple[Segment, ...] = ()
    faults: list[tuple[causes.Cause, str]] = field(default_factory=list)
    """What is wrong with the records themselves."""

    def draw(
        self, segments: Sequence[Segment], masks: Masks, *, strict: bool, owned: bool = True
    ) -> None:
        """Apply records in order, going on after a bad one; ``owned`` notes who drew each pixel.

        Masks overlap in Cityscapes and IDD: the last record that covers a pixel decides it (fact
        sheet mseg section 5).
        """
        self.segments = tuple(segments)
        self.owner = np.full(self.pixels.shape, -1, np.int16) if owned else None
        for number, segment in enumerate(segments):
            try:
                patch = masks.patch(segment.id)
            except LabelError as error:
                self.faults.append((causes.EMPTY_SEGMENT, f"{segment.name}: {error.message}"))
                continue
            self._draw(number, segment, patch, strict=strict)

    def _draw(self, number: int, segment: Segment, patch: Patch, *, strict: bool) -> None:
        rows, columns, inside = patch
        pixels = self.pixels[rows, columns]
        if not (size := np.count_nonzero(inside)):
            self.faults.append((causes.EMPTY_SEGMENT, f"{segment.name}: no such pixels"))
        if strict and (wrong := np.count_nonzero(inside & (pixels != segment.old))):
            detail = f"{segment.name}: {wrong} of {size} pixels are not {segment.old}"
            self.faults.append((causes.OLD_CLASS, detail))
        np.copyto(pixels, np.uint8(segment.new), where=inside)
        if self.owner is not None:
            np.copyto(self.owner[rows, columns], np.int16(number), where=inside)


def label_differences(
    written: NDArray[np.generic], expected: Expected, path: str, base: str
) -> Iterator[Finding]:
    """Yield where a written label, (H, W), departs from what it must be."""
    for cause, detail in expected.faults:
        yield Finding.of(cause, path, detail)
    if same_pixels(written, expected.pixels):
        return
    wrong = written != expected.pixels
    if expected.owner is not None:
        inside = wrong & (expected.owner >= 0)
        if inside.any():
            yield Finding.of(causes.WRONG_SEGMENT, path, _segments(written, expected, inside))
        wrong &= ~inside
    if wrong.any():
        yield Finding.of(causes.WRONG_PIXELS, path, _pixels(written, expected, wrong, base))


def same_pixels(first: NDArray[np.generic], second: NDArray[np.generic]) -> bool:
    """Compare two labels (H, W), eight pixels at a time where they are bytes."""
    if first.dtype != np.uint8 or first.shape != second.shape or not _is_flat(first, second):
        return bool(np.array_equal(first, second))
    one, other = first.reshape(-1), second.reshape(-1)
    whole = one.size // 8 * 8
    return bool(
        (one[:whole].view(np.uint64) == other[:whole].view(np.uint64)).all()
        and (one[whole:] == other[whole:]).all()
    )


def _is_flat(*arrays: NDArray[np.generic]) -> bool:
    return all(each.flags.c_contiguous and each.dtype == np.uint8 for each in arrays)


def _segments(written: NDArray[np.generic], expected: Expected, wrong: NDArray[np.bool_]) -> str:
    numbers = np.unique(expected.owner[wrong]) if expected.owner is not None else ()
    named = []
    for number in numbers[:_SHOWN]:
        segment = expected.segments[number]
        held = np.unique(written[wrong & (expected.owner == number)])[:_SHOWN]
        values = ", ".join(map(str, held.tolist()))
        named.append(f"{segment.name} holds {values} instead of {segment.new}")
    more = len(numbers) - len(named)
    return "; ".join(named) + (f"; and {more} more" if more else "") + _first(wrong)


def _pixels(
    written: NDArray[np.generic], expected: Expected, wrong: NDArray[np.bool_], base: str
) -> str:
    y, x = (int(axis[0]) for axis in np.nonzero(wrong))
    return (
        f"{int(wrong.sum())} of {wrong.size} pixels differ from what {base} gives:"
        f" {written[y, x]} instead of {expected.pixels[y, x]}{_first(wrong)}"
    )


def _first(wrong: NDArray[np.bool_]) -> str:
    y, x = (int(axis[0]) for axis in np.nonzero(wrong))
    return f" (first at y={y}, x={x})"
