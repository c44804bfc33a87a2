from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wizard.cli import COMMANDS, cli
from wizard.entry import exit_code
from wizard.headless.exits import FAULT, epilog

HEAVY = {"textual", "rich", "numpy", "PIL", "httpx", "scipy", "keyring", "msgspec", "jinja2"}
LAYERS = ("recipes", "plan", "credentials", "transfer", "archives", "labels", "verify", "engine")


def modules_after(code: str) -> set[str]:
    """The top-level modules a fresh interpreter holds after running some code."""
    script = f"import sys, json\n{code}\nsys.stderr.write(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=True
    )
    return {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}


def test_help_imports_nothing_heavy():
    code = "from wizard.entry import exit_code\nassert exit_code(['--help']) == 0"
    assert not modules_after(code) & HEAVY


def test_help_is_quick():
    """In processor time, which a busy machine changes little; the benchmarks hold the 150 ms."""
    spans = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "wizard", "--help"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spans.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    assert min(spans) < 1.0


@pytest.mark.parametrize("layer", LAYERS)
def test_no_layer_below_the_screen_brings_textual(layer: str):
    code = (
        "import importlib, pkgutil\n"
        f"package = importlib.import_module('wizard.{layer}')\n"
        "for found in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "    importlib.import_module(found.name)"
    )
    assert not modules_after(code) & {"textual"}


def test_commands_other_than_the_screen_bring_no_textual():
    names = [name for name in COMMANDS if name != "attach"]
    code = (
        "import click\nfrom wizard.cli import cli\n"
        f"for name in {names}:\n    assert cli.get_command(click.Context(cli), name), name"
    )
    assert not modules_after(code) & {"textual"}


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "_serve"])
def test_every_command_tells_how_it_is_used(name: str, capsys: pytest.CaptureFixture[str]):
    assert exit_code([name, "--help"]) == 0
    assert "Usage: segwizard" in capsys.readouterr().out


def test_help_documents_the_exit_codes(capsys: pytest.CaptureFixture[str]):
    assert exit_code(["--help"]) == 0
    shown = capsys.readouterr().out
    for line in epilog("").splitlines()[1:]:
        assert line.strip() in shown


def test_without_a_terminal_nothing_tries_to_draw():
    done = subprocess.run(
        [sys.executable, "-m", "wizard"], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Usage: segwizard" in done.stderr
    assert "\x1b" not in done.stderr


def test_output_nobody_reads_to_its_end_is_no_failure():
    reads, writes = os.pipe()
    os.close(reads)
    with open(writes, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "wizard", "plan", "mseg"],
            stdout=pipe,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)


def test_a_fault_of_our_own_is_one_sentence_and_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: object
):
    password = "hunter2" + "hunter2"

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError(f"password={password}")

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(cli, "main", broken)
    assert exit_code(["run"]) == FAULT
    said = capsys.readouterr().err
    assert "Traceback" not in said
    place = said.rpartition(" ")[2].strip()
    with open(place) as file:
        written = file.read()
    assert "ZeroDivisionError" in written
    assert "broken" in written
    assert password not in written


def _segwizard(*words: str | bytes, redirect: str = "", **environment: str) -> Any:
    """Run the program in a shell, its streams redirected."""
    return subprocess.run(
        ["sh", "-c", f'"$@" {redirect}', "sh", sys.executable, "-m", "wizard", *words],
        capture_output=True,
        env={**os.environ, **environment},
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_harm_nothing(closed: str):
    done = _segwizard("recipes", redirect=closed)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("words", [["recipes"], ["plan", "mseg", "--json"]])
def test_a_full_disk_under_the_output_is_no_fault_of_ours(words: list[str]):
    done = _segwizard(*words, redirect="> /dev/full")
    assert done.returncode == 1
    assert b"the output cannot be written: No space left on device" in done.stderr


@pytest.mark.slow
def test_letters_the_terminal_lacks_are_spelled_out(tmp_path: Path):
    dest = tmp_path / "d\u00e4ten"
    (dest / "mseg_dataset/Camvid/seg").mkdir(parents=True)
    words = ("status", "mseg", "--dest", str(dest))
    done = _segwizard(*words, PYTHONIOENCODING="ascii")
    assert done.returncode == 3, done.stderr
    assert b"d\\xe4ten" in done.stdout
    done = _segwizard(*words, "--json", PYTHONIOENCODING="ascii")
    assert json.loads(done.stdout)["dest"] == str(dest)


def test_a_destination_whose_path_is_no_text_is_refused(tmp_path: Path):
    dest = os.fsencode(tmp_path) + b"/\xff"
    done = _segwizard("run", "mseg", "--yes", "--dest", dest)
    assert done.returncode == 4
    assert b"no UTF-8 text" in done.stderr


def test_credentials_alone_lists(capsys: pytest.CaptureFixture[str]):
    assert exit_code(["credentials"]) == 0
    alone = capsys.readouterr()
    assert exit_code(["credentials", "list"]) == 0
    assert capsys.readouterr() == alone
    assert "Nothing is kept." in alone.err


@pytest.mark.parametrize("early", ["--dest", "--site"])
def test_what_belongs_behind_a_command_is_told(early: str, capsys: pytest.CaptureFixture[str]):
    assert exit_code([early, "here", "recipes"]) == 2
    assert f"{early} comes after recipes" in capsys.readouterr().err
