from __future__ import annotations

import pickle
import shutil
import tracemalloc
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.verify.town import REMEDIES, Town, load, save, verify_here
from wizard.files import PARTIAL
from wizard.labels.specs.taxonomies import Layer
from wizard.labels.tables.lists import Pair
from wizard.labels.tables.taxonomies import Tables
from wizard.verify.context import Context
from wizard.verify.dataset import ImageWork, broken_labels, repair, verify_dataset
from wizard.verify.scan import scan_tree
from wizard.verify.subject import Subject
from wizard.verify.summary import Summary


def test_layers_follow_the_steps_that_made_them(town: Town) -> None:
    source, mapped, relabelled = town.subject.layers
    assert source == Layer("town-4")
    assert (mapped.base, mapped.produced, mapped.relabel) == ("town-4", True, None)
    assert relabelled.base == "town-3"
    assert relabelled.relabel is not None


def test_the_work_travels_to_another_process(town: Town) -> None:
    work = ImageWork(town.subject)
    items = work.items()
    assert work.process(items[0]).findings == ()
    again = pickle.loads(pickle.dumps(work))
    assert [*again.items()] == [*items]
    town.label("town-3").write_bytes(b"junk")
    assert [each.cause for each in again.process(items[0]).findings] == ["broken-label"]


def test_an_image_listed_many_times_is_checked_once(town: Town) -> None:
    for taxonomy in ("town-4", "town-3", "town-3-relabeled"):
        lines = town.list(taxonomy).read_text()
        town.list(taxonomy).write_text(lines * 16)
    assert len(ImageWork(town.subject).items()) == 4
    assert town.verify().sound


def test_a_broken_table_is_a_finding_and_the_rest_goes_on(town: Town) -> None:
    path = town.tables / "class_remapping_files" / "town-3_to_town-3-relabeled.tsv"
    path.write_text(path.read_text().replace("bicyclist", "unicyclist"))
    town.label("town-3").unlink()
    causes = {finding.cause: finding for finding in town.verify().findings}
    assert causes["table"].path == f"{path}:3"
    assert "unicyclist" in causes["table"].detail
    assert "missing-label" in causes


def test_a_missing_list_is_a_finding_and_the_rest_goes_on(town: Town) -> None:
    town.list("town-3").unlink()
    town.image("four").unlink()
    causes = {finding.cause for finding in town.verify().findings if finding.fatal}
    assert causes == {"table", "missing-image"}


def test_a_missing_dataset_is_all_missing_files(town: Town) -> None:
    shutil.rmtree(town.root)
    summary = town.verify()
    counts = {group.cause: group.count for group in summary.groups if group.fatal}
    assert counts == {"missing-image": 4, "missing-label": 12}
    assert all(len(group.examples) <= 5 for group in summary.groups)
    assert summary.groups[0].hint.endswith("segwizard run town")


def test_an_image_of_no_list_is_told_but_harmless(town: Town) -> None:
    path = town.segments("train_bicyclist.txt")
    path.write_text(path.read_text() + "\nseqa_nobody_1.jpg")
    summary = town.verify()
    assert summary.sound
    assert ("unlisted-image", "a/nobody") in {(f.cause, f.path) for f in summary.findings}


def test_a_deep_verification_decodes_images(town: Town) -> None:
    data = bytearray(town.image("two").read_bytes())
    data[data.index(b"IDAT") + 20] ^= 0xFF
    town.image("two").write_bytes(bytes(data))
    assert town.verify().sound
    deep = verify_dataset(replace(town.subject, deep=True), verify_here, REMEDIES)
    assert [group.cause for group in deep.groups if group.fatal] == ["broken-image"]


def test_the_summary_is_json(town: Town) -> None:
    town.label("town-3").unlink()
    summary = town.verify()
    data = msgspec.json.encode(summary)
    assert msgspec.json.decode(data, type=Summary) == summary


@pytest.fixture
def damaged(town: Town) -> Town:
    pixels = load(town.label("town-3"))
    pixels[0, 0] = 77
    save(town.label("town-3"), pixels)
    town.label("town-4", "two").write_bytes(b"junk")
    town.label("town-3", "two").with_name("mine.png").write_bytes(b"keep me")
    town.label("town-3", "two").with_name(f"{PARTIAL}00ff").write_bytes(b"half")
    return town


def test_repair_deletes_our_labels_and_nothing_else(damaged: Town) -> None:
    deleted = repair(damaged.subject, broken_labels(damaged.verify().findings))
    names = sorted(path.name for path in deleted)
    assert names == [f"{PARTIAL}00ff", *2 * ["one_ids.png"], *2 * ["two_ids.png"]]
    assert not damaged.label("town-3").exists()
    assert not damaged.label("town-3-relabeled").exists()
    assert damaged.label("town-4", "two").exists()
    assert damaged.label("town-3", "two").with_name("mine.png").exists()


def test_repair_leaves_what_is_not_ours(town: Town) -> None:
    image = town.image().relative_to(town.root).as_posix()
    source = town.label("town-4").relative_to(town.root).as_posix()
    assert repair(town.subject, (image, "../../etc/passwd", "Town/nothing.png")) == ()
    assert town.verify().sound
    deleted = repair(town.subject, (source,))
    assert town.label("town-4") not in deleted
    assert town.label("town-4").exists()


def test_what_was_made_from_a_broken_label_is_made_anew_with_it(town: Town) -> None:
    """A wrong pixel that was remapped with its image agrees with the label it came from."""
    source = town.label("town-4").relative_to(town.root).as_posix()
    assert set(repair(town.subject, (source,))) == {
        town.label("town-3"),
        town.label("town-3-relabeled"),
    }


def test_a_label_converted_from_files_that_are_gone_is_ours_to_delete(town: Town) -> None:
    folder = town.label("town-4").parent.relative_to(town.root).as_posix()
    subject = replace(town.subject, converted=(folder,))
    made = town.label("town-3").relative_to(town.root).as_posix()
    assert town.label("town-4") in repair(subject, (made,))


def test_faults_of_an_image_that_is_listed_often_are_told_once(town: Town) -> None:
    town.label("town-3").write_bytes(b"junk")
    for layer in town.subject.layers:
        lines = town.list(layer.taxonomy).read_text().splitlines()
        town.list(layer.taxonomy).write_text("\n".join([*lines, lines[0]]))
    once = [(found.cause, found.path) for found in town.verify().findings]
    assert len(once) == len(set(once))


def test_repairing_a_sound_tree_deletes_nothing(town: Town) -> None:
    assert repair(town.subject, broken_labels(town.verify().findings)) == ()


def test_looking_for_what_is_missing_holds_little_of_what_is_there(tmp_path: Path) -> None:
    pairs = tuple(
        Pair(f"images/{each:012d}.jpg", f"labels/{each:012d}.png") for each in range(3000)
    )
    for path in (tmp_path / each for pair in pairs for each in pair):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * 5000)
    subject = Subject("d", tmp_path, "", Tables(tmp_path), layers=())
    context = Context(lists={("a", "train"): pairs, ("b", "train"): pairs})
    tracemalloc.start()
    try:
        found = list(scan_tree(subject, context))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == []
    assert peak < 250 * 2 * len(pairs), peak / (2 * len(pairs))
