"""Steps that make labels: what the disk says, what a run adds, how failures are told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from scipy.io import savemat

from tests.labels.small import Published, label
from wizard.errors import Cancelled, LabelError, WaitingError
from wizard.kinds.labelling.sources import Sources, Unpacked
from wizard.kinds.labelling.step import LabelStep
from wizard.labels.pixels.decode import read_values
from wizard.labels.specs.taxonomies import LabelOutput, Labels, Mat, Polygons
from wizard.labels.works.mat import MatWork
from wizard.labels.works.polygon_files import PolygonWork
from wizard.labels.works.remap import RemapWork
from wizard.state.shards import Shard
from wizard.steps.step import StepContext
from wizard.workers.batch import Workers


def _step(work: object) -> LabelStep:
    return LabelStep("d/step", "d", "Step", "labels", (), work, Workers(2))


@pytest.fixture
def remap(tmp_path: Path) -> LabelStep:
    tables = Published(tmp_path / "tables")
    names = [f"{number}.png" for number in range(6)]
    for taxonomy, classes, folder in (("fine", ["a", "b"], "fine"), ("one", ["b"], "one")):
        tables.taxonomy(taxonomy, classes, train=[f"{name} {folder}/{name}" for name in names])
    tables.table("fine", "one", {"a": "b", "b": "b", "unlabeled": "unlabeled"})
    for name in names:
        label(tmp_path / "data/fine" / name, [[0, 1, 255]])
    outputs = (LabelOutput(taxonomy="one", base="fine"),)
    spec = Labels(tables="tables", folder="data", source="fine", outputs=outputs)
    return _step(RemapWork(tmp_path, tmp_path / "tables", spec))


def test_a_step_goes_from_todo_over_partial_to_done(remap: LabelStep, tmp_path: Path) -> None:
    assert (remap.probe().state, remap.probe().total) == ("todo", 6)
    context = StepContext()
    remap.run(context)
    assert remap.probe().state == "done"
    assert (context.counter.done, context.counter.total, context.failures) == (6, 6, [])
    (tmp_path / "data/one/3.png").unlink()
    (tmp_path / "data/one/4.png").write_bytes(b"")
    assert (remap.probe().state, remap.probe().done) == ("partial", 4)
    again = StepContext()
    remap.run(again)
    assert remap.probe().state == "done"
    assert again.counter.done == 6


def test_failures_are_grouped_and_mended_by_the_next_run(remap: LabelStep, tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"data/fine/{number}.png").write_bytes(b"<html>")
    label(tmp_path / "data/fine/5.png", [[9]])
    context = StepContext()
    with pytest.raises(LabelError, match="2 failures in 6 images"):
        remap.run(context)
    assert [(group.cause, group.count, group.fatal) for group in context.failures] == [
        ("undecodable-image", 2, True),
        ("value-outside-taxonomy", 1, False),
    ]
    assert (remap.probe().state, remap.probe().done) == ("partial", 4)
    for number in (1, 2):
        label(tmp_path / f"data/fine/{number}.png", [[0]])
    remap.run(StepContext())
    assert remap.probe().state == "done"


def test_labels_are_made_anew_once_their_archive_was_replaced(
    remap: LabelStep, tmp_path: Path
) -> None:
    record = tmp_path / "record.json"
    stamp = tmp_path / "state/labels.json"
    step = replace(remap, sources=Sources(stamp, (("d/extract", record),)))
    step.run(StepContext())  # nothing is known of the archive: made by hand
    for content, state in (("old", "done"), ("old", "done"), ("new", "todo")):
        record.write_bytes(msgspec.json.encode(Unpacked(content=content)))
        assert step.probe().state == state
        step.run(StepContext())
        label(tmp_path / "data/fine/3.png", [[1, 1]])
    assert np.array_equal(read_values(tmp_path / "data/one/3.png"), [[0, 0]])
    assert step.probe().state == "done"
    record.unlink()
    assert step.probe().state == "done"


def test_missing_tables_are_a_todo_and_an_error_when_run(remap: LabelStep, tmp_path: Path) -> None:
    (tmp_path / "tables/class_remapping_files/fine_to_one.tsv").unlink()
    with pytest.raises(LabelError, match="table is missing"):
        remap.run(StepContext())
    (tmp_path / "tables").rename(tmp_path / "gone")
    assert _step(RemapWork(tmp_path, tmp_path / "tables", remap.work.spec)).probe().state == "todo"


def test_a_stopped_step_says_so(remap: LabelStep) -> None:
    context = StepContext()
    context.token.cancel()
    with pytest.raises(Cancelled):
        remap.run(context)


def test_matlab_files_are_done_once_their_folder_is_gone(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        savemat(tmp_path / "in" / f"{name}.mat", {"LabelMap": np.ones((2, 2))})
    spec = Mat(sources="in/*.mat", variable="LabelMap", into="out", remove="in")
    step = _step(MatWork(tmp_path, spec))
    assert (step.probe().state, step.probe().total) == ("todo", 2)
    step.run(StepContext())
    assert not (tmp_path / "in").exists()
    assert (step.probe().state, step.probe().done) == ("done", 2)
    step.run(StepContext())
    with pytest.raises(LabelError, match="nothing to make labels from"):
        _step(MatWork(tmp_path / "elsewhere", spec)).run(StepContext())


def test_a_broken_matlab_file_keeps_the_sources(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    savemat(tmp_path / "in/a.mat", {"LabelMap": np.ones((2, 2))})
    (tmp_path / "in/b.mat").write_text("no")
    spec = Mat(sources="in/*.mat", variable="LabelMap", into="out", remove="in")
    step = _step(MatWork(tmp_path, spec))
    with pytest.raises(LabelError):
        step.run(StepContext())
    assert len(list((tmp_path / "in").iterdir())) == 2
    assert step.probe().state == "partial"


def test_polygons_are_drawn_beside_their_files(tmp_path: Path) -> None:
    Published(tmp_path / "tables").taxonomy("fine", ["road", "unlabeled"])
    square = {"label": "road", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}
    for name, objects in (("a", [square]), ("b", [{**square, "label": "tree"}])):
        document = {"imgHeight": 3, "imgWidth": 3, "objects": objects}
        (tmp_path / f"{name}_polygons.json").write_text(json.dumps(document))
    spec = Polygons(
        sources="*_polygons.json",
        replace=("_polygons.json", "_ids.png"),
        tables="tables",
        taxonomy="fine",
    )
    step = _step(PolygonWork(tmp_path, tmp_path / "tables", spec))
    context = StepContext()
    step.run(context)
    assert step.probe().state == "done"
    assert (tmp_path / "a_ids.png").is_file()
    (group,) = context.failures
    assert (group.cause, group.fatal) == ("unknown-label", False)
    no_background = Polygons(
        sources="*_polygons.json",
        replace=("_polygons.json", "_other.png"),
        tables="tables",
        taxonomy="fine",
        background="void",
    )
    with pytest.raises(LabelError, match="no class void"):
        _step(PolygonWork(tmp_path, tmp_path / "tables", no_background)).run(StepContext())


def test_a_label_whose_source_is_gone_is_named_with_what_to_bring(tmp_path: Path) -> None:
    spec = Mat(sources="mats/*.mat", variable="LabelMap", into="labels", remove="mats")
    mat = _step(MatWork(tmp_path, spec))
    (tmp_path / "mats").mkdir()
    for name in ("a", "b", "c"):
        savemat(tmp_path / f"mats/{name}.mat", {"LabelMap": np.ones((2, 2))})
    mat.run(StepContext())
    (tmp_path / "labels/b.png").write_bytes(b"")
    assert mat.probe().state == "partial"
    with pytest.raises(LabelError, match=r"1 labels are missing, .* b\.png first") as caught:
        mat.run(StepContext())
    assert "inbox" in caught.value.hint
    # One source back is enough, and the others stay as they are.
    before = (tmp_path / "labels/a.png").stat().st_mtime_ns
    (tmp_path / "mats").mkdir()
    savemat(tmp_path / "mats/b.mat", {"LabelMap": np.ones((2, 2))})
    mat.run(StepContext())
    assert mat.probe().state == "done"
    assert (tmp_path / "labels/a.png").stat().st_mtime_ns == before


@pytest.mark.parametrize("harm", ["folder", "full folder", "dangling link"])
def test_what_took_the_name_of_a_label_makes_way(
    remap: LabelStep, tmp_path: Path, harm: str
) -> None:
    remap.run(StepContext())
    target = tmp_path / "data/one/3.png"
    whole = target.read_bytes()
    target.unlink()
    if harm == "dangling link":
        target.symlink_to("nowhere")
    else:
        target.mkdir()
    if harm == "full folder":
        (target / "kept").write_text("of a person")
    assert (remap.probe().state, remap.probe().done) == ("partial", 5)
    remap.run(StepContext())
    assert remap.probe().state == "done"
    assert target.read_bytes() == whole
    assert not target.is_symlink()
    kept = [path.read_text() for path in target.parent.rglob("kept")]
    assert kept == (["of a person"] if harm == "full folder" else [])


def test_shards_make_their_parts_and_leave_the_end_to_the_whole(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(5):
        savemat(tmp_path / "in" / f"{number}.mat", {"LabelMap": np.ones((2, 2))})
    spec = Mat(sources="in/*.mat", variable="LabelMap", into="out", remove="in")
    step, shards = _step(MatWork(tmp_path, spec)), [Shard(0, 2), Shard(1, 2), Shard(0, 1)]
    made = []
    for shard, before in zip(shards, ("todo", "todo", "done"), strict=True):
        assert step.probe_part(shard).state == before
        context = StepContext()
        step.make_part(shard, context)
        assert context.counter.done == context.counter.total == len(shard.places(5))
        assert step.probe_part(shard).state == "done"
        made.append(sorted(path.stem for path in (tmp_path / "out").iterdir()))
    assert made == [["0", "2", "4"], ["0", "1", "2", "3", "4"], ["0", "1", "2", "3", "4"]]
    assert (tmp_path / "in").exists()
    step.run(StepContext())
    assert not (tmp_path / "in").exists()


def test_a_shard_takes_nothing_away_that_another_may_be_reading(
    remap: LabelStep, tmp_path: Path
) -> None:
    record, kept = tmp_path / "record.json", tmp_path / "state/labels.json"
    step = replace(remap, sources=Sources(kept, (("d/extract", record),)))
    record.write_bytes(msgspec.json.encode(Unpacked(content="old")))
    for shard in (Shard(0, 2), Shard(1, 2)):
        step.make_part(shard, StepContext())
    assert step.probe_part(Shard(1, 2)).state == "done"
    record.write_bytes(msgspec.json.encode(Unpacked(content="new")))
    assert step.probe_part(Shard(1, 2)).state == "partial"
    with pytest.raises(WaitingError, match="replaced"):
        step.make_part(Shard(1, 2), StepContext())
    assert len(list((tmp_path / "data/one").iterdir())) == 6
    step.run(StepContext())
    assert step.probe_part(Shard(1, 2)).state == "done"


def test_what_was_brought_before_any_label_was_made_stops_no_shard(
    remap: LabelStep, tmp_path: Path
) -> None:
    class Come:
        why = "brought"
        kept = False

        def replaced(self) -> bool:
            return not self.kept

        def keep(self) -> None:
            self.kept = True

    step = replace(remap, sources=Come())  # type: ignore[arg-type]
    for shard in (Shard(0, 2), Shard(1, 2)):
        step.make_part(shard, StepContext())
    assert step.probe().state == "done"
