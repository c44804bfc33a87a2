from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as with_fields

from tests.verify.town import LABELS, VERIFY, Town
from wizard.credentials.vault import Vault
from wizard.errors import LabelError
from wizard.kinds.fetching.proofs import record_path, write_proof
from wizard.kinds.proving.portraits import Portrait, Portraits
from wizard.kinds.proving.report import ReportStep
from wizard.kinds.proving.verify import VerifyStep
from wizard.kinds.registry import build_step
from wizard.kinds.terms import record
from wizard.kinds.verify import Report
from wizard.plan.planner import make_plan
from wizard.recipes.model import Archive, Dataset, Recipe, Terms, Version
from wizard.steps.install import Install, Settings
from wizard.steps.step import Place, Step, StepContext
from wizard.verify.report.model import DatasetPage

TERMS = Terms(title="Town terms", url="https://town.example/terms", summary="Be kind.")
TOWN = Dataset(
    id="town",
    title="Town",
    folder="Town",
    about="A town.",
    citation="A. Town, 2020.",
    terms=TERMS,
    archives=(
        Archive(
            name="town.zip",
            urls=("https://town.example/town.zip",),
            versions=(Version(name="v2", accepted=True, note="faces are blurred"),),
        ),
    ),
    steps=(LABELS, VERIFY),
    leaving_out="No town.",
)
VILLAGE = Dataset(
    id="village", title="Village", folder="Village", about="A village.", leaving_out="No village."
)
RECIPE = Recipe(
    id="places",
    title="Places",
    about="Places.",
    root="data",
    datasets=(TOWN, VILLAGE),
    finish=(Report(id="report"),),
)


class NoVault:
    """Stands where nothing asks for a secret."""


@pytest.fixture
def install(town: Town) -> Install:
    recipe = _with_ids(RECIPE)
    plan = make_plan(recipe, town.dest, only=["town"])
    vault: Vault = NoVault()  # type: ignore[assignment]
    return Install(Place(town.dest, town.root), recipe, plan, Settings(), vault)


def _with_ids(recipe: Recipe) -> Recipe:
    """Fill in the ids of steps as the loader does."""
    steps = tuple(
        with_fields(step, id=name)
        for step, name in zip(TOWN.steps, ("labels", "verify"), strict=True)
    )
    town = with_fields(TOWN, steps=steps)
    return with_fields(recipe, datasets=(town, VILLAGE))


def step(install: Install, address: str) -> Step:
    return next(
        build_step(planned, install) for planned in install.plan.steps if planned.address == address
    )


def report(install: Install) -> dict[str, object]:
    step(install, "finish/report").run(StepContext())
    twin: dict[str, object] = json.loads((install.place.dest / "segwizard-report.json").read_text())
    return twin


def page(install: Install) -> dict[str, object]:
    (made,) = report(install)["datasets"]  # type: ignore[misc]
    return made  # type: ignore[no-any-return]


def prove_archive(install: Install) -> Path:
    target = install.place.root / "Town/town.zip"
    target.write_bytes(b"zip")
    state = record_path(install.place.state, "town/fetch:town.zip")
    hashes = {"sha256": "ab" * 32}
    write_proof(state, target, hashes=hashes, origin="fetched", how="sha256 agrees", version="v2")
    return target


def test_a_verified_dataset_is_reported_with_all_there_is(install: Install) -> None:
    step(install, "town/verify").run(StepContext())
    prove_archive(install)
    record(install.place.state, "town", TERMS, "ann")
    made = page(install)
    assert made["verdict"] == "verified"
    assert made["checked"]["segments"] == 12  # type: ignore[index]
    assert made["deviations"] == ["town.zip is v2: faces are blurred"]
    assert made["sources"][0]["sha256"] == "ab" * 32  # type: ignore[index]
    assert made["consent"]["who"].startswith("ann")  # type: ignore[index]
    assert [line["classes"] for line in made["taxonomies"]] == [4, 3, 4]  # type: ignore[attr-defined]


def test_a_partial_install_names_what_was_left_out(install: Install) -> None:
    assert report(install)["left_out"] == [{"title": "Village", "loss": "No village."}]
    page_text = (install.place.dest / "segwizard-report.html").read_text()
    assert "This install is partial." in page_text


def test_a_dataset_that_was_not_verified_says_so(install: Install) -> None:
    assert page(install)["verdict"] == "unverified"


def test_a_changed_dataset_says_so(install: Install, town: Town) -> None:
    step(install, "town/verify").run(StepContext())
    town.label("town-3").with_name("new.png").write_bytes(b"x")
    assert page(install)["verdict"] == "changed"


def test_a_faulty_dataset_says_what_is_wrong(install: Install, town: Town) -> None:
    town.label("town-3").unlink()
    with pytest.raises(LabelError):
        step(install, "town/verify").run(StepContext())
    made = page(install)
    assert made["verdict"] == "faulty"
    assert made["groups"][0]["cause"] == "missing-label"  # type: ignore[index]


def test_a_report_is_done_until_a_dataset_is_verified_anew(install: Install) -> None:
    step(install, "town/verify").run(StepContext())
    reporting = step(install, "finish/report")
    assert reporting.probe().state == "todo"
    reporting.run(StepContext())
    assert reporting.probe().state == "done"
    step(install, "town/verify").run(StepContext())
    assert reporting.probe().state == "todo"


def test_a_report_of_other_datasets_is_not_this_one(install: Install) -> None:
    reporting = step(install, "finish/report")
    reporting.run(StepContext())
    other = replace(install, plan=make_plan(install.recipe, install.place.dest))
    assert step(other, "finish/report").probe().state == "todo"


def _pages(install: Install) -> DatasetPage:
    """Write the report and return the town's page, pictures and all."""
    return ReportStep._page(step(install, "finish/report"), TOWN)  # type: ignore[arg-type]


def test_a_dataset_is_drawn_when_it_is_proven_and_not_again_by_the_report(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    whole = Portraits._drawn

    def drawing(portraits: Portraits) -> Portrait:
        drawn.append(portraits.subject.dataset)
        return whole(portraits)

    monkeypatch.setattr(Portraits, "_drawn", drawing)
    verify = step(install, "town/verify")
    verify.run(StepContext())
    assert drawn == ["town"]
    first = _pages(install)
    assert drawn == ["town"]
    assert first.rows and first.histograms and first.taxonomies
    # Proven anew by hand: what was drawn before may show what is not there any more.
    assert isinstance(verify, VerifyStep)
    verify.verify(StepContext())
    second = _pages(install)
    assert drawn == ["town", "town"]
    assert second.rows == first.rows and second.histograms == first.histograms


@pytest.mark.parametrize("harm", ["gone", "junk", "folder"])
def test_a_portrait_that_is_lost_is_drawn_by_the_report(install: Install, harm: str) -> None:
    step(install, "town/verify").run(StepContext())
    first = _pages(install)
    (kept,) = install.place.state.glob("steps/*portrait*")
    kept.unlink()
    if harm == "junk":
        kept.write_bytes(b"{")
    elif harm == "folder":
        kept.mkdir()
    assert _pages(install) == first


def test_a_portrait_that_cannot_be_drawn_fails_no_proof(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Portraits, "_drawn", full)
    verify = step(install, "town/verify")
    verify.run(StepContext())
    assert verify.probe().state == "done"
