"""Files people have already: recognised whatever their name, adopted, and never written to."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.engine.access import DATA, OTHER, exact, install, linked, put, zipped
from wizard.entry import exit_code
from wizard.errors import UsageError
from wizard.kinds.fetching.imports import files_below, import_files
from wizard.progress import CancelToken
from wizard.recipes.model import Access, Archive, Version
from wizard.steps.install import Install

HAND = Access(kind="browser", page="https://hand.example/")
SECOND = zipped("second/a.png", seed=3)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def made(tmp_path: Path) -> Install:
    second = Archive(name="second.zip", access=HAND, md5=hashlib.md5(SECOND).hexdigest())
    return install(tmp_path / "dest", exact(access=HAND), second)


def take(made: Install, *files: Path) -> list[tuple[bool, str]]:
    results = import_files(made, files, "auto", CancelToken())
    return [(each.taken, each.words) for each in results]


def test_files_are_told_by_hash_whatever_their_name(made: Install, tmp_path: Path) -> None:
    a = put(tmp_path / "old/one.bin", DATA)
    b = put(tmp_path / "old/second.zip", SECOND)
    assert take(made, a, b) == [
        (True, "one.bin is toy.zip of toy (its sha256)"),
        (True, "second.zip is second.zip of toy (its md5)"),
    ]
    assert (made.place.dest / "sets/Toy/toy.zip").read_bytes() == DATA
    assert a.read_bytes() == DATA
    assert take(made, a) == [(False, "toy.zip is in place already")]


def test_wrong_and_unknown_files_are_named(tmp_path: Path) -> None:
    made = install(tmp_path / "dest", linked())
    wrong = put(tmp_path / "old/toy.zip", OTHER)
    unknown = put(tmp_path / "old/holiday.mp4", b"film")
    assert take(made, wrong, unknown) == [
        (False, "toy.zip is Toy 2: Toy 1 is needed"),
        (False, "holiday.mp4 is no archive of this install, by name, size or contents"),
    ]
    assert wrong.read_bytes() == OTHER
    with pytest.raises(UsageError):
        take(made, tmp_path / "nothing.zip")


def test_a_damaged_copy_of_the_right_release_is_refused(tmp_path: Path) -> None:
    release = Version(name="Toy 1", accepted=True, note="", has=("toy/*",))
    made = install(tmp_path / "dest", exact(access=HAND, versions=(release,)))
    damaged = bytearray(DATA)
    damaged[200] ^= 1
    ((taken, words),) = take(made, put(tmp_path / "toy.zip", bytes(damaged)))
    assert not taken
    assert "its sha256 is" in words


def test_a_folder_is_searched_without_hashing_everything(made: Install, tmp_path: Path) -> None:
    put(tmp_path / "old/deep/er/renamed.bin", DATA)
    put(tmp_path / "old/second (1).zip", SECOND)
    put(tmp_path / "old/unrelated.zip", b"PK\x03\x04 something")
    put(tmp_path / "old/.hidden/toy.zip", DATA)
    found = files_below(tmp_path / "old", made)
    assert [path.name for path in found] == ["second (1).zip", "renamed.bin"]


def test_the_command_takes_files_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "toys.toml"
    recipe.write_text(
        'id = "toys"\ntitle = "Toys"\nabout = "Toys."\nroot = "sets"\n'
        '[[datasets]]\nid = "toy"\ntitle = "Toy"\nfolder = "Toy"\nabout = "A toy."\n'
        '[[datasets.archives]]\nname = "toy.zip"\naccess = { kind = "browser" }\n'
        f'sha256 = "{hashlib.sha256(DATA).hexdigest()}"\nsize = {len(DATA)}\n'
        '[[datasets.steps]]\nkind = "extract"\narchive = "toy.zip"\ninto = "Toy"\n'
    )
    put(tmp_path / "old/x.bin", DATA)
    words = ("import", "--from", str(tmp_path / "old"), "--dest", str(tmp_path / "dest"))
    assert exit_code((*words, "--collection", str(recipe), "--json")) == 0
    (result,) = json.loads(capsys.readouterr().out)
    assert (result["taken"], result["archive"]) == (True, "toy.zip")
    assert (tmp_path / "dest/sets/Toy/toy.zip").samefile(tmp_path / "old/x.bin")
    again = ("import", str(tmp_path / "old/x.bin"), "--dest", str(tmp_path / "dest"))
    assert exit_code((*again, "--collection", str(recipe))) == 0
    assert "in place already" in capsys.readouterr().out
    assert exit_code((*words, "--collection", str(recipe), "--how", "move")) == 2
    wrong = put(tmp_path / "toy.zip", b"no archive")
    asked = ("import", str(wrong), "--dest", str(tmp_path / "other"))
    assert exit_code((*asked, "--collection", str(recipe))) == 1


def test_a_file_behind_a_link_is_taken_not_the_link(made: Install, tmp_path: Path) -> None:
    real = put(tmp_path / "store/real.bin", DATA)
    link = tmp_path / "old/link.zip"
    link.parent.mkdir()
    link.symlink_to("../store/real.bin")
    assert take(made, link) == [(True, "link.zip is toy.zip of toy (its sha256)")]
    target = made.place.dest / "sets/Toy/toy.zip"
    assert not target.is_symlink()
    real.unlink()
    assert target.read_bytes() == DATA


def test_a_missing_file_or_a_folder_is_told_before_any_is_taken(
    made: Install, tmp_path: Path
) -> None:
    right = put(tmp_path / "old/one.bin", DATA)
    with pytest.raises(UsageError, match="no such file"):
        take(made, right, tmp_path / "old/none.zip")
    with pytest.raises(UsageError, match="this is a folder") as caught:
        take(made, right, tmp_path / "old")
    assert "--from" in caught.value.hint
    assert not (made.place.dest / "sets/Toy/toy.zip").exists()
