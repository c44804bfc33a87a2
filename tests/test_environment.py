"""What other people's variables and limits do to us: replaced where that can be, named always."""

from __future__ import annotations

import ast
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.house import read_modules
from wizard import environment
from wizard.errors import EnvironmentFault

_ROOT = os.geteuid() == 0


@pytest.fixture(autouse=True)
def ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give every test an environment of its own that is put back afterwards."""
    plain = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    monkeypatch.setattr(os, "environ", os.environ.copy())
    for name in list(os.environ):
        if name not in plain:
            del os.environ[name]
    os.environ.update(plain)
    monkeypatch.setattr(tempfile, "tempdir", None)


def settled(**variables: str) -> dict[str, str]:
    """Settle with some variables more, and return the notes by variable."""
    os.environ.update(variables)
    return {note.variable: note.words for note in environment.settle_environment()}


def test_no_other_module_reads_the_environment() -> None:
    for module in read_modules().values():
        if module.path == Path(environment.__file__):
            continue
        for node in ast.walk(module.tree):
            name = ""
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "os":
                name = node.attr
            if isinstance(node, ast.ImportFrom) and node.module == "os":
                name = " ".join(alias.name for alias in node.names)
            assert not {"environ", "environb", "getenv", "putenv"} & {*name.split()}, module.name


def test_a_plain_environment_needs_no_note() -> None:
    assert settled() == {}


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "is not there"),
        (lambda path: path.write_text("no certificate"), "holds no certificates"),
        (lambda path: os.mkfifo(path), "is no file"),
    ],
)
def test_certificates_that_are_not_there_are_replaced_and_named(
    name: str, make: object, words: str, tmp_path: Path
) -> None:
    make(tmp_path / "ca.pem")  # type: ignore[operator]
    notes = settled(**{name: str(tmp_path / "ca.pem")})
    assert words in notes[name]
    assert str(tmp_path / "ca.pem") in notes[name]
    assert name not in os.environ


def test_certificates_that_can_be_read_stay(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    kept = {"SSL_CERT_FILE": str(tmp_path / "ca.pem"), "SSL_CERT_DIR": f"/nowhere:{tmp_path}"}
    assert settled(**kept, REQUESTS_CA_BUNDLE=str(tmp_path)) == {}
    assert settled(SSL_CERT_DIR="/nowhere:/either").keys() == {"SSL_CERT_DIR"}


def test_a_key_log_is_told_and_one_that_cannot_be_written_is_left_out(tmp_path: Path) -> None:
    assert "are written to" in settled(SSLKEYLOGFILE=str(tmp_path / "keys"))["SSLKEYLOGFILE"]
    assert os.environ["SSLKEYLOGFILE"]
    assert "no keys are logged" in settled(SSLKEYLOGFILE="/nowhere/keys")["SSLKEYLOGFILE"]
    assert "SSLKEYLOGFILE" not in os.environ


def test_partial_paths_of_base_folders_are_void() -> None:
    notes = settled(XDG_STATE_HOME="state", XDG_CONFIG_HOME="/etc/xdg")
    assert notes.keys() == {"XDG_STATE_HOME"}
    assert "XDG_STATE_HOME" not in os.environ


def test_a_home_that_is_none_is_found_elsewhere() -> None:
    assert settled(HOME="somewhere").keys() == {"HOME"}
    assert Path(os.environ["HOME"]).is_absolute()


def test_a_user_without_a_name_or_a_home_goes_by_the_number(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert environment.user_name() == str(os.getuid())
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    assert "HOME" in settled(HOME="")
    home = Path(os.environ["HOME"])
    assert home.parent == tmp_path
    assert home.stat().st_mode & 0o077 == 0
    assert os.environ["LOGNAME"] == str(os.getuid())


def test_a_home_planted_by_somebody_else_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    (tmp_path / "theirs").mkdir()
    (tmp_path / f"segwizard-home-{os.getuid()}").symlink_to(tmp_path / "theirs")
    with pytest.raises(EnvironmentFault) as caught:
        settled(HOME="")
    assert (caught.value.where, caught.value.exit_code) == ("HOME", 4)


def test_a_temporary_folder_too_long_for_sockets_is_replaced(tmp_path: Path) -> None:
    long = tmp_path / ("d" * 98)
    long.mkdir()
    assert f"{len(str(long))} characters" in settled(TMPDIR=str(long))["TMPDIR"]
    assert len(tempfile.gettempdir()) <= environment.LONGEST_TEMPORARY


def test_without_a_short_one_the_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    long = tmp_path / ("d" * 98)
    long.mkdir()
    monkeypatch.setattr(environment, "_SHORT_FOLDERS", ())
    with pytest.raises(EnvironmentFault) as caught:
        settled(TMPDIR=str(long))
    assert (caught.value.where, caught.value.exit_code) == ("TMPDIR", 4)
    assert caught.value.hint


def test_a_temporary_folder_that_is_gone_is_named() -> None:
    assert settled(TMPDIR="/nowhere").keys() == {"TMPDIR"}
    assert Path(tempfile.gettempdir()).is_dir()


def test_a_proxy_that_cannot_be_understood_is_told_without_its_login() -> None:
    notes = settled(ALL_PROXY="socks9://ann:canary@host", http_proxy="good:8080")
    assert notes.keys() == {"ALL_PROXY"}
    assert "canary" not in notes["ALL_PROXY"]


_CHILD = """
import resource, sys
resource.setrlimit(resource.{kind}, ({soft}, {hard}))
from wizard import environment
for note in environment.settle_environment():
    print(note)
print(resource.getrlimit(resource.{kind})[0])
"""


def limited(kind: str, soft: int, hard: int) -> list[str]:
    program = _CHILD.format(kind=kind, soft=soft, hard=hard)
    shown = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True
    )
    return shown.stdout.splitlines()


def test_few_open_files_become_as_many_as_may_be() -> None:
    hard = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 1024)
    assert limited("RLIMIT_NOFILE", 64, hard) == [str(hard)]


def test_a_limit_of_file_sizes_is_named() -> None:
    note, value = limited("RLIMIT_FSIZE", 150_000, 150_000)
    assert note.startswith("ulimit -f: files may be 150")
    assert value == "150000"
