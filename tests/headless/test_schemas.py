"""The JSON of every command is as its schema says: done, waiting, failing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import jsonschema
import pytest

import wizard
from tests.headless.toy import Toy, toy_collection
from tests.schemas import DOCUMENTS, holds, schema_texts
from tests.test_exit_codes import EVERY
from wizard.app.schemas import published_schema, published_schemas, schemas_folder
from wizard.entry import exit_code

pytestmark = pytest.mark.slow

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[Toy]:
    with toy_collection(tmp_path) as made:
        yield made


def _told(capsys: Capture, name: str, code: int, *words: object) -> str:
    """What a command of this process writes, held against its schema."""
    capsys.readouterr()
    assert exit_code([*name.split(), *map(str, words), "--json"]) == code
    out = capsys.readouterr().out
    holds(name, out)
    return out


def test_every_command_with_json_has_a_schema() -> None:
    def has_json(command: click.Command) -> bool:
        return any("--json" in each.opts for each in command.params)

    assert set(DOCUMENTS) == {" ".join(words) for words, each in EVERY.items() if has_json(each)}


def test_what_comes_with_the_program_is_made_from_the_types() -> None:
    """Write them anew with ``python -m tests.schemas``, and raise the version if readers break."""
    made = schema_texts()
    assert set(made) == set(schemas_folder().glob("*"))
    for path, text in made.items():
        assert path.read_text() == text, path.name


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_schema_is_one_and_is_printed(name: str, capsys: Capture) -> None:
    assert exit_code(["schema", *name.split()]) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed) == json.loads(published_schema(name))
    jsonschema.Draft202012Validator.check_schema(json.loads(printed))


def test_the_schemas_are_listed(capsys: Capture) -> None:
    assert exit_code(["schema"]) == 0
    assert capsys.readouterr().out.split("\n")[:-1] == list(published_schemas())
    assert exit_code(["schema", "demo"]) == 2


@pytest.mark.parametrize(
    "words", [("mseg",), ("cosmos", "--only", "voc2012"), ("partdistillation",)]
)
def test_plans(words: tuple[str, ...], capsys: Capture, tmp_path: Path) -> None:
    _told(capsys, "plan", 0, *words)
    file = tmp_path / "file"
    file.write_text("")
    _told(capsys, "plan", 4, *words, "--dest", file)


def test_what_needs_no_install(capsys: Capture, tmp_path: Path) -> None:
    _told(capsys, "recipes", 0)
    _told(capsys, "recipes fields", 0)
    _told(capsys, "sources", 0)
    _told(capsys, "doctor", 0, "--dest", tmp_path)
    _told(capsys, "credentials list", 0)
    site = tmp_path / "site.toml"
    site.write_text('[archives."a.zip"]\nurls = ["http://lab.example/a.zip"]\nsize = 3\n')
    _told(capsys, "site show", 0, site)


@pytest.mark.slow
def test_a_run_that_waits_fails_and_is_done(toy: Toy, capsys: Capture) -> None:
    dest = ("--dest", toy.dest)
    holds("run", toy.install("--yes", "--json", code=3).stdout)
    holds("status", toy.run("status", *dest, "--json", code=3).stdout)
    holds("verify", toy.run("verify", *dest, "--json", code=0).stdout)
    archive = toy.folder / "www" / "trees.zip"
    strange = toy.folder / "strange.zip"
    strange.write_bytes(b"?")
    holds("import", toy.run("import", strange, archive, *dest, "--json", code=1).stdout)
    holds("run", toy.install("--yes", "--json", code=0).stdout)
    holds("status", toy.run("status", *dest, "--json", code=0).stdout)


@pytest.mark.slow
def test_a_run_that_fails(toy: Toy) -> None:
    toy.break_archive()
    holds("run", toy.install("--yes", "--json", code=1).stdout)
    holds("status", toy.run("status", "--dest", toy.dest, "--json", code=1).stdout)


@pytest.mark.slow
def test_a_whole_install(tmp_path: Path, capsys: Capture) -> None:
    dest = tmp_path / "dest"
    assert exit_code(["demo", "mseg", "--yes", "--plain", "--dest", str(dest)]) == 0
    _told(capsys, "path", 0, "--dest", dest)
    _told(capsys, "path", 0, "camvid", "--dest", dest)
    _told(capsys, "path", 0, "camvid", "--list", "--dest", dest)
    _told(capsys, "env", 0, "--dest", dest)
    _told(capsys, "verify", 0, "--dest", dest)
    _told(capsys, "manifest make", 0, "--dest", dest)
    _told(capsys, "manifest check", 0, "--dest", dest)
    copy = Path(shutil.copytree(dest, tmp_path / "copy", symlinks=True))
    _told(capsys, "compare", 0, dest, copy)
    label = wizard.open(copy).dataset("camvid").samples("val")[0].label
    assert label is not None
    label.write_bytes(b"\0")
    _told(capsys, "verify", 1, "--dest", copy)
    _told(capsys, "manifest check", 1, "--dest", copy)
    assert exit_code(["manifest", "make", "--dest", str(copy)]) == 0
    _told(capsys, "compare", 1, dest, copy)
