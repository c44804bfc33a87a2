"""What a worker proved is not read again, as long as nothing of it changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.verify.town import LABELS, REMEDIES, Town, save
from wizard.files import write_whole
from wizard.labels.specs.taxonomies import Polygons
from wizard.labels.works.polygon_files import PolygonWork
from wizard.labels.works.remap import RemapWork
from wizard.progress import CancelToken, Counter
from wizard.state.shards import ArrayPart, Shard
from wizard.verify import image_proofs
from wizard.verify.dataset import ImageWork, verify_dataset
from wizard.verify.image_check import ImageCheck
from wizard.verify.image_proofs import ImageProofs, dataset_proofs
from wizard.verify.making_witness import MakingWitness, PolygonWitness
from wizard.verify.subject import Subject, layers_of
from wizard.verify.summary import Summary
from wizard.workers.batch import Workers, run_batch


class Watched:
    """A dataset whose labels are made and checked, and the images whose labels were read."""

    def __init__(self, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
        self.town = town
        self.read: list[str] = []
        whole = ImageCheck._check_labels

        def reading(check: ImageCheck) -> None:
            self.read.append(Path(check._image).stem)
            whole(check)

        monkeypatch.setattr(ImageCheck, "_check_labels", reading)

    @property
    def subject(self) -> Subject:
        return replace(self.town.subject, examples=())

    def proofs(self, use: image_proofs.Use = "run") -> ImageProofs:
        return dataset_proofs(self.subject, self.town.dest / ".segwizard/steps", use)

    def make(self, executor: str = "threads") -> None:
        """Make the labels anew, those of ours."""
        for taxonomy in ("town-3", "town-3-relabeled"):
            for stem in ("one", "two", "three", "four"):
                self.town.label(taxonomy, stem).unlink(missing_ok=True)
        proofs = self.proofs()
        witness = MakingWitness(proofs, LABELS)
        work = RemapWork(self.town.root, self.town.tables, LABELS, witness=witness)
        found = _run(work, proofs, executor)
        assert not any(each.fatal for each in found)

    def check(self, proofs: ImageProofs | None = None) -> Summary:
        self.read.clear()
        kept = proofs or self.proofs()
        return verify_dataset(self.subject, lambda work: _run(work, kept), REMEDIES, kept)


def _run(work: RemapWork | PolygonWork | ImageWork, proofs: ImageProofs, executor: str = "threads"):  # type: ignore[no-untyped-def]
    return run_batch(
        work,
        work.items(),
        workers=Workers(2, executor),  # type: ignore[arg-type]
        counter=Counter(),
        token=CancelToken(),
        keep=proofs.keep,
    )


@pytest.fixture
def watched(town: Town, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(town, monkeypatch)


@pytest.mark.parametrize("executor", ["threads", pytest.param("processes", marks=pytest.mark.slow)])
def test_what_was_just_made_is_not_read_again(watched: Watched, executor: str) -> None:
    watched.make(executor)
    assert watched.check().sound
    assert watched.read == []


def test_without_proofs_everything_is_read(watched: Watched) -> None:
    watched.make()
    watched.proofs().drop()
    assert watched.check().sound
    assert sorted(watched.read) == ["four", "one", "three", "two"]


def test_what_was_checked_is_not_read_again(watched: Watched) -> None:
    watched.check()
    watched.check()
    assert watched.read == []


def test_what_one_shard_proved_is_not_read_again_by_another_nor_by_the_whole(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On another machine, which has another boot; one that died before its data was safe counts
    for nothing."""
    state = watched.town.dest / ".segwizard"

    def proofs(shard: Shard | None, use: image_proofs.Use = "run") -> ImageProofs:
        part = ArrayPart(state, "array-7", 2, shard)
        return dataset_proofs(watched.subject, state / "steps", use, part)

    watched.make()
    watched.proofs().drop()
    for shard in (Shard(0, 2), Shard(1, 2)):
        monkeypatch.setattr(image_proofs, "this_boot", lambda: f"boot of {shard}")  # noqa: B023
        kept = proofs(shard)
        work = ImageWork(watched.subject, kept)
        items = work.items()
        for place in shard.places(len(items)):
            kept.keep(work.process(items[place]).proofs)
        before = len(_read_again(watched, proofs(None)))
        kept.settle()
        assert len(_read_again(watched, proofs(None))) == before - 2
    assert _read_again(watched, proofs(None)) == []
    assert len(_read_again(watched, proofs(None, "by hand"))) == 4
    other = dataset_proofs(watched.subject, state / "steps", "run", ArrayPart(state, "array-8"))
    assert len(_read_again(watched, other)) == 4
    proofs(None).drop()
    assert len(_read_again(watched, proofs(None))) == 4


def _read_again(watched: Watched, proofs: ImageProofs) -> list[str]:
    assert watched.check(proofs).sound
    return list(watched.read)


def _flip(path: Path) -> None:
    """Change a byte and let the file tell the time it told before."""
    before, data = path.stat(), bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replace(path: Path) -> None:
    before = path.stat()
    write_whole(path, path.read_bytes())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _remove(path: Path) -> None:
    path.unlink()


HARMS = [_flip, _replace, _remove]


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("what", ["town-4", "town-3", "town-3-relabeled", "polygons"])
def test_a_changed_file_is_read_again(
    watched: Watched, what: str, harm: Callable[[Path], None]
) -> None:
    watched.make()
    town = watched.town
    harm(town.polygons() if what == "polygons" else town.label(what))
    watched.check()
    assert watched.read == ["one"]


@pytest.mark.parametrize("what", ["list", "record", "mapping", "names"])
def test_changed_tables_have_everything_read_again(watched: Watched, what: str) -> None:
    watched.make()
    town = watched.town
    mapping = town.tables / "class_remapping_files" / "town-4_to_town-3.tsv"
    names = town.tables / "dataset_lists" / "town-3" / "town-3_names.txt"
    paths = {"list": town.list("town-3"), "record": town.segments("val_bicyclist.txt")}
    path = {**paths, "mapping": mapping, "names": names}[what]
    path.write_bytes(path.read_bytes())
    assert watched.check().sound
    assert len(watched.read) == 4


def test_labels_that_swapped_names_are_found(watched: Watched) -> None:
    watched.make()
    for taxonomy in ("town-4", "town-3", "town-3-relabeled"):
        first, second = (watched.town.label(taxonomy, stem) for stem in ("one", "three"))
        between = first.with_name("between")
        first.rename(between)
        second.rename(first)
        between.rename(second)
    watched.check()
    assert sorted(watched.read) == ["one", "three"]


def test_a_photograph_of_another_size_is_found(watched: Watched) -> None:
    watched.make()
    save(watched.town.image(), np.zeros((4, 5, 3), np.uint8))
    assert not watched.check().sound
    assert watched.read == ["one"]


def test_a_source_with_values_of_no_class_is_read_again(watched: Watched) -> None:
    source = np.full((16, 24), 77, np.uint8)
    save(watched.town.label("town-4"), source)
    watched.make()
    summary = watched.check()
    assert watched.read == ["one"]
    assert {group.cause for group in summary.groups} == {"wrong-value"}


def test_what_was_there_before_the_making_is_read(watched: Watched) -> None:
    """A label that was found and left is none that a worker of ours just wrote."""
    watched.make()
    watched.proofs().drop()
    wrong = watched.town.label("town-3")
    save(wrong, np.zeros((16, 24), np.uint8))
    watched.town.label("town-3-relabeled").unlink()
    proofs = watched.proofs()
    work = RemapWork(
        watched.town.root, watched.town.tables, LABELS, witness=MakingWitness(proofs, LABELS)
    )
    _run(work, proofs)
    assert not watched.check().sound
    assert "one" in watched.read


def test_proofs_of_a_run_are_none_for_a_verification_by_hand(watched: Watched) -> None:
    watched.make()
    assert watched.check(watched.proofs("by hand")).sound
    assert len(watched.read) == 4


def test_another_boot_voids_all_proofs(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a power cut took from files may have left their size and times."""
    watched.make()
    watched.check(replace(watched.proofs(), boot="another"))
    assert len(watched.read) == 4
    watched.check(replace(watched.proofs(), boot=""))
    assert len(watched.read) == 4


@pytest.mark.parametrize("damage", [b"", b"x", b"x" * 8, b"proof" * 801])
def test_damaged_proofs_are_none(watched: Watched, damage: bytes) -> None:
    proofs = watched.proofs()
    proofs.keep(damage)
    assert watched.check().sound
    assert len(watched.read) == 4


def test_a_line_cut_short_costs_only_reading(watched: Watched) -> None:
    watched.make()
    path = watched.proofs().path
    path.write_bytes(path.read_bytes()[:-3])
    assert watched.check().sound
    assert len(watched.read) <= 1


def test_proofs_that_cannot_be_kept_stop_nothing(watched: Watched) -> None:
    path = watched.proofs().path
    path.mkdir(parents=True)
    watched.make()
    assert watched.check().sound
    assert len(watched.read) == 4


@pytest.fixture
def drawn(watched: Watched) -> tuple[Subject, PolygonWork, ImageProofs]:
    """The source labels of the dataset, drawn from its polygon files."""
    town = watched.town
    spec = Polygons(
        sources="Town/gt/*/a/*_polygons.json",
        replace=("_polygons.json", "_ids.png"),
        tables="mseg",
        taxonomy="town-4",
        background="unlabeled",
    )
    layers = layers_of(("town-4",), (), [spec])
    subject = replace(watched.subject, layers=layers)
    proofs = dataset_proofs(subject, town.dest / ".segwizard/steps")
    work = PolygonWork(town.root, town.tables, spec, witness=PolygonWitness(proofs, *spec.layers()))
    return subject, work, proofs


@pytest.mark.parametrize("harm", [None, *HARMS])
@pytest.mark.parametrize("what", ["label", "polygons"])
def test_what_was_just_drawn_is_not_drawn_again(
    watched: Watched,
    drawn: tuple[Subject, PolygonWork, ImageProofs],
    what: str,
    harm: Callable[[Path], None] | None,
) -> None:
    subject, work, proofs = drawn
    _run(work, proofs)
    town = watched.town
    if harm:
        harm(town.polygons() if what == "polygons" else town.label("town-4"))
    watched.read.clear()
    verify_dataset(subject, lambda checks: _run(checks, proofs), REMEDIES, proofs)
    assert watched.read == (["one"] if harm else [])


def test_objects_of_no_class_are_told_again(
    watched: Watched, drawn: tuple[Subject, PolygonWork, ImageProofs]
) -> None:
    subject, work, proofs = drawn
    path = watched.town.polygons()
    path.write_text(path.read_text().replace("rider", "zeppelin", 1))
    _run(work, proofs)
    found = verify_dataset(subject, lambda checks: _run(checks, proofs), REMEDIES, proofs)
    assert watched.read == ["one"]
    assert {group.cause for group in found.groups} >= {"unknown-label"}
