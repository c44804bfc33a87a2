"""Folders that cannot be had stop the dataset they are of, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.credentials.fakes import MemoryVault
from tests.engine.access import DATA, exact, fetching, put, run
from tests.recipes.small import Tables, tables, write
from wizard.errors import DestinationError, RecipeError
from wizard.kinds.registry import build_step, load_recipe
from wizard.plan.planner import make_plan
from wizard.recipes.model import Dataset, Recipe
from wizard.steps.install import Install, Settings, prepare_places
from wizard.steps.step import Place


def two_datasets(dest: Path) -> Install:
    datasets = tuple(
        Dataset(id=name, title=name, folder=name.title(), about="", archives=(exact(),))
        for name in ("toy", "town")
    )
    recipe = Recipe(id="toys", title="Toys", about="", root="sets", datasets=datasets)
    plan = make_plan(recipe, dest)
    place = Place(dest=dest, root=dest / "sets")
    return Install(place=place, recipe=recipe, plan=plan, settings=Settings(), vault=MemoryVault())


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_a_dataset_folder_on_a_disk_that_is_not_mounted(tmp_path: Path) -> None:
    made = two_datasets(tmp_path / "dest")
    link = made.place.root / "Toy"
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "disk/Toy")
    prepare_places(made)
    put(made.place.dest / "inbox/toy.zip", DATA)
    with pytest.raises(DestinationError, match=r"link to .*disk/Toy, which is not") as caught:
        run(fetching(made))
    assert caught.value.where == str(link)
    assert "mount" in caught.value.hint
    town = next(step for step in made.plan.steps if step.address == "town/fetch:toy.zip")
    run(build_step(town, made))  # type: ignore[arg-type]
    assert (made.place.root / "Town/toy.zip").read_bytes() == DATA
    assert not (tmp_path / "disk").exists()
    (tmp_path / "disk/Toy").mkdir(parents=True)
    put(made.place.dest / "inbox/toy.zip", DATA)
    run(fetching(made))
    assert (tmp_path / "disk/Toy/toy.zip").read_bytes() == DATA


def spoiled(where: str, harm: str) -> Tables:
    made = tables()
    dataset = made["datasets"][1]
    if where == "root":
        made["root"] = harm
    elif where == "folder":
        dataset["folder"] = harm
    elif where == "into":
        dataset["steps"][0]["into"] = harm
    else:
        dataset["archives"][0][where] = harm
    return made


@pytest.mark.parametrize("where", ["folder", "root", "into", "path", "name"])
@pytest.mark.parametrize("harm", ["a\0b", "a\x1bb", "a\nb"])
def test_a_control_character_in_a_path_is_refused_when_the_recipe_is_read(
    tmp_path: Path, where: str, harm: str
) -> None:
    with pytest.raises(RecipeError):
        load_recipe(str(write(tmp_path, spoiled(where, harm))))
    with pytest.raises(RecipeError, match="control character"):
        load_recipe(str(write(tmp_path, spoiled("folder", harm))))
