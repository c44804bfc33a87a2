"""The backends one by one, and the sad keyrings: none, one that blocks, one that keeps nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.waiting import TIME_LIMIT
from wizard.credentials import backends
from wizard.credentials.chain import BackendChain, open_vault
from wizard.credentials.given import read_password_file, run_password_command
from wizard.credentials.secret import Secret
from wizard.errors import CredentialError, UsageError
from wizard.recipes.model import Site

CANARY = "canary-7f3a91"
SITE = Site(
    id="cityscapes",
    title="Cityscapes",
    protocol="cityscapes",
    login_url="https://cityscapes.example/login/",
    user_env="CITYSCAPES_USERNAME",
    password_env="CITYSCAPES_PASSWORD",
)

BackendMaker = Callable[[str], dict[str, str]]

BLOCKING = """
    def get_password(self, service, username): time.sleep(600)
    def set_password(self, service, username, password): time.sleep(600)
    def delete_password(self, service, username): time.sleep(600)
"""
FORGETFUL = """
    def get_password(self, service, username): return None
    def set_password(self, service, username, password): pass
    def delete_password(self, service, username): pass
"""
RAISING = """
    def get_password(self, service, username): raise SystemError("D-Bus is on fire")
    def set_password(self, service, username, password): raise SystemError("D-Bus: " + password)
    def delete_password(self, service, username): raise SystemError("D-Bus is on fire")
"""
WORKING = """
    def get_password(self, service, username): return load().get(service, {}).get(username)
    def set_password(self, service, username, password):
        content = load(); content.setdefault(service, {})[username] = password; store(content)
    def delete_password(self, service, username):
        content = load(); content.get(service, {}).pop(username, None); store(content)
"""
_MODULE = """
import json, os, time
from keyring.backend import KeyringBackend
PATH = os.path.join(os.path.dirname(__file__), "kept.json")
def load(): return json.load(open(PATH)) if os.path.exists(PATH) else {{}}
def store(content):
    with open(PATH, "w") as file: json.dump(content, file)
class {name}(KeyringBackend):
    priority = 9
{body}
"""


@pytest.fixture
def backend(tmp_path: Path, home: Path) -> BackendMaker:
    """Make the environment of a machine whose keyring is the given class body."""

    def make(body: str, name: str = "Keyring") -> dict[str, str]:
        folder = tmp_path / "backend"
        folder.mkdir(exist_ok=True)
        (folder / "fake_backend.py").write_text(_MODULE.format(name=name, body=body))
        return {
            **os.environ,
            "PYTHONPATH": str(folder),
            "PYTHON_KEYRING_BACKEND": f"fake_backend.{name}",
        }

    return make


def vault_with(environ: dict[str, str], seconds: float = TIME_LIMIT) -> BackendChain:
    return open_vault([SITE], environ=environ, keyring_seconds=seconds, time_limit=TIME_LIMIT)


def test_environment_comes_first_under_both_names() -> None:
    named = {"CITYSCAPES_USERNAME": "ada", "SEGWIZARD_CITYSCAPES_PASSWORD": CANARY}
    vault = vault_with({**os.environ, **named})
    assert vault.get("cityscapes", "user") == Secret("ada")
    assert vault.get("cityscapes", "password") == Secret(CANARY)
    assert vault.where("cityscapes", "password") == "the variable SEGWIZARD_CITYSCAPES_PASSWORD"
    assert vault.has("cityscapes", "password")
    assert CANARY not in vault.given.clean().values()
    assert CANARY not in repr(vault)


def test_links_are_given_by_variable_too() -> None:
    vault = vault_with({**os.environ, "SEGWIZARD_IDD_LINK": "https://x.example/a?Signature=1"})
    assert vault.get("idd", "link") == Secret("https://x.example/a?Signature=1")
    assert "SEGWIZARD_IDD_LINK" not in vault.given.clean()


def test_password_file_and_command(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text(f"{CANARY}\nsecond line\n")
    vault = open_vault([SITE], password_files={"cityscapes": path})
    assert vault.get("cityscapes", "password") == Secret(CANARY)
    vault = open_vault([SITE], password_commands={"cityscapes": f"head -1 {path}"})
    assert vault.get("cityscapes", "password") == Secret(CANARY)
    with pytest.raises(CredentialError, match="status 3"):
        failing = open_vault([SITE], password_commands={"cityscapes": "sh -c 'exit 3'"})
        failing.get("cityscapes", "password")


def test_password_command_sees_no_secret_variable(tmp_path: Path) -> None:
    environ = {**os.environ, "CITYSCAPES_PASSWORD": CANARY}
    command = "sh -c 'echo got:$CITYSCAPES_PASSWORD'"
    other = Site(id="other", title="Other", protocol="csrf-form", login_url="https://o.example/")
    vault = open_vault([SITE, other], environ=environ, password_commands={"other": command})
    assert vault.get("other", "password") == Secret("got:")


def test_a_working_keyring_is_used_by_the_next_process(backend: BackendMaker) -> None:
    environ = backend(WORKING)
    vault = vault_with(environ)
    assert "OS keyring" in vault.put("cityscapes", "password", Secret(CANARY))
    again = vault_with(environ)
    assert again.get("cityscapes", "password") == Secret(CANARY)
    assert [(each.site, each.field, each.backend) for each in again.kept()] == [
        ("cityscapes", "password", "keyring")
    ]
    assert again.clear() == ("password of cityscapes in the OS keyring",)
    assert vault_with(environ).get("cityscapes", "password") is None
    assert again.kept() == ()


def test_a_changed_secret_reaches_a_process_that_read_the_old_one(backend: BackendMaker) -> None:
    environ = backend(WORKING)
    running, other = vault_with(environ), vault_with(environ)
    other.put("kitti", "link", Secret("https://old.example/"))
    assert running.get("kitti", "link") == Secret("https://old.example/")
    other.put("kitti", "link", Secret("https://new.example/"))
    assert running.get("kitti", "link") == Secret("https://new.example/")


def test_no_keyring_means_memory_and_says_so(home: Path) -> None:
    vault = vault_with(dict(os.environ))
    said = vault.put("cityscapes", "password", Secret(CANARY))
    assert said == "memory, for this run only (this machine has no keyring)"
    assert vault.describe().endswith("this machine has no keyring.")
    assert vault.get("cityscapes", "password") == Secret(CANARY)
    assert no_file_holds(CANARY, home)


def test_a_keyring_that_blocks_is_given_up_in_time(backend: BackendMaker, home: Path) -> None:
    vault = vault_with(backend(BLOCKING), seconds=1.5)
    vault.time_limit = 0.1
    said = vault.put("cityscapes", "password", Secret(CANARY))
    assert said == "memory, for this run only, until the keyring answers"
    assert vault.get("cityscapes", "password") == Secret(CANARY)
    assert "may be locked" in vault.describe()
    assert vault.get("cityscapes", "password") == Secret(CANARY)
    assert no_file_holds(CANARY, home)


def _count_conversations(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    asked: list[object] = []
    run = backends.subprocess.run

    def counted(*words: object, **options: object) -> object:
        asked.append(words)
        return run(*words, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(backends.subprocess, "run", counted)
    return asked


def test_a_keyring_that_locks_later_is_an_error_with_a_way_out(
    backend: BackendMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault_with(backend(WORKING)).put("cityscapes", "password", Secret(CANARY))
    locked = vault_with(backend(BLOCKING), seconds=0.8)
    asked = _count_conversations(monkeypatch)
    assert locked.has("cityscapes", "password")
    with pytest.raises(CredentialError, match="did not answer") as caught:
        locked.get("cityscapes", "password")
    assert "unlock" in caught.value.hint
    with pytest.raises(CredentialError):
        locked.get("cityscapes", "password")
    assert len(asked) == 1, "a keyring that does not answer is asked once a minute"
    with pytest.raises(CredentialError, match="password of cityscapes"):
        locked.clear()
    assert locked.has("cityscapes", "password")


def test_a_null_backend_is_not_believed(backend: BackendMaker) -> None:
    vault = vault_with(backend(FORGETFUL))
    assert "keeps nothing" in vault.put("cityscapes", "password", Secret(CANARY))
    assert "keeps nothing" in vault.describe()
    null = {**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    assert "keeps nothing" in vault_with(null).describe()


def test_foreign_errors_are_caught_and_do_not_repeat_the_secret(backend: BackendMaker) -> None:
    vault = vault_with(backend(RAISING))
    assert vault.put("cityscapes", "password", Secret(CANARY)).startswith("memory")
    assert CANARY not in vault.describe()
    assert not vault.verdict().usable


def test_a_plain_text_backend_is_refused(backend: BackendMaker) -> None:
    vault = vault_with(backend(WORKING, name="PlaintextKeyring"))
    assert vault.put("cityscapes", "password", Secret(CANARY)).startswith("memory")
    assert "plain text" in vault.describe()


def test_switched_off_keyring_is_not_started(backend: BackendMaker) -> None:
    vault = vault_with({**backend(BLOCKING), "SEGWIZARD_KEYRING": "off"}, seconds=60)
    assert vault.put("cityscapes", "password", Secret(CANARY)).startswith("memory")


def test_a_file_takes_a_typed_yes_and_is_private_from_its_first_byte(home: Path) -> None:
    vault = vault_with(dict(os.environ))
    with pytest.raises(UsageError):
        vault.put_file("cityscapes", "password", Secret(CANARY), typed="y")
    assert no_file_holds(CANARY, home)
    os.umask(0)
    try:
        vault.put_file("cityscapes", "password", Secret(CANARY), typed="yes")
    finally:
        os.umask(0o022)
    assert stat.S_IMODE(vault.file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(vault.file.path.parent.stat().st_mode) == 0o700
    assert vault_with(dict(os.environ)).get("cityscapes", "password") == Secret(CANARY)
    vault.clear("cityscapes")
    assert no_file_holds(CANARY, home)
    assert vault_with(dict(os.environ)).get("cityscapes", "password") is None


def test_a_file_others_can_read_is_not_trusted() -> None:
    vault = vault_with(dict(os.environ))
    vault.put_file("cityscapes", "password", Secret(CANARY), typed="YES")
    vault.file.path.chmod(0o644)
    with pytest.raises(CredentialError, match="other users") as caught:
        vault_with(dict(os.environ)).get("cityscapes", "password")
    assert "chmod 600" in caught.value.hint


def test_what_is_typed_in_this_run_wins_over_the_environment() -> None:
    vault = vault_with({**os.environ, "CITYSCAPES_PASSWORD": "old"})
    vault.put("cityscapes", "password", Secret("new"))
    assert vault.get("cityscapes", "password") == Secret("new")


def test_handover_carries_memory_and_environment_and_nothing_is_printed() -> None:
    given = {**os.environ, "CITYSCAPES_PASSWORD": CANARY, "SEGWIZARD_IDD_LINK": "https://l.x/"}
    vault = vault_with(given)
    vault.put_memory("wilddash", "password", Secret("other-canary"))
    runner = open_vault([SITE], environ=vault.given.clean(), handed=vault.handover())
    assert runner.get("cityscapes", "password") == Secret(CANARY)
    assert runner.get("idd", "link") == Secret("https://l.x/")
    assert runner.get("wilddash", "password") == Secret("other-canary")
    assert CANARY not in repr(runner)


def test_clear_forgets_sessions_and_only_the_named_site() -> None:
    vault = vault_with(dict(os.environ))
    forgotten: list[int] = []
    vault.on_clear(lambda: forgotten.append(1))
    vault.put_memory("cityscapes", "password", Secret("a"))
    vault.put_memory("idd", "link", Secret("b"))
    assert vault.clear("idd") == ("link of idd in memory",)
    assert vault.get("cityscapes", "password") == Secret("a")
    assert forgotten == [1]


def no_file_holds(text: str, folder: Path) -> bool:
    return not any(
        text.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file()
    )


@pytest.mark.parametrize(
    "written",
    [
        f"{CANARY}\n".encode(),
        f"{CANARY}\r\n".encode(),
        f"{CANARY}\r".encode(),
        CANARY.encode(),
        f"\ufeff{CANARY}\r\n".encode(),
        f"\ufeff{CANARY}\r\n".encode("utf-16-le"),
        f"\ufeff{CANARY}\n".encode("utf-16-be"),
        f"{CANARY}\0".encode(),
        f"{CANARY}\nnext\n".encode(),
    ],
)
def test_what_editors_put_around_a_password_is_no_part_of_it(
    written: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "password"
    path.write_bytes(written)
    assert read_password_file(path) == CANARY
    assert run_password_command(f"cat {path}", {"PATH": os.environ["PATH"]}) == CANARY


def test_blanks_of_a_password_are_kept(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("  pass word \n")
    assert read_password_file(tmp_path / "password") == "  pass word "


def test_a_variable_from_a_file_written_on_windows_loses_its_return() -> None:
    vault = open_vault([SITE], environ={"CITYSCAPES_PASSWORD": f"{CANARY}\r"})
    assert vault.get("cityscapes", "password") == Secret(CANARY)
