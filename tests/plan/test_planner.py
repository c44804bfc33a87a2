"""Plans: which datasets, in what order, at what cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recipes.small import small, tables
from wizard.errors import UsageError
from wizard.kinds.registry import load_recipe
from wizard.plan.costs import growth, waiting
from wizard.plan.planner import make_plan
from wizard.plan.work import PROGRAM, STEP
from wizard.steps.planned import Accept, Fetch


def test_every_step_has_its_address_kind_title_and_needs(tmp_path: Path) -> None:
    plan = make_plan(small(tmp_path), tmp_path / "dest")
    steps = {step.address: step for step in plan.steps}
    assert [step.address for step in plan.steps] == [
        "tables/fetch:lists.zip",
        "tables/extract",
        "birds/terms",
        "birds/fetch:birds.zip",
        "birds/fetch:more.zip",
        "birds/first",
        "birds/second",
        "birds/labels",
        "birds/verify",
        "fish/fetch:fish.tgz",
        "fish/extract",
        "finish/report",
        "finish/clear-credentials",
    ]
    assert isinstance(steps["birds/terms"].spec, Accept)
    assert isinstance(steps["birds/fetch:birds.zip"].spec, Fetch)
    assert steps["birds/fetch:birds.zip"].title == "Fetch birds.zip"
    assert steps["birds/terms"].title == "Accept: Terms"
    assert [steps[each].kind for each in ("birds/terms", "birds/first", "finish/report")] == [
        "terms",
        "extract",
        "report",
    ]
    assert steps["birds/verify"].dependencies == ("birds/labels", "tables/extract")
    assert all(step.title for step in plan.steps)


@pytest.mark.parametrize("name", ["birds", "BIRDS", "Birds"])
def test_a_dataset_goes_by_id_folder_or_title(tmp_path: Path, name: str) -> None:
    plan = make_plan(small(tmp_path), tmp_path, only=[name])
    assert [each.id for each in plan.datasets] == ["tables", "birds"]
    assert plan.left_out == ("fish",)


def test_required_datasets_are_always_among_them(tmp_path: Path) -> None:
    recipe = small(tmp_path)
    assert [each.id for each in make_plan(recipe, tmp_path, only=["fish"]).datasets] == [
        "tables",
        "fish",
    ]
    with pytest.raises(UsageError, match="cannot be left out"):
        make_plan(recipe, tmp_path, without=["tables"])


def test_the_finish_waits_for_the_chosen_ones_only(tmp_path: Path) -> None:
    plan = make_plan(small(tmp_path), tmp_path, without=["birds"])
    report = next(step for step in plan.steps if step.address == "finish/report")
    assert report.dependencies == ("tables/extract", "fish/extract")


def test_unknown_datasets_are_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        make_plan(small(tmp_path), tmp_path, without=["brids"])
    assert "did you mean birds?" in caught.value.hint


def test_leaving_everything_out_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="every dataset is left out"):
        make_plan(small(tmp_path), tmp_path, without=["birds", "fish"])


def test_a_dataset_cannot_be_both_chosen_and_left_out(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="birds is both chosen and left out"):
        make_plan(small(tmp_path), tmp_path, only=["birds", "fish"], without=["birds"])


def test_what_a_step_needs_cannot_be_left_out(tmp_path: Path) -> None:
    content = tables()
    content["datasets"][2]["steps"][0]["dependencies"] = ["birds/verify"]
    recipe = small(tmp_path, content)
    with pytest.raises(UsageError) as caught:
        make_plan(recipe, tmp_path, only=["fish"])
    assert "birds/verify, which was left out" in caught.value.message
    assert "choose birds too" in caught.value.hint


def test_costs_add_up(tmp_path: Path) -> None:
    plan = make_plan(small(tmp_path), None)
    assert plan.dest == ""
    assert plan.fetch_bytes == 100 + 1000 + 3000 + 50
    assert plan.inodes == 20 + 40 + 5 + 6
    alone = sum(step.dataset not in {each.id for each in plan.datasets} for step in plan.steps)
    whole = PROGRAM + alone * STEP + sum(each.core_seconds for each in plan.datasets)
    assert plan.core_seconds == pytest.approx(whole)
    assert plan.datasets[1].label_seconds == 7.0
    assert plan.estimated


def test_the_fullest_moment_has_all_archives_and_what_is_unpacked(tmp_path: Path) -> None:
    """4150 of archives; birds adds 6500, its 1000 go, fish adds 60 and its 50 go."""
    plan = make_plan(small(tmp_path), None)
    assert plan.peak_bytes == 4150 - 100 + 6500
    assert plan.end_bytes == 6500 + 60 + 3000


def test_keeping_or_deleting_archives_changes_peak_and_end(tmp_path: Path) -> None:
    recipe = small(tmp_path)
    kept = make_plan(recipe, None, keep=True)
    assert kept.peak_bytes == kept.end_bytes == 4150 + 6500 + 60
    lean = make_plan(recipe, None, keep=False)
    assert lean.end_bytes == 6500 + 60
    assert lean.peak_bytes < kept.peak_bytes


def test_archives_in_their_place_need_no_fetching(tmp_path: Path) -> None:
    recipe = small(tmp_path)
    folder = tmp_path / "dest" / "data" / "Birds"
    folder.mkdir(parents=True)
    (folder / "birds.zip").write_bytes(bytes(1000))
    (folder / "more.zip").write_bytes(b"any size will do where none is known")
    plan = make_plan(recipe, tmp_path / "dest")
    assert plan.present == ("birds/fetch:birds.zip", "birds/fetch:more.zip")
    assert plan.fetch_bytes == 100 + 50
    assert growth(plan).peak == growth(make_plan(recipe, None)).peak - 4000
    assert plan.peak_bytes == make_plan(recipe, None).peak_bytes
    assert plan.end_bytes == make_plan(recipe, None).end_bytes


def test_an_archive_of_another_size_is_not_in_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "dest" / "data" / "Birds"
    folder.mkdir(parents=True)
    (folder / "birds.zip").write_bytes(bytes(999))
    assert make_plan(small(tmp_path), tmp_path / "dest").present == ()


def test_archives_known_elsewhere_on_the_machine_count_too(tmp_path: Path) -> None:
    plan = make_plan(small(tmp_path), None, have={"birds/fetch:birds.zip"})
    assert plan.present == ("birds/fetch:birds.zip",)
    assert plan.fetch_bytes == 3150


def test_done_steps_need_no_more_room(tmp_path: Path) -> None:
    plan = make_plan(small(tmp_path), None)
    everything = {step.address for step in plan.steps}
    left = growth(plan, everything)
    assert (left.peak, left.files) == (0, 0)
    after = growth(plan, everything - {"fish/extract"})
    assert (after.files, after.end) == (6, 60 - 50 - 1000 - 100)


def test_gated_archives_wait_for_people_longest_first(tmp_path: Path) -> None:
    recipe = small(tmp_path)
    fish, birds = waiting(recipe, make_plan(recipe, None))
    assert (fish.dataset, fish.access, fish.wait, fish.wait_days) == ("fish", "link", "a week", 7)
    assert (birds.dataset, birds.archives) == ("birds", ("more.zip",))
    assert "Club" in birds.what


def test_what_is_here_waits_for_nobody(tmp_path: Path) -> None:
    recipe = small(tmp_path)
    plan = make_plan(recipe, None, have={"fish/fetch:fish.tgz", "birds/fetch:more.zip"})
    assert waiting(recipe, plan) == ()


def test_mseg_costs_what_its_document_says() -> None:
    """At least 200 GB with archives kept, and far below 40 hours on 100 cores."""
    plan = make_plan(load_recipe("mseg"), None, keep=True)
    assert 180e9 < plan.peak_bytes < 220e9
    assert 80e9 < plan.fetch_bytes < 110e9
    assert plan.core_seconds < 4 * 3600
