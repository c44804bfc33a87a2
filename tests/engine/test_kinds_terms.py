"""Terms steps: shown before, recorded with who, when and which text, asked again when changed."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from tests.engine.access import TERMS, exact, install
from wizard.credentials.secret import Secret
from wizard.errors import UsageError, WaitingError
from wizard.kinds.registry import build_step
from wizard.kinds.terms import AcceptTerms, accepted, text_hash
from wizard.plan.planner import make_plan
from wizard.steps.install import Install
from wizard.steps.step import StepContext


def terms_step(made: Install) -> AcceptTerms:
    step = build_step(made.plan.steps[0], made)
    assert isinstance(step, AcceptTerms)
    return step


def test_terms_wait_for_a_person_and_record_the_acceptance(tmp_path: Path) -> None:
    made = install(tmp_path, exact())
    step = terms_step(made)
    probe = step.probe()
    assert probe.state == "waiting"
    assert probe.request is not None
    assert (probe.request.kind, probe.request.page, probe.request.how) == (
        "terms",
        TERMS.url,
        TERMS.summary,
    )
    with pytest.raises(WaitingError):
        step.run(StepContext())
    with pytest.raises(UsageError):
        step.answer({})
    step.answer({"accepted_by": Secret("Ada")})
    assert step.probe().state == "done"
    entry = accepted(made.place.state)["toy"]
    assert entry.who.startswith("Ada (")
    assert (entry.title, entry.url, entry.sha256) == (TERMS.title, TERMS.url, text_hash(TERMS))
    assert datetime.fromisoformat(entry.when).utcoffset() is not None


def test_yes_beforehand_is_recorded_as_such(tmp_path: Path) -> None:
    made = install(tmp_path, exact(), accept_terms=True)
    step = terms_step(made)
    assert step.probe().state == "todo"
    step.run(StepContext())
    assert step.probe().state == "done"
    assert "--yes" in accepted(made.place.state)["toy"].who


def test_changed_terms_are_asked_again(tmp_path: Path) -> None:
    made = install(tmp_path, exact(), accept_terms=True)
    terms_step(made).run(StepContext())
    dataset = msgspec.structs.replace(
        made.recipe.datasets[0],
        terms=msgspec.structs.replace(TERMS, summary="Not even research."),
    )
    recipe = msgspec.structs.replace(made.recipe, datasets=(dataset,))
    changed = Install(made.place, recipe, make_plan(recipe, tmp_path), made.settings, made.vault)
    later = terms_step(changed)
    assert later.probe().state == "todo"
    asked = dataclasses.replace(later, beforehand=False).probe()
    assert asked.request is not None
    assert "have changed" in asked.request.ask


def test_a_damaged_record_is_no_acceptance(tmp_path: Path) -> None:
    made = install(tmp_path, exact())
    made.place.state.mkdir()
    (made.place.state / "terms.json").write_text("[1]")
    assert terms_step(made).probe().state == "waiting"
