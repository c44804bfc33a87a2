"""A published number that the proven archive contradicts is a note; a lost file never is."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.conftest import segwizard
from tests.servers.misbehaving import Misbehaving


def packed(count: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.txt", f"{number}\n")
    return file.getvalue()


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    with Misbehaving() as double:
        yield double


def recipe(
    folder: Path, server: Misbehaving, *, proven: bool = True, second: int = 0, gone: bool = False
) -> Path:
    """A toy of three files, published as five; ``second`` is what another way holds."""
    text = ['id = "toy"\ntitle = "Toy"\nabout = "Toy."\nroot = "toys"']
    text.append('[[datasets]]\nid = "blocks"\ntitle = "Blocks"\nfolder = "blocks"\nabout = "B."')
    ways = [("first", packed(3))] + ([("second", packed(second))] if second else [])
    if second:
        listed = ", ".join(f'{{ id = "{name}", title = "{name}" }}' for name, _ in ways)
        text.append(f"alternatives = [{listed}]")
    for name, data in ways:
        url = server.put(f"{name}.zip", data)
        if gone and name == "first":
            url = f"{server.url}/gone/first.zip"
        text.append(f'[[datasets.archives]]\nname = "{name}.zip"\nurls = ["{url}"]')
        text.append(f"size = {len(data)}\nkeep = true")
        if proven:
            text.append(f'sha256 = "{hashlib.sha256(data).hexdigest()}"')
        if second:
            text.append(f'alternative = "{name}"')
    for name, _ in ways:
        step = f'[[datasets.steps]]\nkind = "extract"\nid = "extract-{name}"'
        text.append(f'{step}\narchive = "{name}.zip"\ninto = "blocks"')
    numbers = f", by_alternative = {{ first = 3, second = {second} }}" if second else ""
    check = f'{{ check = "count", files = "blocks/*.txt", count = 5{numbers} }}'
    text.append(f'[[datasets.steps]]\nkind = "check"\nchecks = [{check}]')
    path = folder / "toy.toml"
    path.write_text("\n".join(text))
    return path


def run(path: Path, dest: Path, home: Path) -> tuple[int, str]:
    done = segwizard("run", path, "--dest", dest, "--yes", home=home)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("proven", [True, False])
def test_a_wrong_number_fails_nothing_where_every_archive_is_proven(
    tmp_path: Path, server: Misbehaving, *, proven: bool
) -> None:
    path, dest, home = recipe(tmp_path, server, proven=proven), tmp_path / "dest", tmp_path / "home"
    code, told = run(path, dest, home)
    assert (code == 0) is proven, told
    if not proven:
        return
    (dest / "toys/blocks/1.txt").unlink()
    verified = segwizard("verify", "--dest", dest, "--json", home=home)
    assert verified.returncode == 1, "a lost file is no note"
    assert run(path, dest, home)[0] == 0
    assert (dest / "toys/blocks/1.txt").is_file()
    verified = segwizard("verify", "--dest", dest, "--json", home=home)
    assert verified.returncode == 0
    (summary,) = json.loads(verified.stdout)["datasets"]
    assert [group["fatal"] for group in summary["groups"]] == [False]


@pytest.mark.slow
@pytest.mark.parametrize("gone", [True, False])
def test_each_way_is_measured_by_its_own_number(
    tmp_path: Path, server: Misbehaving, *, gone: bool
) -> None:
    path = recipe(tmp_path, server, proven=False, second=4, gone=gone)
    code, told = run(path, tmp_path / "dest", tmp_path / "home")
    assert code == 0, told
    found = len(list((tmp_path / "dest/toys/blocks").glob("*.txt")))
    assert found == (4 if gone else 3)
