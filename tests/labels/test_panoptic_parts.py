"""Panoptic part ids, against the vectors of the published format."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.errors import LabelError
from wizard.labels.pixels.panoptic import split_ids, whole_ids


@pytest.mark.parametrize(
    ("number", "parts"),
    [
        (24, (24, -1, -1)),
        (7, (7, -1, -1)),
        (24001, (24, 1, -1)),
        (2400100, (24, 1, 0)),
        (2401002, (24, 10, 2)),
        (2600205, (26, 2, 5)),
    ],
)
def test_vectors(number: int, parts: tuple[int, int, int]) -> None:
    split = split_ids(np.array([[number]], np.int32))
    assert tuple(int(each[0, 0]) for each in split) == parts


@pytest.mark.parametrize("number", [-1, 100, 999, 10_000_000])
def test_illegal_ids_are_refused(number: int) -> None:
    with pytest.raises(LabelError, match=str(number)):
        split_ids(np.array([[7, number]], np.int32))


@given(st.integers(1, 99), st.integers(0, 999), st.integers(0, 99))
def test_what_was_joined_comes_apart(kind: int, instance: int, part: int) -> None:
    ids = np.array(
        [[kind, kind * 1000 + instance, (kind * 1000 + instance) * 100 + part]], np.int32
    )
    split = split_ids(ids)
    assert split.classes.tolist() == [[kind, kind, kind]]
    assert split.instances.tolist() == [[-1, instance, instance]]
    assert split.parts.tolist() == [[-1, -1, part]]
    assert whole_ids(ids).tolist() == [[kind, kind * 1000 + instance, kind * 1000 + instance]]
