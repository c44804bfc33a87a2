from __future__ import annotations

import importlib
import os
import pkgutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import wizard
from tests.state.harm import HARM, LATER, clear
from wizard.files import PlantedError, read_ours
from wizard.state.notices import clear_damage, take_notices
from wizard.state.store import (
    Absent,
    Damaged,
    Later,
    LaterVersionError,
    Store,
    check_versions,
    copy_of,
    restore_copies,
)
from wizard.state.table import INSTALL, STATE_FILES, StateFile
from wizard.version import __version__


class Thing(msgspec.Struct, frozen=True):
    steps: dict[str, int] = {}
    title: str = ""


FILE = StateFile("thing.json", "install", 1, "tests", 1 << 20, "things", pretty=True)
STORE = Store(FILE, Thing)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    take_notices()
    path = tmp_path / "state" / "thing.json"
    STORE.write(path, Thing({"a": 1}, "é"))
    return path


def test_what_was_written_is_read_with_its_version_and_writer_first(path: Path) -> None:
    assert STORE.read(path) == Thing({"a": 1}, "é")
    told = msgspec.json.decode(path.read_bytes())
    assert list(told)[:2] == ["version", "by"]
    assert told["by"] == f"segwizard {__version__}"
    assert STORE.look(path.with_name("none.json")) == Absent()
    assert STORE.read(path / "below a file") is None
    assert not take_notices()


def test_an_older_version_is_as_good_as_none(path: Path) -> None:
    path.write_bytes(b'{"version": 0, "steps": {}}')
    assert STORE.read(path) is None
    STORE.write(path, Thing())
    assert STORE.read(path) == Thing()


@pytest.mark.parametrize("harm", HARM)
def test_damage_is_told_once_and_kept_when_it_is_written_over(path: Path, harm: str) -> None:
    HARM[harm](path)
    assert isinstance(STORE.look(path), Damaged)
    assert STORE.read(path) is STORE.read(path) is None
    assert [notice.path for notice in take_notices()] == [path]
    STORE.write(path, Thing(title="new"))
    assert STORE.read(path) == Thing(title="new")
    assert len(list(path.parent.glob("thing.json.damaged-*"))) == 1
    other = path.parent.parent / "victim.txt"
    assert not other.exists() or other.read_text() == "private"


TWICE = Store(replace(FILE, twice=True), Thing)


@pytest.mark.parametrize("harm", [*HARM, "gone"])
def test_a_file_kept_twice_outlives_harm_to_one_of_the_two(path: Path, harm: str) -> None:
    TWICE.write(path, Thing({"b": 2}))
    os.utime(copy_of(path), (5, 5))
    (HARM | {"gone": clear})[harm](path)
    assert TWICE.read(path) == Thing({"b": 2})
    assert len(clear_damage()) == (harm != "gone"), "told all the same, and set aside"
    restore_copies(path.parent)
    assert STORE.read(path) == Thing({"b": 2})
    assert path.stat().st_mtime == 5
    restore_copies(path.parent)
    (HARM | {"gone": clear})[harm](copy_of(path))
    assert TWICE.read(path) == Thing({"b": 2})
    TWICE.write(path, Thing({"c": 3}))
    clear(path)
    assert TWICE.read(path) == Thing({"c": 3}), "the copy was written anew too"


def test_the_runner_sets_damage_aside_and_says_where(path: Path) -> None:
    for _ in range(3):
        path.write_bytes(b"\xff")
        assert STORE.read(path) is None
        (notice,) = clear_damage()
        assert notice.kept is not None and notice.kept.name in str(notice)
        assert not path.exists() and notice.kept.read_bytes() == b"\xff"
    assert len(list(path.parent.iterdir())) == 3


def test_a_later_version_stops_and_is_never_written_over(path: Path) -> None:
    path.write_bytes(LATER)
    assert STORE.look(path) == Later(7, "segwizard 9.1")
    assert STORE.peek(path) is None
    for call in (lambda: STORE.read(path), lambda: STORE.write(path, Thing())):
        with pytest.raises(LaterVersionError, match=r"segwizard 9\.1 in version 7") as caught:
            call()
        assert caught.value.exit_code == 4 and str(path) in str(caught.value)
    assert path.read_bytes() == LATER


def test_a_version_that_we_never_wrote_is_damage(path: Path) -> None:
    ours = path.read_bytes()
    for version in (b"5", b"9", b"3"):
        path.write_bytes(ours.replace(b'"version": 1', b'"version": ' + version))
        assert isinstance(STORE.look(path), Damaged)
        check_versions(path.parent, path.parent)
    STORE.write(path, Thing())
    assert STORE.read(path) == Thing()


def test_a_later_version_among_an_installs_files_is_seen_before_anything(tmp_path: Path) -> None:
    check_versions(tmp_path, tmp_path / "user")
    state = tmp_path / INSTALL.name
    state.write_bytes(LATER)
    with pytest.raises(LaterVersionError):
        check_versions(tmp_path, tmp_path / "user")
    for harm in HARM:
        if harm not in ("cut", "bad byte"):
            HARM[harm](state)
            check_versions(tmp_path, tmp_path / "user")
    clear(state)


def test_a_file_larger_than_any_of_ours_is_not_read(path: Path) -> None:
    os.truncate(path, FILE.largest + 1)
    assert isinstance(STORE.look(path), Damaged)
    with pytest.raises(PlantedError):
        read_ours(path, FILE.largest)


@given(st.binary(max_size=300) | st.text().map(str.encode))
def test_no_bytes_at_all_raise(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "thing.json"
    path.write_bytes(data)
    assert isinstance(STORE.look(path), Damaged | Later | Absent | Thing)
    STORE.read(path) if not isinstance(STORE.look(path), Later) else None
    take_notices()


@given(st.dictionaries(st.text(), st.integers(-(2**60), 2**60)), st.text())
def test_every_value_comes_back(
    tmp_path_factory: pytest.TempPathFactory, steps: dict[str, int], title: str
) -> None:
    path = tmp_path_factory.mktemp("any") / "thing.json"
    STORE.write(path, Thing(steps, title))
    assert STORE.read(path) == Thing(steps, title)


def test_each_file_of_the_table_belongs_to_the_module_that_has_its_store() -> None:
    owners = set()
    for found in pkgutil.walk_packages(wizard.__path__, "wizard."):
        if found.name.endswith("__main__") or found.name == "wizard.workers.cluster":
            continue
        module = importlib.import_module(found.name)
        owners |= {
            (store.file.name, store.file.holds, found.name)
            for store in vars(module).values()
            if isinstance(store, Store)
        }
    table = {(each.name, each.holds, each.owner) for each in STATE_FILES}
    assert table <= owners
    assert {owner[:2] for owner in owners} == {row[:2] for row in table}
