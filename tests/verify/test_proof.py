from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.verify.town import REMEDIES, Town, load, save
from wizard.errors import Cancelled, LabelError
from wizard.kinds.proving.verify import VerifyStep
from wizard.progress import CancelToken
from wizard.steps.step import StepContext
from wizard.verify.image_check import ImageCheck
from wizard.verify.proof import DatasetProof, read_dataset_proof
from wizard.workers.batch import Workers


@pytest.fixture
def step(town: Town) -> VerifyStep:
    return VerifyStep(
        address="town/verify",
        dataset="town",
        title="Verify",
        kind="verify",
        dependencies=(),
        subject=town.subject,
        remedies=REMEDIES,
        proof=town.dest / ".segwizard" / "steps" / "town.verify.json",
        workers=Workers(workers=2),
    )


def test_a_verified_dataset_is_done_until_a_file_changes(step: VerifyStep, town: Town) -> None:
    assert step.probe().state == "todo"
    context = StepContext()
    step.run(context)
    assert (context.counter.done, context.counter.total, context.counter.unit) == (4, 4, "images")
    assert step.probe().state == "done"
    assert step.probe().detail == "24 paths, 12 labels, 12 segments hold"
    facts = town.image().stat()
    os.utime(town.image(), ns=(facts.st_atime_ns, facts.st_mtime_ns + 10**12))
    assert step.probe().state == "partial"
    assert step.probe().detail == "files changed since"


@pytest.mark.parametrize("change", ["label", "junk", "list", "record"])
def test_any_change_lapses_the_proof(step: VerifyStep, town: Town, change: str) -> None:
    step.run(StepContext())
    match change:
        case "label":
            town.label("town-3").unlink()
        case "junk":
            town.label("town-3").with_name("more.png").write_bytes(b"")
        case "list":
            town.list("town-3").write_text(town.list("town-3").read_text() + "\n")
        case _:
            town.segments("val_bicyclist.txt").write_text("")
    assert step.probe().state == "partial"


def test_what_is_wrong_fails_the_step_with_everything_found(step: VerifyStep, town: Town) -> None:
    town.label("town-3").write_bytes(b"junk")
    town.image("four").unlink()
    context = StepContext()
    with pytest.raises(LabelError, match="2 findings to mend") as caught:
        step.run(context)
    assert caught.value.hint
    fatal = {group.cause: group for group in context.failures if group.fatal}
    assert set(fatal) == {"broken-label", "missing-image"}
    assert fatal["broken-label"].examples[0].startswith("Town/gt3/train/a/one_ids.png: ")
    assert step.probe().state == "partial"


def test_a_repaired_dataset_verifies_again(step: VerifyStep, town: Town) -> None:
    labels = (town.label("town-3"), town.label("town-3-relabeled"))
    sound = [load(path) for path in labels]
    labels[0].write_bytes(b"junk")
    with pytest.raises(LabelError):
        step.run(StepContext())
    assert step.repair() == labels
    for path, pixels in zip(labels, sound, strict=True):
        save(path, pixels)
    step.run(StepContext())
    assert step.probe().state == "done"


def test_a_run_whose_proof_finds_no_room_is_not_done_yet_looking_is_possible(
    step: VerifyStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, proof: DatasetProof) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("wizard.kinds.proving.verify.write_dataset_proof", full)
    with pytest.raises(OSError, match="No space left"):
        step.run(StepContext())
    assert step.verify(StepContext()).sound
    assert step.probe().state == "todo"


def test_a_cancelled_verification_leaves_no_proof(step: VerifyStep) -> None:
    context = StepContext()
    context.token.cancel()
    with pytest.raises(Cancelled):
        step.run(context)
    assert step.probe().state == "todo"


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff"])
def test_a_damaged_proof_proves_nothing(step: VerifyStep, damage: bytes) -> None:
    step.run(StepContext())
    step.proof.write_bytes(damage)
    assert step.probe().state == "todo"


def test_no_proof_is_no_error(tmp_path: Path) -> None:
    assert read_dataset_proof(tmp_path / "none.json") is None


class _Stopped(CancelToken):
    """Stops a verification after some images."""

    def __init__(self, context: StepContext, after: int) -> None:
        super().__init__()
        self._context, self._after = context, after

    def check(self) -> None:
        if self._context.counter.done >= self._after:
            raise Cancelled
        super().check()


def _read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the images whose labels are read."""
    read: list[str] = []
    whole = ImageCheck._check_labels

    def reading(check: ImageCheck) -> None:
        read.append(check._image)
        whole(check)

    monkeypatch.setattr(ImageCheck, "_check_labels", reading)
    return read


def _break_off(step: VerifyStep, look: Callable[[StepContext], object]) -> None:
    context = StepContext()
    context.token = _Stopped(context, 1)
    with pytest.raises(Cancelled):
        look(context)
    assert not step.proof.exists()


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_verification_broken_off_goes_on_with_what_it_has_not_proven(
    step: VerifyStep, monkeypatch: pytest.MonkeyPatch, *, by_hand: bool
) -> None:
    # One image at a time, and none with published pixels, which are looked at each time.
    step = replace(step, workers=Workers(1), subject=replace(step.subject, examples=()))
    look = step.verify if by_hand else step.run
    _break_off(step, look)
    read = _read(monkeypatch)
    look(StepContext())
    assert 1 <= len(read) < 4
    read.clear()
    look(StepContext())
    assert len(read) == 4, "what was verified to its end is read anew"


def test_what_was_verified_by_hand_too_long_ago_is_read_again(
    step: VerifyStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = replace(step, subject=replace(step.subject, examples=()))
    _break_off(step, step.verify)
    (kept,) = step.proof.parent.glob("*.proven-by-hand")
    os.utime(kept, (1, 1))
    read = _read(monkeypatch)
    step.verify(StepContext())
    assert len(read) == 4


def test_a_deep_verification_broken_off_does_not_decode_the_same_images_again(
    step: VerifyStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = replace(step, workers=Workers(1))
    _break_off(step, lambda context: step.verify(context, deep=True))
    decoded: list[Path] = []
    monkeypatch.setattr("wizard.verify.image_check.decode_fully", decoded.append)
    step.verify(StepContext(), deep=True)
    assert 1 <= len(decoded) < 4


def test_a_shallow_verification_broken_off_is_no_deep_one(
    step: VerifyStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    _break_off(step, step.verify)
    decoded: list[Path] = []
    monkeypatch.setattr("wizard.verify.image_check.decode_fully", decoded.append)
    step.verify(StepContext(), deep=True)
    assert len(decoded) == 4


def test_what_a_verification_by_hand_found_the_next_run_reads(
    step: VerifyStep, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever proofs a run had left: what verify names, run mends."""
    _break_off(step, step.run)
    town.label("town-3", "four").write_bytes(b"junk")
    assert not step.verify(StepContext()).sound
    read = _read(monkeypatch)
    with pytest.raises(LabelError):
        step.run(StepContext())
    assert len(read) == 4
