"""Check steps: a proof is kept, lapses with any change, and is not needed to look."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.small_installs import bound, install_of
from wizard.errors import LabelError
from wizard.kinds.proving.check import CheckStep
from wizard.steps.step import StepContext
from wizard.verify.specs.checks import Count, JsonCounts
from wizard.verify.specs.datasets import Check


def check(dest: Path, *, exact: bool = True) -> CheckStep:
    spec = Check(
        id="check",
        exact=exact,
        checks=(
            Count(files="D/*.jpg", count=2, why="the loader counts them"),
            JsonCounts(file="D/val.json", names="images.file_name", folder="D"),
        ),
    )
    step = bound(install_of(dest, spec), "check")
    assert isinstance(step, CheckStep)
    return step


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "data/D"
    folder.mkdir(parents=True)
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_text("x")
    images = [{"file_name": name} for name in ("a.jpg", "b.jpg")]
    (folder / "val.json").write_text(json.dumps({"images": images}))
    return tmp_path


def test_what_holds_is_proven_and_remembered(tree: Path) -> None:
    assert check(tree).probe().state == "todo"
    context = StepContext()
    check(tree).run(context)
    assert (context.counter.done, context.counter.total) == (2, 2)
    assert check(tree).probe().state == "done"
    assert check(tree).probe().detail == "2 checks hold"


def test_what_does_not_hold_is_told_with_its_reason(tree: Path) -> None:
    (tree / "data/D/b.jpg").unlink()
    context = StepContext()
    with pytest.raises(LabelError, match="2 findings") as caught:
        check(tree).run(context)
    hints = {group.cause: group.hint for group in context.failures}
    assert hints == {"wrong-count": "the loader counts them", "missing-file": ""}
    assert caught.value.cause in hints
    assert check(tree).probe().state == "partial"


def test_the_proof_lapses_when_a_file_comes_or_goes(tree: Path) -> None:
    check(tree).run(StepContext())
    (tree / "data/D/c.jpg").write_text("x")
    probe = check(tree).probe()
    assert (probe.state, probe.detail) == ("partial", "files changed since")


def test_own_copies_may_hold_less(tree: Path) -> None:
    (tree / "data/D/c.jpg").write_text("x")
    context = StepContext()
    check(tree, exact=False).run(context)
    assert [group.fatal for group in context.failures] == [False]
    assert check(tree, exact=False).probe().state == "done"


def test_a_tree_that_may_only_be_read_can_be_checked(tree: Path) -> None:
    (tree / ".segwizard").write_text("a file where the state would go")
    assert check(tree).verify(StepContext()).sound
    assert check(tree).probe().state == "todo"


def test_a_run_is_not_done_when_its_proof_cannot_be_kept(tree: Path) -> None:
    (tree / ".segwizard").write_text("a file where the state would go")
    with pytest.raises(NotADirectoryError):
        check(tree).run(StepContext())
