"""A real Secret Service: gnome-keyring in a session bus of its own, unlocked and locked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    not (shutil.which("gnome-keyring-daemon") and shutil.which("dbus-run-session")),
    reason="no Secret Service here: apt install gnome-keyring dbus",
)

_USE = """
from wizard.credentials.chain import open_vault
from wizard.credentials.secret import Secret
vault = open_vault(time_limit=60, keyring_seconds=60)
print(vault.describe())
print(vault.put("idd", "link", Secret("canary-secret-service")))
again = open_vault()
print(again.get("idd", "link").reveal() == "canary-secret-service")
print(again.clear())
print(open_vault().get("idd", "link"), again.kept())
"""
_UNLOCKED = """
printf %s "$1" | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
exec "$2" -c "$3"
"""
_LOCKED = """
gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1
exec "$2" -c "$3"
"""


def in_session(script: str, program: str, home: Path) -> subprocess.CompletedProcess[str]:
    root = str(Path(__file__).parents[2])
    runtime = home / "run"
    return subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", script, "sh", "pass word", sys.executable, program],
        env={**os.environ, "XDG_RUNTIME_DIR": str(runtime), "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_secrets_live_in_the_real_service_and_leave_it(home: Path) -> None:
    result = in_session(_UNLOCKED, _USE, home)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].startswith("Secrets are kept in the OS keyring (SecretService")
    assert lines[2] == "True"
    assert lines[3] == "('link of idd in the OS keyring',)"
    assert lines[4] == "None ()"
    for path in home.rglob("*"):
        if path.is_file():
            assert b"canary-secret-service" not in path.read_bytes()


def test_a_service_nobody_unlocked_falls_back_to_memory(home: Path) -> None:
    program = _USE.replace("keyring_seconds=60", "keyring_seconds=2.0", 1)
    result = in_session(_LOCKED, program.split("again =")[0], home)
    assert result.returncode == 0, result.stderr
    assert "Secrets are kept in memory, for this run only:" in result.stdout
