"""Recipes by name and path, and what a mistake in one looks like to its author."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.recipes.small import Tables, said, small, tables, write
from wizard.errors import RecipeError, UsageError
from wizard.kinds.registry import load_recipe
from wizard.recipes.loader import names
from wizard.recipes.places import catalogue_files, recipe_files
from wizard.recipes.toml import by_name


def test_every_recipe_of_the_program_loads() -> None:
    assert "mseg" in names()
    for name in names():
        assert load_recipe(name).id == name


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        load_recipe("msge")
    assert "mseg" in caught.value.hint


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(tmp_path / "none.toml"))
    assert "none.toml" in caught.value.where
    assert "No such file" in caught.value.message


def test_a_syntax_error_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('id = "bad"\ntitle = \n')
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(path))
    assert caught.value.where == f"{path}:2"
    assert "TOML" in caught.value.message


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(b'id = "\xff"\n')
    with pytest.raises(RecipeError, match="UTF-8"):
        load_recipe(str(path))


def _archive(content: Tables) -> Tables:
    return content["datasets"][1]["archives"][0]


Spoil = Callable[[Tables], object]

MISTAKES: dict[str, tuple[Spoil, str, str, str]] = {
    "type": (
        lambda c: _archive(c).update(size="big"),
        "datasets[1].archives[0].size",
        "should be a whole number, not text",
        "",
    ),
    "unknown key": (
        lambda c: _archive(c).update(sise=3),
        "datasets[1].archives[0].sise",
        "is no known key",
        "did you mean size?",
    ),
    "unknown key of a kind of step": (
        lambda c: c["datasets"][1]["steps"][0].update(archve="x"),
        "datasets[1].steps[0].archve",
        "is no known key",
        "did you mean archive?",
    ),
    "unknown key at the top": (
        lambda c: c.update(datsets=[]),
        "datsets",
        "is no known key",
        "did you mean datasets?",
    ),
    "unknown key in a nested table": (
        lambda c: c["datasets"][1]["steps"][2]["outputs"][0]["relabel"].update(strikt=True),
        "datasets[1].steps[2].outputs[0].relabel.strikt",
        "is no known key",
        "did you mean strict?",
    ),
    "kind of step": (
        lambda c: c["datasets"][1]["steps"][0].update(kind="extarct"),
        "datasets[1].steps[0].kind",
        "cannot be 'extarct'",
        "did you mean extract?",
    ),
    "choice": (
        lambda c: c["datasets"][1]["archives"][1]["access"].update(kind="logn"),
        "datasets[1].archives[1].access.kind",
        "cannot be 'logn'",
        "did you mean login?",
    ),
    "missing key": (
        lambda c: c["datasets"][1].pop("title"),
        "datasets[1].title",
        "is missing",
        "",
    ),
    "missing kind": (
        lambda c: c["datasets"][1]["steps"][0].pop("kind"),
        "datasets[1].steps[0].kind",
        "is missing",
        "",
    ),
}


@pytest.mark.parametrize("spoil, key, reason, hint", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_names_file_key_reason_and_what_was_meant(
    tmp_path: Path, spoil: Spoil, key: str, reason: str, hint: str
) -> None:
    content = tables()
    spoil(content)
    path = write(tmp_path, content)
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(path))
    assert said(caught.value.where) == f"{path}: {by_name(key, content)}"
    assert caught.value.message == reason
    assert hint in caught.value.hint


def test_steps_without_an_id_go_by_their_kind(tmp_path: Path) -> None:
    recipe = small(tmp_path)
    assert [step.id for step in recipe.dataset("birds").steps] == [
        "first",
        "second",
        "labels",
        "verify",
    ]
    assert [step.id for step in recipe.finish] == ["report", "clear-credentials"]


def test_verify_checks_the_segments_of_every_relabelled_output(tmp_path: Path) -> None:
    *_, labels, verify = small(tmp_path).dataset("birds").steps
    (segments,) = verify.segments  # type: ignore[union-attr]
    assert (segments.taxonomy, segments.base) == ("birds-2", "birds-3")
    assert segments.relabel == labels.outputs[0].relabel  # type: ignore[union-attr]


def test_archives_lie_below_the_root_or_beside_it(tmp_path: Path) -> None:
    recipe = small(tmp_path)
    places = {
        archive.name: recipe.archive_place(dataset, archive)
        for dataset in recipe.datasets
        for archive in dataset.archives
    }
    assert places["lists.zip"] == "lists/lists.zip"
    assert places["birds.zip"] == "data/Birds/birds.zip"


def test_recipes_of_the_program_need_no_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container may run as a number without a name: then there are no recipes of one's own."""

    def homeless() -> Path:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr("wizard.recipes.places.newer", homeless)
    assert "mseg" in recipe_files()
    assert catalogue_files()
