from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.verify.town import REMEDIES, Town, load, save
from wizard.engine.batch import Crew
from wizard.engine.kinds.verify import VerifyStep
from wizard.engine.step import StepContext
from wizard.errors import Cancelled, LabelError
from wizard.verify.proof import Proof, read_proof


@pytest.fixture
def step(town: Town) -> VerifyStep:
    return VerifyStep(
        address="town/verify",
        dataset="town",
        title="Verify",
        kind="verify",
        needs=(),
        subject=town.subject,
        remedies=REMEDIES,
        proof=town.dest / ".segwizard" / "steps" / "town.verify.json",
        crew=Crew(workers=2),
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
    def full(path: Path, proof: Proof) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("wizard.engine.kinds.verify.write_proof", full)
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


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"version": 99}', b"\xff"])
def test_a_damaged_proof_proves_nothing(step: VerifyStep, damage: bytes) -> None:
    step.run(StepContext())
    step.proof.write_bytes(damage)
    assert step.probe().state == "todo"


def test_no_proof_is_no_error(tmp_path: Path) -> None:
    assert read_proof(tmp_path / "none.json") is None
