"""Newer recipes beside the program's own, the keys of a recipe, and one that moved away."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from tests.headless.toy import Toy
from tests.recipes.small import tables, write
from tests.servers.misbehaving import Misbehaving
from wizard.app.opening import found, open_begun
from wizard.app.recipe_updates import read_update
from wizard.cli import invoke
from wizard.engine.journal import InstallState, read_recipe, write_install, write_recipe
from wizard.errors import RecipeError, UsageError
from wizard.kinds.registry import load_recipe
from wizard.recipes.loader import names
from wizard.recipes.places import catalogue_files, newer, recipe_files, shipped
from wizard.steps.step import Place

CATALOGUE = """\
[[archives]]
id = "camvid-labels"
name = "LabeledApproved_full.zip"
licence = "camvid"
addresses = [{ url = "https://new.example/LabeledApproved_full.zip" }]
statements = [{ by = ["publisher"], size = 16_567_586 }]
unpacked_about = 17_000_000
files_about = 701
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))


def test_a_newer_catalogue_is_told_in_words_kept_beside_and_given_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "driving-2027.toml"
    file.write_text(CATALOGUE)
    assert invoke(["recipes", "update", str(file)]) == 3
    assert (
        load_recipe("mseg").dataset("camvid").archive("LabeledApproved_full.zip").size == 16_567_585
    )
    assert invoke(["recipes", "update", str(file), "--yes"]) == 0
    said = capsys.readouterr().out
    assert "one address more, https://new.example/LabeledApproved_full.zip" in said
    assert "its size is 16,567,586 bytes, before 16,567,585 bytes" in said
    assert "is not known" not in said.splitlines()[0]
    assert (
        load_recipe("mseg").dataset("camvid").archive("LabeledApproved_full.zip").size == 16_567_586
    )
    assert set(catalogue_files()) - {newer() / "catalogue/driving-2027.toml"}
    invoke(["recipes", "remove", "catalogue/driving-2027"])
    assert (
        load_recipe("mseg").dataset("camvid").archive("LabeledApproved_full.zip").size == 16_567_585
    )


def test_a_newer_recipe_stands_in_place_of_the_shipped_one_until_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "anything.toml"
    text = (shipped() / "mseg.toml").read_text()
    own.write_text(text.replace('title = "MSeg"', 'title = "MSeg of tomorrow"'))
    assert invoke(["recipes", "update", str(own), "--yes"]) == 0
    assert load_recipe("mseg").title == "MSeg of tomorrow"
    assert recipe_files()["mseg"].parent == newer()
    assert invoke(["recipes", "update", str(own), "--yes"]) == 0
    assert "no difference" in capsys.readouterr().err
    invoke(["recipes", "remove", "mseg"])
    assert load_recipe("mseg").title == "MSeg"
    with pytest.raises(UsageError):
        invoke(["recipes", "remove", "mseg"])


def test_a_new_collection_of_ones_own_goes_by_its_name(tmp_path: Path) -> None:
    path = write(tmp_path, tables())
    assert "small" not in names()
    invoke(["recipes", "update", str(path), "--yes"])
    path.unlink()
    assert load_recipe("small").title == "Small"


def test_what_cannot_be_used_is_never_taken(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    for text in ("id = 1", CATALOGUE.replace("size = 1", 'sise = "x", size = 1'), "a = ["):
        broken.write_text(text)
        with pytest.raises(RecipeError):
            read_update(str(broken))
    assert not newer().exists()


def test_updates_come_from_an_address_too_but_never_in_the_clear(tmp_path: Path) -> None:
    with Misbehaving() as server:
        url = server.put("driving.toml", CATALOGUE.encode())
        assert any("new.example" in line for line in read_update(url).lines)
        huge = server.put("huge.toml", b"#" * (5 << 20))
        with pytest.raises(RecipeError, match="larger"):
            read_update(huge)
        with pytest.raises(RecipeError, match="404"):
            read_update(f"{server.url}/nothing.toml")
    with pytest.raises(UsageError, match="https"):
        read_update("http://a.example/driving.toml")


def test_status_works_after_the_recipe_of_an_install_moved_away(tmp_path: Path) -> None:
    folder, dest = tmp_path / "recipes", tmp_path / "dest"
    folder.mkdir()
    path = write(folder, tables())
    place = Place(dest=dest, root=dest / "data")
    place.state.mkdir(parents=True)
    write_install(place, InstallState(collection=str(path)))
    write_recipe(place, str(path), load_recipe(str(path)))
    shutil.rmtree(folder)
    install = open_begun(found(dest))
    assert install.recipe.title == "Small"
    assert [each.id for each in install.recipe.datasets] == ["tables", "birds", "fish"]


def test_the_copy_of_a_recipe_holds_nothing_of_a_site_file(toy: Toy, tmp_path: Path) -> None:
    """What a person's own addresses hold is theirs, and the destination is shared."""
    site, dest = tmp_path / "site.toml", tmp_path / "copied"
    site.write_text(
        '[archives."trees/trees.zip"]\nurls = ["http://me:open-sesame@127.0.0.1:9/trees.zip"]\n'
    )
    words = ["run", str(toy.recipe), "--dest", str(dest), "--site", str(site), "--yes"]
    assert invoke([*words, "--only", "flowers", "--json"]) == 0
    kept = read_recipe(Place(dest=dest, root=dest), str(toy.recipe))
    assert kept == msgspec.json.decode(msgspec.json.encode(load_recipe(str(toy.recipe))))
    for path in (dest / ".segwizard").rglob("*"):
        assert path.is_dir() or b"open-sesame" not in path.read_bytes()


def test_every_key_of_every_table_is_in_the_reference(capsys: pytest.CaptureFixture[str]) -> None:
    invoke(["recipes", "fields", "--json"])
    known = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert {"Recipe", "Dataset", "Archive", "Extract", "Count", "CatalogueEntry"} <= known.keys()
    for name in ("Recipe", "Dataset", "Archive"):
        assert all(each["kind"] != "anything" for each in known[name]["fields"])
    told = [each for table in known.values() for each in table["fields"] if each["about"]]
    assert len(told) > 100
    assert all(table["about"] for table in known.values())


def test_the_sizes_of_collections_are_those_of_the_way_that_would_be_taken(
    capsys: pytest.CaptureFixture[str],
) -> None:
    invoke(["recipes", "--json"])
    listed = {each["id"]: each["fetch_bytes"] for each in json.loads(capsys.readouterr().out)}
    assert 1.3e12 < listed["partdistillation"] < 1.5e12
