"""``status`` and ``run`` go on whatever stands in the place of a file of ours."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.headless.toy import Toy, toy_collection
from tests.state.harm import HARM, LATER, clear

pytestmark = pytest.mark.slow

INSTALL = (
    "install.json",
    "outcomes.json",
    "archives.json",
    "lease.json",
    "terms.json",
    "asked.json",
    "steps/flowers.extract.json",
    "steps/flowers.fetch:flowers.zip.json",
    "log.jsonl",
    "errors.log",
    "runner.log",
    "running",
    "steps",
)
USER = ("archives.json", "credentials.json")


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toy]:
    with toy_collection(tmp_path_factory.mktemp("toy")) as made:
        made.install("--yes", "--only", "flowers", code=0)
        shutil.copytree(made.dest, made.folder / "finished", symlinks=True)
        yield made


def _places(toy: Toy) -> dict[str, Path]:
    state, user = toy.dest / ".segwizard", toy.folder / "xdg_state_home" / "segwizard"
    return {each: state / each for each in INSTALL} | {f"user {each}": user / each for each in USER}


@pytest.fixture
def fresh(toy: Toy) -> Toy:
    """The finished install, as it was."""
    shutil.rmtree(toy.dest)
    shutil.copytree(toy.folder / "finished", toy.dest, symlinks=True)
    for path in (toy.folder / "victim.txt", *(toy.folder / "xdg_state_home").glob("*/*")):
        clear(path)
    return toy


@pytest.mark.parametrize("harm", HARM)
def test_commands_go_on_with_damage_everywhere_at_once(
    fresh: Toy, harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, path in _places(fresh).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if name != "steps":
            if not path.exists():
                path.write_bytes(b'{"version":1,"text":"x"}')
            HARM[harm](path)
    status = fresh.run("status", fresh.recipe, "--dest", fresh.dest)
    assert status.returncode == 3
    assert "Traceback" not in status.stderr
    assert "damaged" in status.stderr
    run = fresh.install("--yes", "--only", "flowers", code=0)
    assert "Traceback" not in run.stderr and "damaged" in run.stderr + run.stdout
    again = fresh.install("--yes", "--only", "flowers", code=0)
    assert "damaged" not in again.stderr
    for victim in fresh.folder.rglob("victim.txt"):
        assert victim.read_text() == "private"


@pytest.mark.parametrize("harm", ["pipe", "link", "random"])
def test_the_folder_of_records_may_be_anything(fresh: Toy, harm: str) -> None:
    HARM[harm](fresh.dest / ".segwizard" / "steps")
    assert fresh.run("status", fresh.recipe, "--dest", fresh.dest).returncode == 3
    fresh.install("--yes", "--only", "flowers", code=0)


@pytest.mark.parametrize("name", [*INSTALL[:6], "steps/flowers.extract.json", "user archives.json"])
def test_what_a_later_segwizard_wrote_stops_every_command(fresh: Toy, name: str) -> None:
    path = _places(fresh)[name]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(LATER)
    for words in (("status", fresh.recipe), ("run", fresh.recipe, "--yes")):
        done = fresh.run(*words, "--dest", fresh.dest)
        assert done.returncode == 4, done.stderr
        assert "was written by segwizard 9.1 in version 7 of this file" in done.stderr
        assert str(path) in done.stderr
    assert path.read_bytes() == LATER
