from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.errors import LabelError
from wizard.labels.tables.taxonomies import Tables, make_lookup

OLD = ("road", "sky", "rider")
NEW = ("sky", "ground")
ROWS = [("road", "ground"), ("sky", "sky"), ("rider", "unlabeled"), ("unlabeled", "unlabeled")]


def write_names(tables: Tables, taxonomy: str, names: tuple[str, ...], end: str = "\n") -> None:
    folder = tables.folder / "dataset_lists" / taxonomy
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{taxonomy}_names.txt").write_bytes(end.join(names).encode())


def write_table(tables: Tables, rows: list[tuple[str, str]], head: str = "old\tnew") -> Path:
    folder = tables.folder / "class_remapping_files"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "old_to_new.tsv"
    path.write_bytes("\r\n".join([head, *("\t".join(row) for row in rows)]).encode())
    return path


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    made = Tables(tmp_path)
    write_names(made, "old", OLD, end="\r\n")
    write_names(made, "new", NEW)
    write_table(made, ROWS)
    return made


def test_names_come_without_line_ends(tables: Tables) -> None:
    assert tables.names("old") == OLD
    assert tables.indices("new") == {"sky": 0, "ground": 1, "unlabeled": 255}


def test_lookup_follows_the_table(tables: Tables) -> None:
    lookup = tables.lookup("old", "new")
    assert lookup.dtype == np.uint8
    assert lookup.shape == (256,)
    assert lookup[:3].tolist() == [1, 0, 255]
    assert lookup[255] == 255
    assert not lookup[3:255].any()
    with pytest.raises(ValueError, match="read-only"):
        lookup[0] = 7


def test_tables_travel_and_follow_changes(tables: Tables) -> None:
    assert pickle.loads(pickle.dumps(tables)).names("new") == NEW
    write_names(tables, "new", ("ground", "sky"))
    path = tables.folder / "dataset_lists" / "new" / "new_names.txt"
    os.utime(path, ns=(1, 1))
    assert tables.lookup("old", "new")[:2].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("rows", "line", "reason"),
    [
        ([*ROWS, ("sea", "sky")], 6, "'sea' is no class of old"),
        ([("road", "sea"), *ROWS[1:]], 2, "'sea' is no class of new"),
        ([*ROWS, ("road", "sky")], 6, "two different classes for 'road'"),
        ([*ROWS, ("road",)], 6, "expected 2 columns, found 1"),
    ],
)
def test_a_bad_row_is_named(
    tables: Tables, rows: list[tuple[str, str]], line: int, reason: str
) -> None:
    path = write_table(tables, rows)
    with pytest.raises(LabelError, match=reason) as caught:
        tables.lookup("old", "new")
    assert caught.value.where == f"{path}:{line}"
    assert caught.value.hint


def test_a_class_without_a_row_is_named(tables: Tables) -> None:
    write_table(tables, ROWS[1:])
    with pytest.raises(LabelError, match="no line for class 'road'"):
        tables.lookup("old", "new")


def test_a_wrong_header_is_named(tables: Tables) -> None:
    write_table(tables, ROWS, head="old\tother")
    with pytest.raises(LabelError, match="does not name old and new"):
        tables.lookup("old", "new")


def test_columns_are_found_by_name(tables: Tables) -> None:
    write_table(tables, [(new, old) for old, new in ROWS], head="new\told")
    assert tables.lookup("old", "new")[:3].tolist() == [1, 0, 255]


def test_a_row_may_repeat_itself(tables: Tables) -> None:
    write_table(tables, [*ROWS, ROWS[0]])
    assert tables.lookup("old", "new")[0] == 1


def test_targets_must_fit_eight_bits(tables: Tables) -> None:
    write_names(tables, "new", (*NEW, *(f"more {number}" for number in range(254))))
    with pytest.raises(LabelError, match="too many for 8 bits"):
        tables.lookup("old", "new")


def test_missing_files_are_named(tables: Tables) -> None:
    with pytest.raises(LabelError, match="missing") as caught:
        tables.names("nowhere")
    assert "nowhere_names.txt" in caught.value.where
    with pytest.raises(LabelError, match="missing"):
        tables.pairs("old", "train")


def test_a_gap_among_names_would_shift_classes(tables: Tables) -> None:
    write_names(tables, "old", ("road", "", "sky"))
    with pytest.raises(LabelError, match="empty line"):
        tables.names("old")


def test_colours_are_rows_of_classes(tables: Tables) -> None:
    path = tables.folder / "dataset_lists" / "new" / "new_colors.txt"
    path.write_text("1\t2\t3\n4 5 6")
    assert tables.colours("new").tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1 2 3\n1 2 3\n", "colour of line 1 again"),
        ("1 2 3\n1 2 300\n", "from 0 to 255"),
        ("1 2 3\n1 2\n", "three numbers"),
        ("1 2 3\n", "1 colours for 2 classes"),
    ],
)
def test_bad_colours_are_named(tables: Tables, text: str, reason: str) -> None:
    (tables.folder / "dataset_lists" / "new" / "new_colors.txt").write_text(text)
    with pytest.raises(LabelError, match=reason):
        tables.colours("new")


def transcribed(source: list[str], target: list[str], rows: dict[str, str]) -> list[int]:
    """The rule of fact sheet mseg section 4, step by step as it is written there."""
    new: dict[str, int] = {}
    for index, name in enumerate(target):
        new[name] = index
    new["unlabeled"] = 255
    old: dict[int, str] = {}
    for index, name in enumerate(source):
        old[index] = name
    old[255] = "unlabeled"
    values = []
    for index in range(max(old) + 1):
        values.append(new[rows[old[index]]] if index in old else 0)
    return values


names = st.lists(st.text("abcdefgh", min_size=1, max_size=4), unique=True, min_size=1)


@given(names, names, st.randoms(use_true_random=False), st.integers(0, 300))
def test_lookup_is_the_published_rule(
    source: list[str], target: list[str], random: object, padding: int
) -> None:
    source = source + [f"class {number}" for number in range(padding)]
    rows = {
        name: random.choice([*target, "unlabeled"])  # type: ignore[attr-defined]
        for name in [*source, "unlabeled"]
    }
    lookup = make_lookup(tuple(source), tuple(target), rows)
    assert lookup.tolist() == transcribed(source, target, rows)


def test_names_that_repeat_share_a_value() -> None:
    rows = {"unlabeled": "unlabeled", "car": "car"}
    lookup = make_lookup(("unlabeled", "car", "unlabeled"), ("car",), rows)
    assert lookup[:3].tolist() == [255, 0, 255]
