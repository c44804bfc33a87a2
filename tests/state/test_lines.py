"""Long files of ours: read line by line, and damaged as a whole when anything in them changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.state.harm import HARM
from wizard.errors import DestinationError
from wizard.state.lines import Follows, LinedStore
from wizard.state.notices import clear_damage, take_notices
from wizard.state.store import LaterVersionError, Store, copy_of
from wizard.state.table import UNPACKED


class Head(msgspec.Struct, frozen=True):
    follows: Follows | None = None
    name: str = ""


class Line(msgspec.Struct, frozen=True, array_like=True):
    text: str


LINES = [Line(f"line {number}\n") for number in range(200)]
FILE = replace(UNPACKED, of_data=False)


def kept(*, twice: bool = False) -> LinedStore[Head, Line]:
    heads = Store(replace(FILE, twice=twice), Head)
    return LinedStore(heads, lambda head: head.follows, Line)


def any_head(head: Head) -> bool:
    return True


@pytest.fixture
def path(tmp_path: Path) -> Path:
    clear_damage()
    return tmp_path / "x.json"


def test_what_is_written_is_read(path: Path) -> None:
    store = kept()
    store.write(path, lambda: LINES, lambda follows: Head(follows, "a"))
    found = store.read(path, any_head)
    assert found is not None
    assert (found.head.name, list(store.lines(found))) == ("a", LINES)
    assert found.head.follows is not None and found.head.follows.lines == len(LINES)
    assert store.read(path, lambda head: head.name == "b") is None
    assert not take_notices()


@pytest.mark.parametrize("at", [40, 300, -2])
def test_a_byte_that_changed_anywhere_is_damage(path: Path, at: int) -> None:
    store = kept()
    store.write(path, lambda: LINES, Head)
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    assert store.read(path, any_head) is None
    assert [each.path for each in take_notices()] == [path]


@pytest.mark.parametrize("harm", [*HARM, "short"])
def test_the_copy_serves_when_the_file_came_to_harm(path: Path, harm: str) -> None:
    store = kept(twice=True)
    store.write(path, lambda: LINES, Head)
    if harm == "short":
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    else:
        HARM[harm](path)
    found = store.read(path, any_head)
    assert found is not None and found.path == copy_of(path)
    assert list(store.lines(found)) == LINES


def test_a_file_that_changes_while_it_is_read_is_an_error(path: Path) -> None:
    store = kept()
    store.write(path, lambda: LINES, Head)
    found = store.read(path, any_head)
    assert found is not None
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DestinationError, match="changed while it was read"):
        list(store.lines(found))


def test_one_of_a_later_version_stops_the_command(path: Path) -> None:
    path.write_bytes(b'{"version":9,"by":"segwizard 9.1"}\n["x"]\n')
    with pytest.raises(LaterVersionError):
        kept().read(path, any_head)


def test_one_of_an_earlier_version_has_no_lines(path: Path) -> None:
    path.write_bytes(b'{"version":1,"by":"segwizard 0.1","name":"old"}')
    store = kept()
    found = store.read(path, any_head)
    assert found is not None and found.head.name == "old"
    assert list(store.lines(found)) == []
