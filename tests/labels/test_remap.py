"""The whole chain of one dataset, from lists and tables to every taxonomy on disk."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.labels.small import Published, label, packed_image, save
from wizard.errors import LabelError
from wizard.labels.pipeline import Plane, is_outside
from wizard.labels.pixels.decode import read_values
from wizard.labels.pixels.runs import gather
from wizard.labels.specs.taxonomies import LabelOutput, Labels, Relabel
from wizard.labels.tables.taxonomies import make_lookup
from wizard.labels.works.remap import RemapWork

FINE = ["sky", "car", "rider", "unlabeled", "tree"]
COARSE = ["car", "person", "sky"]
NEW = ["bicyclist", "car", "person", "sky"]

STEP = Labels(
    tables="tables",
    folder="data",
    source="fine-5",
    outputs=(
        LabelOutput(taxonomy="coarse-3", base="fine-5"),
        LabelOutput(
            taxonomy="coarse-3-relabeled",
            base="coarse-3",
            relabel=Relabel(records="records", mask="label", strict=True),
        ),
    ),
    splits=("train",),
)


def _lines(folder: str, names: tuple[str, ...]) -> list[str]:
    return [f"image/{name}.jpg {folder}/{name}.png" for name in names]


@pytest.fixture
def tables(tmp_path: Path) -> Published:
    tables = Published(tmp_path / "tables")
    names = ("a", "b", "a")
    tables.taxonomy("fine-5", FINE, train=_lines("fine", names))
    tables.taxonomy("coarse-3", COARSE, train=_lines("coarse", names))
    tables.taxonomy("coarse-3-relabeled", NEW, train=_lines("new", names))
    rows = {"sky": "sky", "car": "car", "rider": "person", "tree": "unlabeled"}
    tables.table("fine-5", "coarse-3", {**rows, "unlabeled": "unlabeled"})
    same = {name: name for name in (*COARSE, "unlabeled")}
    tables.table("coarse-3", "coarse-3-relabeled", same)
    tables.records("records", [("train", "person", "bicyclist", ["a_1.png"])])
    label(tmp_path / "data/fine/a.png", [[0, 1, 2], [3, 4, 255]])
    label(tmp_path / "data/fine/b.png", [[2, 2, 0]])
    return tables


def _work(tmp_path: Path, step: Labels = STEP) -> RemapWork:
    return RemapWork(tmp_path, tmp_path / "tables", step)


def _written(tmp_path: Path, name: str) -> list[list[int]]:
    return read_values(tmp_path / "data" / name).tolist()


def _run(work: RemapWork) -> list[str]:
    found = [finding for item in work.items() for finding in work.process(item).findings]
    return [finding.cause for finding in found]


def test_every_taxonomy_is_written_from_one_source(tables: Published, tmp_path: Path) -> None:
    assert _run(_work(tmp_path)) == []
    assert _written(tmp_path, "coarse/a.png") == [[2, 0, 1], [255, 255, 255]]
    assert _written(tmp_path, "new/a.png") == [[3, 1, 0], [255, 255, 255]]
    assert _written(tmp_path, "new/b.png") == [[2, 2, 3]]


def test_an_output_that_several_lines_name_is_one_item(tables: Published, tmp_path: Path) -> None:
    work = _work(tmp_path)
    assert [item.image for item in work.items()] == ["image/a.jpg", "image/b.jpg"]
    assert [item.image for item in work.items()[1:]] == ["image/b.jpg"]
    outputs = [tuple(map(str, item.outputs)) for item in work.items()]
    assert outputs == list(work.expected())


def test_only_what_is_missing_is_written(tables: Published, tmp_path: Path) -> None:
    work = _work(tmp_path)
    _run(work)
    kept, lost = tmp_path / "data/coarse/a.png", tmp_path / "data/new/a.png"
    before, content = kept.stat().st_mtime_ns, lost.read_bytes()
    lost.write_bytes(b"")
    _run(work)
    assert kept.stat().st_mtime_ns == before
    assert lost.read_bytes() == content


def test_a_work_that_travels_leaves_its_tables_behind(tables: Published, tmp_path: Path) -> None:
    work = _work(tmp_path)
    _run(work)
    parcel = pickle.dumps(work)
    assert len(parcel) < 2000
    assert pickle.loads(parcel) == work
    assert len(pickle.loads(parcel).items()) == 2


def test_values_of_no_class_become_class_0_and_are_named(tables: Published, tmp_path: Path) -> None:
    label(tmp_path / "data/fine/b.png", [[40, 40, 7]])
    work = _work(tmp_path)
    (finding,) = work.process(work.items()[1]).findings
    assert not finding.fatal
    assert finding.path.endswith("data/fine/b.png")
    assert "7 (1 pixel), 40 (2 pixels)" in finding.detail
    assert _written(tmp_path, "coarse/b.png") == [[0, 0, 0]]


def test_values_beyond_the_table_fail_the_image(tables: Published, tmp_path: Path) -> None:
    label(tmp_path / "data/fine/b.png", [[0, 256, 1]], np.uint16)
    work = _work(tmp_path)
    findings = work.process(work.items()[1]).findings
    assert {finding.cause for finding in findings if finding.fatal} == {"value-beyond-table"}
    assert any("value 256" in finding.detail for finding in findings)
    assert not (tmp_path / "data/coarse/b.png").exists()


@pytest.mark.parametrize(
    ("segment", "old", "cause"),
    [("a_9.png", "person", "empty-mask"), ("a_1.png", "car", "other-class")],
)
def test_a_record_that_does_not_fit_spoils_only_its_taxonomy(
    tables: Published, tmp_path: Path, segment: str, old: str, cause: str
) -> None:
    tables.records("records", [("train", old, "bicyclist", [segment])])
    work = _work(tmp_path)
    (finding,) = work.process(work.items()[0]).findings
    assert finding.fatal
    assert finding.cause == cause
    assert segment in finding.path
    assert (tmp_path / "data/coarse/a.png").exists()
    assert not (tmp_path / "data/new/a.png").exists()


def test_records_are_drawn_in_the_tables_order(tables: Published, tmp_path: Path) -> None:
    tables.records(
        "records",
        [
            ("train", "person", "bicyclist", ["a_1.png"]),
            ("train", "bicyclist", "car", ["a_1.png"]),
            ("val", "car", "sky", ["a_1.png"]),
        ],
    )
    assert _run(_work(tmp_path)) == []
    assert _written(tmp_path, "new/a.png") == [[3, 1, 1], [255, 255, 255]]


def test_a_broken_table_fails_at_the_start_and_not_once_per_image(
    tables: Published, tmp_path: Path
) -> None:
    work = _work(tmp_path)
    assert work.start() == ()
    tables.table("fine-5", "coarse-3", {"sky": "sky"})
    with pytest.raises(LabelError, match="no line for class"):
        work.start()


def test_lists_that_do_not_align_are_refused(tables: Published, tmp_path: Path) -> None:
    file = tables.folder / "dataset_lists/coarse-3/list/train.txt"
    file.write_text("\n".join(_lines("coarse", ("a", "c", "a"))))
    with pytest.raises(LabelError, match=r"line 2 is image/b\.jpg in one, image/c\.jpg") as told:
        _work(tmp_path).items()
    assert told.value.where == str(file.parents[2] / "fine-5/list/train.txt")
    file.write_text("\n".join(_lines("coarse", ("a", "b"))))
    with pytest.raises(LabelError, match="3 and 2 lines"):
        _work(tmp_path).items()


def test_missing_sources_are_named_and_do_not_stop_the_others(
    tables: Published, tmp_path: Path
) -> None:
    (tmp_path / "data/fine/a.png").unlink()
    assert _run(_work(tmp_path)) == ["missing-label", "missing-label"]
    assert (tmp_path / "data/new/b.png").exists()


def test_colours_of_no_class_are_counted(tables: Published, tmp_path: Path) -> None:
    tables.colours("fine-5", [(number, 0, 0) for number in range(5)])
    save(tmp_path / "data/fine/a.png", packed_image(np.array([[4, 1, 77], [77, 78, 2]], np.uint32)))
    step = Labels(
        tables="tables",
        folder="data",
        source="fine-5",
        decode="colours",
        outputs=(LabelOutput(taxonomy="coarse-3", base="fine-5"),),
    )
    work = _work(tmp_path, step)
    (finding,) = work.process(work.items()[0]).findings
    assert not finding.fatal
    assert "3 pixels in 2 colours of no class (#4d0000, #4e0000)" in finding.detail
    assert "class 0 (sky)" in finding.detail
    assert _written(tmp_path, "coarse/a.png") == [[255, 0, 2], [2, 2, 1]]


def test_panoptic_images_go_through_the_json_of_their_split(
    tables: Published, tmp_path: Path
) -> None:
    save(tmp_path / "data/fine/a.png", packed_image(np.array([[70000, 9], [0, 9]], np.uint32)))
    segments = [{"id": 70000, "category_id": 1}, {"id": 9, "category_id": 2}]
    document = {"annotations": [{"file_name": "a.png", "segments_info": segments}]}
    (tmp_path / "data/train.json").write_text(json.dumps(document))
    tables.records("records", [("train", "person", "bicyclist", ["a_9.png"])])
    relabel = Relabel(
        records="records", mask="panoptic", source="data/fine/{stem}.png", strict=True
    )
    tables.taxonomy("plain-5", FINE, train=_lines("plain", ("a", "b", "a")))
    step = Labels(
        tables="tables",
        folder="data",
        source="fine-5",
        decode="panoptic",
        segments="{split}.json",
        outputs=(
            LabelOutput(taxonomy="plain-5"),
            LabelOutput(taxonomy="coarse-3", base="fine-5"),
            LabelOutput(taxonomy="coarse-3-relabeled", base="coarse-3", relabel=relabel),
        ),
        splits=("train",),
    )
    work = _work(tmp_path, step)
    assert work.process(work.items()[0]).findings == ()
    assert _written(tmp_path, "plain/a.png") == [[1, 2], [255, 2]]
    assert _written(tmp_path, "coarse/a.png") == [[0, 1], [255, 1]]
    assert _written(tmp_path, "new/a.png") == [[1, 0], [255, 0]]
    causes = {finding.cause for finding in work.process(work.items()[1]).findings}
    assert causes == {"not-in-panoptic-json"}


@pytest.mark.parametrize("shape", [(1, 1), (300, 301), (513, 129), (700, 200)])
def test_pairs_of_pixels_go_through_a_table_like_single_ones(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(2)
    values = random.integers(0, 256, shape).astype(np.uint8)
    table = random.integers(0, 256, 256).astype(np.uint8)
    assert np.array_equal(gather(table, values), table[values])
    assert np.array_equal(gather(table, values[:, ::2]), table[values[:, ::2]])
    longer = np.arange(460, dtype=np.uint16).astype(np.uint8)
    wide = random.integers(0, 460, shape).astype(np.uint16)
    assert np.array_equal(gather(longer, wide), longer[wide])
    assert np.array_equal(gather(longer, values), longer[values])


@pytest.mark.parametrize("classes", [1, 19, 200, 255])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_outside_means_neither_a_class_nor_255(classes: int, dtype: type) -> None:
    values = np.arange(256 if dtype is np.uint8 else 500).astype(dtype)
    expected = [value >= classes and value != 255 for value in values.tolist()]
    assert is_outside(values, classes).tolist() == expected


@settings(max_examples=50)
@given(
    arrays.arrays(np.uint8, (3, 4)),
    st.lists(st.sampled_from(["a", "b", "c", "unlabeled"]), min_size=1, max_size=6),
    st.data(),
)
def test_composed_tables_equal_one_table_after_the_other(
    values: np.ndarray, names: list[str], data: st.DataObject
) -> None:
    middle = tuple(dict.fromkeys(names))
    last = ("x", "y")
    first_table = {name: name for name in middle} | {"unlabeled": "unlabeled"}
    pick = st.sampled_from([*last, "unlabeled"])
    second_table = {name: data.draw(pick) for name in middle} | {"unlabeled": "unlabeled"}
    one = make_lookup(middle, middle, first_table)
    two = make_lookup(middle, last, second_table)
    plane = Plane(values).through(one, "here").through(two, "here")
    slow = np.empty_like(values)
    for place, value in np.ndenumerate(values):
        slow[place] = two[one[value]]
    assert np.array_equal(plane.pixels(), slow)
