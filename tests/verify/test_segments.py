from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.errors import LabelError
from wizard.labels.drawing.polygons import Patch
from wizard.labels.tables.records import Segment
from wizard.verify.segments import Expected, label_differences

SHAPE = (5, 7)


@dataclass(frozen=True)
class Boxes:
    """Masks as rectangles: segment -> top, left, bottom, right, ends excluded."""

    boxes: dict[int, tuple[int, int, int, int]]

    def patch(self, segment: int) -> Patch:
        if segment not in self.boxes:
            raise LabelError(f"no object with id {segment}")
        top, left, bottom, right = self.boxes[segment]
        mask = np.zeros(SHAPE, np.bool_)
        mask[top:bottom, left:right] = True
        return Patch(slice(None), slice(None), mask)


box = st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(1, 5), st.integers(1, 7))


@settings(max_examples=60)
@given(st.lists(st.tuples(box, st.integers(0, 255)), max_size=6))
def test_the_last_record_that_covers_a_pixel_decides(
    drawn: list[tuple[tuple[int, int, int, int], int]],
) -> None:
    masks = Boxes({number: shape for number, (shape, _) in enumerate(drawn)})
    segments = [Segment(number, 0, new, str(number)) for number, (_, new) in enumerate(drawn)]
    expected = Expected(np.full(SHAPE, 9, np.uint8))
    expected.draw(segments, masks, strict=False)
    for y in range(SHAPE[0]):
        for x in range(SHAPE[1]):
            covering = [
                new
                for (top, left, bottom, right), new in drawn
                if top <= y < bottom and left <= x < right
            ]
            assert expected.pixels[y, x] == (covering[-1] if covering else 9)


def faults(expected: Expected) -> list[tuple[str, str]]:
    return [(cause.slug, detail) for cause, detail in expected.faults]


def test_a_bad_record_does_not_hide_the_next() -> None:
    expected = Expected(np.zeros(SHAPE, np.uint8))
    segments = [Segment(1, 0, 5, "one"), Segment(2, 0, 6, "two"), Segment(3, 0, 7, "three")]
    expected.draw(segments, Boxes({2: (0, 0, 0, 0), 3: (0, 0, 1, 1)}), strict=False)
    assert faults(expected) == [
        ("empty-segment", "one: no object with id 1"),
        ("empty-segment", "two: no such pixels"),
    ]
    assert expected.pixels[0, 0] == 7


def test_strict_records_expect_their_old_class() -> None:
    pixels = np.zeros(SHAPE, np.uint8)
    pixels[0, :2] = (4, 3)
    expected = Expected(pixels)
    expected.draw([Segment(1, 4, 5, "one")], Boxes({1: (0, 0, 1, 2)}), strict=True)
    assert faults(expected) == [("old-class", "one: 1 of 2 pixels are not 4")]


def test_differences_tell_segments_from_the_rest() -> None:
    expected = Expected(np.zeros(SHAPE, np.uint8))
    expected.draw([Segment(1, 0, 5, "one")], Boxes({1: (1, 1, 3, 3)}), strict=False)
    written = expected.pixels.copy()
    assert [*label_differences(written, expected, "x.png", "base")] == []
    written[2, 2] = 8
    written[4, 6] = 9
    inside, outside = label_differences(written, expected, "x.png", "base")
    assert (inside.cause, inside.detail) == (
        "wrong-segment",
        "one holds 8 instead of 5 (first at y=2, x=2)",
    )
    assert (outside.cause, outside.detail) == (
        "wrong-pixels",
        "1 of 35 pixels differ from what base gives: 9 instead of 0 (first at y=4, x=6)",
    )


def test_a_segment_wholly_covered_later_is_fine() -> None:
    expected = Expected(np.zeros(SHAPE, np.uint8))
    segments = [Segment(1, 0, 5, "one"), Segment(2, 0, 6, "two")]
    expected.draw(segments, Boxes({1: (0, 0, 2, 2), 2: (0, 0, 3, 3)}), strict=False)
    assert not expected.faults
    assert not [*label_differences(expected.pixels, expected, "x.png", "base")]
