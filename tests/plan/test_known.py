"""Archives proven elsewhere on this machine count as here, by hash alone."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from wizard.plan.costs import known_here
from wizard.plan.planner import make_plan
from wizard.recipes.model import Archive, Dataset, Recipe
from wizard.transfer.archive_cache import ArchiveCache

DATA = b"the same bytes for two collections"


def recipe(**proof: str) -> Recipe:
    archive = Archive(name="a.zip", urls=("http://x/a.zip",), size=len(DATA), **proof)
    dataset = Dataset(id="d", title="D", folder="D", about="", archives=(archive,))
    return Recipe(id="r", title="R", about="", root="", datasets=(dataset,))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "old" / "renamed.zip"
    path.parent.mkdir()
    path.write_bytes(DATA)
    ArchiveCache.usual().add(path, {"sha256": hashlib.sha256(DATA).hexdigest()}, "a.zip")
    return path


def test_a_known_hash_need_not_be_fetched(tmp_path: Path) -> None:
    made = recipe(sha256=hashlib.sha256(DATA).hexdigest())
    assert known_here(made) == {"d/fetch:a.zip"}
    plan = make_plan(made, tmp_path / "dest", have=known_here(made))
    assert plan.fetch_bytes == 0
    assert plan.datasets[0].present_bytes == len(DATA)


def test_a_file_that_changed_or_went_is_not_known(elsewhere: Path) -> None:
    made = recipe(sha256=hashlib.sha256(DATA).hexdigest())
    elsewhere.write_bytes(DATA[::-1] + b"!")
    assert known_here(made) == frozenset()
    elsewhere.unlink()
    assert known_here(made) == frozenset()


def test_without_a_published_hash_nothing_is_known() -> None:
    assert known_here(recipe()) == frozenset()
