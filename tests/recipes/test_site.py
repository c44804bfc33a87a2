"""Site files: what they may change, what they may not, and how slips are answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recipes.small import said, small, tables
from wizard.errors import RecipeError
from wizard.kinds.registry import load_recipe
from wizard.recipes.loader import names, outline
from wizard.recipes.model import Archive, Recipe
from wizard.recipes.site import apply_site, load_site

SHA = "a" * 64


def site_of(folder: Path, text: str) -> Path:
    path = folder / "site.toml"
    path.write_text(text)
    return path


def applied(folder: Path, text: str, recipe: Recipe | None = None) -> Recipe:
    return apply_site(recipe or small(folder), load_site(site_of(folder, text)))


def birds(recipe: Recipe, index: int = 0) -> Archive:
    return recipe.dataset("birds").archives[index]


def test_without_a_site_file_nothing_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "etc"))
    recipe = small(tmp_path)
    assert apply_site(recipe, load_site()) == recipe


def test_the_users_site_file_comes_before_the_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "etc"))
    for name, rate in (("etc", 1), ("home", 2)):
        folder = tmp_path / name / "segwizard"
        folder.mkdir(parents=True)
        site_of(folder, f"limits = {{ rate = {rate} }}")
        assert load_site().limits.rate == rate


def test_addresses_size_and_hash_are_replaced_together(tmp_path: Path) -> None:
    text = f"""
        [archives."birds.zip"]
        urls = ["http://lab.example/b.zip"]
        size = 100
        sha256 = "{SHA}"
    """
    archive = birds(applied(tmp_path, text))
    assert archive.urls == ("http://lab.example/b.zip",)
    assert (archive.size, archive.sha256) == (100, SHA)
    assert archive.md5 == "", "the recipe's md5 proves another file"


def test_a_miniature_is_planned_as_one(tmp_path: Path) -> None:
    recipe = applied(tmp_path, '[archives."birds.zip"]\nsize = 100')
    assert birds(recipe).unpacked_about == 200
    assert recipe.dataset("birds").labels_about == round(500 * 3100 / 4000)


def test_saying_the_known_size_keeps_the_known_hash(tmp_path: Path) -> None:
    recipe = small(tmp_path)
    assert birds(applied(tmp_path, '[archives."birds.zip"]\nsize = 1000', recipe)) == birds(recipe)


def test_a_gated_archive_can_be_open_here(tmp_path: Path) -> None:
    text = '[archives."more.zip"]\naccess = "open"\nurls = ["http://lab.example/more.zip"]'
    archive = birds(applied(tmp_path, text), 1)
    assert archive.access.kind == "open"
    assert archive.access.site == ""


def test_an_open_archive_needs_an_address(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        applied(tmp_path, '[archives."more.zip"]\naccess = "open"')
    assert caught.value.where.endswith('archives."more.zip".urls')


def test_mirrors_come_first_for_open_archives_only(tmp_path: Path) -> None:
    recipe = applied(tmp_path, 'mirrors = ["http://lab.example/data/"]')
    assert birds(recipe).urls == (
        "http://lab.example/data/birds.zip",
        "https://a.example/birds.zip",
    )
    assert birds(recipe, 1).urls == ()


def test_a_mirror_is_address_enough_for_what_is_open_here(tmp_path: Path) -> None:
    text = 'mirrors = ["http://lab.example"]\n[archives."more.zip"]\naccess = "open"'
    assert birds(applied(tmp_path, text), 1).urls == ("http://lab.example/more.zip",)


def test_login_sites_move_to_another_base(tmp_path: Path) -> None:
    recipe = applied(tmp_path, '[sites.club]\nbase = "http://127.0.0.1:8000/c/"')
    (site,) = recipe.sites
    assert site.login_url == "http://127.0.0.1:8000/c/login"
    assert site.file_url == "http://127.0.0.1:8000/c/get/{name}"
    assert site.md5_url == ""


def test_limits_are_read(tmp_path: Path) -> None:
    site = load_site(site_of(tmp_path, "[limits]\nrate = 5000\nper_host = 2"))
    assert (site.limits.rate, site.limits.transfers, site.limits.per_host) == (5000, None, 2)


@pytest.mark.parametrize("key", ["birds.zip", "birds/birds.zip", "small/birds/birds.zip"])
def test_archives_go_by_name_dataset_and_collection(tmp_path: Path, key: str) -> None:
    recipe = applied(tmp_path, f'[archives."{key}"]\nurls = ["http://lab.example/x"]')
    assert birds(recipe).urls == ("http://lab.example/x",)


def test_the_longest_key_decides(tmp_path: Path) -> None:
    text = """
        [archives."birds.zip"]
        urls = ["http://lab.example/bare"]
        [archives."birds/birds.zip"]
        urls = ["http://lab.example/exact"]
    """
    assert birds(applied(tmp_path, text)).urls == ("http://lab.example/exact",)


def test_a_name_of_two_archives_must_say_which(tmp_path: Path) -> None:
    content = tables()
    content["datasets"][1]["archives"][0]["name"] = "fish.tgz"
    content["datasets"][1]["steps"][0]["archive"] = "fish.tgz"
    recipe = small(tmp_path, content)
    with pytest.raises(RecipeError, match="different archives"):
        applied(tmp_path, '[archives."fish.tgz"]\nsize = 1', recipe)
    fish = applied(tmp_path, '[archives."fish/fish.tgz"]\nsize = 1', recipe)
    assert fish.dataset("fish").archives[0].size == 1
    assert birds(fish).size == 1000


def test_archives_of_other_collections_are_let_be(tmp_path: Path) -> None:
    recipe = small(tmp_path)
    assert applied(tmp_path, '[archives."sun_rgbd.tgz"]\nsize = 1', recipe) == recipe


@pytest.mark.parametrize(
    "text, key, reason",
    [
        ('[archives."brids.zip"]\nsize = 1', 'archives."brids.zip"', "no archive of any recipe"),
        ('[sites.clob]\nbase = "http://x"', "sites.clob", "no login site of any recipe"),
        ('[sites.club]\nbase = "x"', "sites.club.base", "no http address"),
        ('mirrors = ["x"]', "mirrors[0]", "no http address"),
        ('[archives."birds.zip"]\nsize = -1', 'archives."birds.zip".size', "positive"),
        ('[archives."birds.zip"]\nsha256 = "1"', 'archives."birds.zip".sha256', "64 digits"),
        ('[archives."birds.zip"]\nurls = ["x"]', 'archives."birds.zip".urls[0]', "no http"),
        ("[limits]\nrate = -1", "limits.rate", "0 or more"),
        ("[limits]\ntransfers = 0", "limits.transfers", "1 or more"),
        ("[limits]\nrte = 1", "limits.rte", "no known key"),
    ],
)
def test_a_slip_names_file_key_and_reason(tmp_path: Path, text: str, key: str, reason: str) -> None:
    with pytest.raises(RecipeError) as caught:
        applied(tmp_path, text)
    assert said(caught.value.where) == f"{tmp_path / 'site.toml'}: {key}"
    assert reason in caught.value.message


def test_an_unknown_key_of_an_archive_is_refused_with_what_was_meant(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        applied(tmp_path, '[archives."birds.zip"]\nulrs = []')
    assert "did you mean urls?" in caught.value.hint


def test_no_site_of_a_real_recipe_keeps_its_host(tmp_path: Path) -> None:
    text = '[sites.cityscapes]\nbase = "http://127.0.0.1:1"\n[sites.wilddash]\nbase = "http://127.0.0.1:2"'
    for site in applied(tmp_path, text, load_recipe("mseg")).sites:
        urls = (site.login_url, site.register_url, site.file_url, site.md5_url, site.list_url)
        assert all(url.startswith("http://127.0.0.1:") for url in urls if url)


def test_a_mistake_in_an_archive_names_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(
        '[archives."a.zip"]\nurls = ["http://x/a.zip"]\n[archives."b.zip"]\nurl = "http://x/b.zip"\n'
    )
    with pytest.raises(RecipeError) as caught:
        load_site(path)
    assert 'archives."b.zip".url' in caught.value.where
    assert "urls" in caught.value.hint


def test_login_sites_of_every_collection_may_be_named_beside_any(tmp_path: Path) -> None:
    sites = {site.id for name in names() for site in load_recipe(name).sites}
    assert sites == {site.id for name in names() for site in outline(name).sites}
    text = "".join(f'[sites.{name}]\nbase = "http://lab.example"\n' for name in sorted(sites))
    for name in names():
        for site in applied(tmp_path, text, load_recipe(name)).sites:
            assert site.login_url.startswith("http://lab.example") or not site.login_url
