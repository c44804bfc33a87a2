"""Files of others are read through one door, which nothing but a regular file gets through."""

from __future__ import annotations

import ast
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.house import PACKAGE, read_modules
from tests.labels.test_bounds import readers
from wizard.archives.bounds import NO_LIMITS_STATED
from wizard.archives.operations import SettingLines, TextFile
from wizard.archives.structure import check_structure
from wizard.archives.tar.reader import open_tar
from wizard.archives.zip.directory import read_directory
from wizard.credentials.leftovers import find_leftovers
from wizard.errors import LabelError, WizardError
from wizard.foreign import open_foreign, read_foreign, read_foreign_text
from wizard.labels.bounds import TABLE_BYTES
from wizard.progress import CancelToken
from wizard.recipes.site import load_site
from wizard.recipes.toml import read_toml
from wizard.transfer.inbox import hash_file
from wizard.verify.image_files import UnreadableImage, decode_fully, read_header

METHODS = {"read_bytes", "read_text", "open"}
DOORS = {"foreign.py", "files.py", "openat.py"}
EXCEPTIONS = {
    ("durability.py", "read_text"): "the system's own facts, below /proc",
    ("engine/lease.py", "read_text"): "the system's own facts, below /proc",
    ("plan/volume.py", "read_text"): "the system's own facts, below /proc",
    ("app/masks.py", "read_bytes"): "masks that were written a moment ago, in a folder of our own",
    ("demo/serving.py", "open"): "archives that the demo drew a moment ago",
    ("demo/serving.py", "read_bytes"): "archives that the demo drew a moment ago",
}
"""Each with its reason; a line that no longer needs its place here fails the test too."""
_NOT_PATHS = {
    "os",
    "io",
    "staging",
    "_server",
    "finder",
    "webbrowser",
    "Image",
    "tarfile",
    "igzip_threaded",
}
"""What has an ``open`` that reads no path of others."""


def _reads() -> Iterator[tuple[str, str]]:
    for module in read_modules().values():
        name = module.path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(module.tree):
            if name in DOORS or not isinstance(node, ast.Call):
                continue
            call = node.func
            if isinstance(call, ast.Name) and call.id == "open":
                yield name, "open"
            elif isinstance(call, ast.Attribute) and call.attr in METHODS:
                of = call.value
                owner = getattr(of, "id", "") or getattr(of, "attr", "")
                if call.attr != "open" or owner not in _NOT_PATHS:
                    yield name, call.attr


def test_nothing_else_reads_files_of_others() -> None:
    assert set(_reads()) == set(EXCEPTIONS)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def outlet(path: Path) -> None:
    place = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(place)


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 42)


FORMS = [pipe, folder, endless, outlet, huge]


def _tar(path: Path) -> None:
    with open_tar(path, gzipped=True) as stream:
        stream.read(1 << 20)


OTHERS: dict[str, Callable[[Path], object]] = {
    "zip": lambda path: read_directory(path, NO_LIMITS_STATED),
    "tar": _tar,
    "structure": lambda path: check_structure(path, CancelToken(), "a.json"),
    "recipe": read_toml,
    "site": load_site,
    "header": read_header,
    "pixels": decode_fully,
}
READERS = {**readers(), **OTHERS}


@pytest.fixture(autouse=True)
def _in_time() -> Iterator[None]:
    def hangs(*_: object) -> None:
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("name", READERS)
def test_what_is_no_file_is_refused_at_once(
    tmp_path: Path, name: str, form: Callable[[Path], None]
) -> None:
    path = tmp_path / "hostile.json"
    form(path)
    with pytest.raises((WizardError, UnreadableImage)) as caught:
        READERS[name](path)
    assert str(caught.value)
    assert form in (huge, endless) or os.path.lexists(path)


@pytest.mark.parametrize("form", [pipe, folder, endless, outlet], ids=lambda form: form.__name__)
def test_hashes_are_of_files_alone(tmp_path: Path, form: Callable[[Path], None]) -> None:
    path = tmp_path / "hostile"
    form(path)
    with pytest.raises(WizardError):
        hash_file(path, ("sha256",), CancelToken())
    assert TextFile(path, "x").made() is False
    assert find_leftovers([tmp_path]) == ()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_the_door_itself(tmp_path: Path, form: Callable[[Path], None]) -> None:
    path = tmp_path / "hostile"
    form(path)
    with pytest.raises(OSError, match=".+"):
        read_foreign(path, 1 << 20)
    if form is not huge:
        with pytest.raises(OSError, match=".+"):
            open_foreign(path)


def test_sound_files_come_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes("ä\r\nb\rc\n".encode())
    assert read_foreign(path, 9) == path.read_bytes()
    assert read_foreign_text(path) == "ä\nb\nc\n"
    with pytest.raises(OSError, match="more than 6 bytes"):
        read_foreign(path, 6)


def no_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\0")


@pytest.mark.parametrize("form", [*FORMS, no_text], ids=lambda form: form.__name__)
def test_what_is_no_text_of_settings_is_kept_under_another_name(
    tmp_path: Path, form: Callable[[Path], None]
) -> None:
    path = tmp_path / "settings"
    form(path)
    before = path.lstat()
    SettingLines(path, "A=b\n").make()
    assert path.read_text() == "A=b\n"
    (aside,) = tmp_path.glob("settings.set-aside-*")
    assert aside.lstat().st_ino == before.st_ino


def test_bounds_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    with path.open("wb") as file:
        file.truncate(TABLE_BYTES + 1)
    with pytest.raises(LabelError, match="list") as caught:
        readers()["pairs"](path)
    assert "list.txt" in str(caught.value)
