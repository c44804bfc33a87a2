"""A look at labels by kind says of every item what a look at each file by itself says."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.errors import LabelError
from wizard.kinds.labelling.step import LabelStep
from wizard.labels.specs.taxonomies import LabelOutput, Labels
from wizard.labels.works.remap import RemapWork
from wizard.workers.batch import Workers

SPEC = Labels(
    tables="tables",
    folder="D",
    source="src",
    outputs=(LabelOutput(taxonomy="one"), LabelOutput(taxonomy="two")),
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "d"]),
        st.sampled_from(["one/x/1.png", "one/x/2.png", "one/3.png", "4.png"]),
        st.sampled_from(["two/1.png", "two/2.png", "two/y/3.png", "two/4.png", "../5.png"]),
    ),
    max_size=6,
)
ODD = st.sampled_from(["", "", "", "short", "other image", "tab", "blank"])
HELD = st.dictionaries(
    st.sampled_from(["one/x/1.png", "one/x/2.png", "one/3.png", "4.png", "two/1.png", "two/2.png"]),
    st.sampled_from([b"", b"label", None]),
)


def write(root: Path, rows: list[tuple[str, str, str]], odd: str) -> RemapWork:
    """Write lists of two splits, the second without lines or odd."""
    for split, lines in (("train", rows), ("val", [("v", "one/v.png", "two/v.png")])):
        for place, taxonomy in enumerate(("src", "one", "two")):
            home = root / "tables/dataset_lists" / taxonomy / "list"
            home.mkdir(parents=True, exist_ok=True)
            text = [f"{line[0]} {line[place] if place else 'src.png'}" for line in lines]
            if taxonomy == "two" and split == "val":
                text = {
                    "short": [],
                    "other image": ["w two/v.png"],
                    "tab": ["v\ttwo/v.png"],
                    "blank": ["v  two/v.png"],
                }.get(odd, text)
            (home / f"{split}.txt").write_text("\n".join(text))
    return RemapWork(root, root / "tables", SPEC)


def step(work: RemapWork) -> LabelStep:
    return LabelStep("d/labels", "d", "", "labels", (), work, Workers(1, "threads", "", Path()))


def single(work: RemapWork) -> tuple[int, int] | None:
    """Look at each file by itself."""
    try:
        rows = [all(map(_is_filled, outputs)) for outputs in work.expected()]
    except LabelError:
        return None
    return sum(rows), len(rows)


def _is_filled(path: str) -> bool:
    return os.path.isfile(path) and os.path.getsize(path) > 0


@settings(deadline=None, max_examples=80)
@given(ROWS, ODD, HELD)
def test_items_that_are_done_are_counted_alike(
    rows: list[tuple[str, str, str]], odd: str, held: dict[str, bytes | None]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        work = write(root, rows, odd)
        for path, data in {**held, "one/v.png": b"v"}.items():
            place = root / "D" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if data is None:
                place.mkdir()
            else:
                place.write_bytes(data)
        seen = step(work).probe()
        told = single(write(root, rows, odd))
        assert (seen.done, seen.total) == (told or (0, None) if told != (0, 0) else (0, None))


def test_a_look_holds_nothing_of_plain_lists(tmp_path: Path) -> None:
    work = write(tmp_path, [("a", "one/1.png", "two/1.png"), ("b", "one/2.png", "two/2.png")], "")
    assert (step(work).probe().done, step(work).probe().total) == (0, 3)
    assert work.columns() is not None
    with pytest.raises(TypeError):  # nothing was listed yet, so the nothing given here is called
        cast(Any, work._items).get(None)
