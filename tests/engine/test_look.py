"""Steps are made once and looked at once for a whole command."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.engine.fakes import FakeStep, make_install
from tests.waiting import until
from wizard.engine import schedule
from wizard.engine import survey as looking
from wizard.engine.runner import Runner
from wizard.engine.survey import survey
from wizard.steps.install import Shared
from wizard.steps.step import Probe
from wizard.views import Request


def test_a_survey_and_the_runner_after_it_look_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: Counter[str] = Counter()
    built: Counter[str] = Counter()

    class Counted(FakeStep):
        def probe(self) -> Probe:
            looks[self.address] += 1
            return super().probe()

    steps = {
        f"d/{n}": Counted(f"d/{n}", tmp_path / "marks" / str(n), (f"d/{n - 1}",) if n else ())
        for n in range(20)
    }
    (tmp_path / "marks").mkdir()
    for step in list(steps.values())[:12]:
        step.mark.touch()

    def build(planned, install):
        del install
        built[planned.address] += 1
        return steps[planned.address]

    monkeypatch.setattr(looking, "build_step", build)
    install = make_install(tmp_path / "dest", list(steps.values()))
    assert sum(view.state == "done" for view in survey(install).steps) == 12
    runner = Runner(install)
    runner.start()
    try:
        until(lambda: runner.settled)
        assert runner.snapshot().complete
    finally:
        runner.stop()
    assert set(built.values()) == {1}
    assert {looks[address] for address in list(steps)[:12]} == {1}
    # What rests on a step that ran is looked at once more before its turn.
    assert max(looks.values()) == 2


def test_an_old_look_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = looking.BuiltSteps(())
    built.keep({"d/0": Probe("done")})
    assert built.take() == {"d/0": Probe("done")}
    assert built.take() == {}
    built.keep({"d/0": Probe("done")})
    monkeypatch.setattr(looking, "_FRESH", -1.0)
    assert built.take() == {}


def test_what_is_shared_may_be_made_of_what_is_shared() -> None:
    shared = Shared()
    assert shared.get(tuple, lambda: (shared.get(list, list),)) == ([],)


def test_nobody_is_asked_for_an_archive_whose_files_are_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = Request(kind="login", ask="Give your login")
    fetch = FakeStep("d/fetch:a", tmp_path / "marks/fetch", request=request)
    unpack = FakeStep("d/extract", tmp_path / "marks/extract", ("d/fetch:a",))
    (tmp_path / "marks").mkdir()
    unpack.mark.touch()
    steps = {step.address: step for step in (fetch, unpack)}
    monkeypatch.setattr(looking, "build_step", lambda planned, install: steps[planned.address])
    install = make_install(tmp_path / "dest", [fetch, unpack])
    assert survey(install).complete
    runner = Runner(install)
    runner.start()
    try:
        until(lambda: runner.settled)
        assert not [event.text for event in runner.events() if event.level == "warning"]
        assert runner.snapshot().complete
    finally:
        runner.stop()


def test_a_survey_shows_what_a_runner_shows_that_has_begun_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Closed(FakeStep):
        def probe(self) -> Probe:
            raise PermissionError(13, "Permission denied", "labels")

    request = Request(kind="login", ask="Give your login")
    marks = tmp_path / "marks"
    steps = [
        FakeStep("a/fetch:x", marks / "x", request=request),
        FakeStep("a/extract", marks / "extract", ("a/fetch:x",)),
        FakeStep("a/labels", marks / "labels", ("a/extract",)),
        FakeStep("b/extract", marks / "b"),
        Closed("b/labels", marks / "nowhere"),
        Closed("c/labels", marks / "nowhere", ("b/labels",)),
    ]
    marks.mkdir()
    (marks / "labels").touch()
    none = dict.fromkeys(("network", "disk", "cpu", "instant"), 0)
    monkeypatch.setattr(schedule, "resource_limits", lambda settings: none)
    install = make_install(tmp_path / "dest", steps)
    runner = Runner(install, steps=steps)
    runner.start()
    try:
        until(lambda: not runner.snapshot().looking)
        shown = runner.snapshot().steps
    finally:
        runner.stop()
    (tmp_path / "dest/.segwizard/outcomes.json").unlink()
    assert survey(install, steps=steps).steps == shown
    assert [view.state for view in shown] == [
        "waiting", "locked", "done", "todo", "failed", "locked",
    ]  # fmt: skip
