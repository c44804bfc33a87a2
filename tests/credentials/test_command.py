"""``segwizard credentials`` as a person types it."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import click
import pytest

from tests.servers.cityscapes import cityscapes
from wizard.entry import exit_code

CANARY = "canary-cli-9d"


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Path:
    """A keyring that works, kept in one file of the test."""
    folder = tmp_path / "backend"
    folder.mkdir()
    (folder / "cli_backend.py").write_text(
        "import json, pathlib\n"
        "from keyring.backend import KeyringBackend\n"
        "PATH = pathlib.Path(__file__).with_name('kept.json')\n"
        "def load(): return json.loads(PATH.read_text()) if PATH.exists() else {}\n"
        "class Keyring(KeyringBackend):\n"
        "    priority = 9\n"
        "    def get_password(self, s, u): return load().get(s + u)\n"
        "    def set_password(self, s, u, p): PATH.write_text(json.dumps({**load(), s + u: p}))\n"
        "    def delete_password(self, s, u):\n"
        "        PATH.write_text(json.dumps({k: v for k, v in load().items() if k != s + u}))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "cli_backend.Keyring")
    return folder / "kept.json"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{CANARY}\n"))


@pytest.mark.usefixtures("typed")
@pytest.mark.slow
def test_set_list_and_clear_with_a_keyring(
    keyring: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("credentials", "set", "cityscapes", "--user", "ada", "--password-file", "-")
    assert exit_code(words) == 0
    assert "kept in the OS keyring" in capsys.readouterr().err
    assert CANARY in keyring.read_text()

    assert exit_code(("credentials", "list", "--json")) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(each["site"], each["field"]) for each in listed["entries"]] == [
        ("cityscapes", "user"),
        ("cityscapes", "password"),
    ]
    assert "OS keyring" in listed["place"]

    assert exit_code(("credentials", "clear", "--all")) == 0
    assert capsys.readouterr().out.count("cleared:") == 2
    assert CANARY not in keyring.read_text()
    assert exit_code(("credentials", "list")) == 0
    assert "Nothing is kept." in capsys.readouterr().err


@pytest.mark.usefixtures("typed")
def test_without_a_keyring_nothing_is_kept_and_the_ways_out_are_named(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("credentials", "set", "wilddash", "--user", "ada", "--password-file", "-")
    assert exit_code(words) == 1
    said = capsys.readouterr().err
    assert "nothing was kept: this machine has no keyring" in said
    assert "--store file" in said
    assert not any(CANARY in p.read_text() for p in home.rglob("*") if p.is_file())


@pytest.mark.usefixtures("typed")
def test_a_file_needs_a_terminal_to_say_yes_at(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("credentials", "set", "wilddash", "--user", "ada", "--password-file", "-")
    assert exit_code((*words, "--store", "file")) == 2
    assert "secrets.json" in capsys.readouterr().err


def test_without_a_keyring_no_secret_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(click, "prompt", lambda *_, **__: pytest.fail("asked for a secret"))
    monkeypatch.setattr(sys, "stdin", _Terminal())
    assert exit_code(("credentials", "set", "wilddash")) == 1
    assert "nothing was kept" in capsys.readouterr().err


def test_the_file_is_agreed_to_once_then_name_and_password_are_asked_in_that_order(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []
    answers = iter(["yes", "ada", CANARY])

    def prompt(text: str, **_: object) -> str:
        asked.append(text)
        return next(answers)

    monkeypatch.setattr(click, "prompt", prompt)
    monkeypatch.setattr(sys, "stdin", _Terminal())
    words = ("credentials", "set", "wilddash", "--store", "file")
    assert exit_code(words) == 0, capsys.readouterr().err
    assert "secrets.json" in asked[0]
    assert asked[1:] == ["User name or mail address", "Password"]
    answers = iter(["y"])
    assert exit_code(words) == 2
    assert asked[4:] == []
    assert "type 'yes' in full" in capsys.readouterr().err


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("verb", ["set", "test", "clear"])
def test_a_misspelt_site_is_answered_with_the_nearest(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(("credentials", verb, "cityscape")) == 2
    assert "did you mean cityscapes?" in capsys.readouterr().err


def test_a_reason_is_given_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEGWIZARD_CITYSCAPES_USER", "ada")
    for variable, value, reason in (
        ("FILE", "/nowhere/pw", "No such file or directory"),
        ("COMMAND", "no-such-command-here", "No such file or directory"),
        ("COMMAND", "pass 'show", "quotes"),
    ):
        monkeypatch.setenv(f"SEGWIZARD_CITYSCAPES_PASSWORD_{variable}", value)
        assert exit_code(("credentials", "test", "cityscapes")) == 1
        assert reason in capsys.readouterr().err
        monkeypatch.delenv(f"SEGWIZARD_CITYSCAPES_PASSWORD_{variable}")


def test_the_login_can_be_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with cityscapes({"a.zip": b"x"}) as server:
        site = tmp_path / "site.toml"
        site.write_text(f'[sites.cityscapes]\nbase = "{server.url}"\n')
        monkeypatch.setenv("CITYSCAPES_USERNAME", server.members.user)
        monkeypatch.setenv("CITYSCAPES_PASSWORD", server.members.password)
        words = ("credentials", "test", "cityscapes", "--site-file", str(site))
        assert exit_code(words) == 0, capsys.readouterr().err
        assert "offers 1 package" in capsys.readouterr().out
        monkeypatch.setenv("CITYSCAPES_PASSWORD", CANARY)
        assert exit_code(words) == 1
        said = capsys.readouterr()
        assert "did not accept the user name or password" in said.err
        assert CANARY not in said.err + said.out


def test_clearing_names_what_is_still_given_from_outside(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CITYSCAPES_PASSWORD", CANARY)
    assert exit_code(("credentials", "clear", "--all")) == 0
    said = capsys.readouterr().err
    assert "still given from outside: password of cityscapes" in said
    assert "the variable CITYSCAPES_PASSWORD" in said
    assert CANARY not in said


def test_leftovers_are_shown_first_and_removed_when_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cookies = tmp_path / "Cityscapes/cookies.txt"
    cookies.parent.mkdir()
    cookies.write_text(f"# HTTP Cookie File\n{CANARY}")
    words = ("credentials", "clear", "--leftovers", str(tmp_path))
    assert exit_code(words) == 1
    assert cookies.exists()
    assert f"{cookies}: session cookies" in capsys.readouterr().err
    assert exit_code((*words, "--yes")) == 0
    assert not cookies.exists()
    assert exit_code(words) == 0
