"""What ``segwizard doctor`` tells, and what it never shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_AREAS = {"versions", "environment", "limits", "terminal", "keyring", "disk", "clock"}


def doctor(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "wizard", "doctor", *arguments],
        env={**os.environ, **variables, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"},
        capture_output=True,
        text=True,
        check=True,
    )


def test_every_area_is_told_as_json(tmp_path: Path) -> None:
    facts = json.loads(doctor("--json", "--dest", str(tmp_path)).stdout)["facts"]
    assert {fact["area"] for fact in facts} == _AREAS
    named = {fact["name"]: fact["value"] for fact in facts}
    assert {"segwizard", "python", "httpx", "user", "open files", "now"} <= named.keys()
    assert str(tmp_path) in named["destination"]


def test_what_was_replaced_is_marked_and_no_secret_is_shown() -> None:
    shown = doctor(
        ALL_PROXY="socks9://ann:canary@host",
        SSL_CERT_FILE="/nowhere/ca.pem",
        SEGWIZARD_CITYSCAPES_PASSWORD="canary",
        CITYSCAPES_PASSWORD="canary",
    )
    lines = shown.stdout.splitlines()
    assert "    ! '/nowhere/ca.pem' is not there; the system's certificates are used" in lines
    assert "  SEGWIZARD_CITYSCAPES_PASSWORD: given, not shown" in lines
    assert "note: SSL_CERT_FILE" in shown.stderr
    assert "canary" not in shown.stdout + shown.stderr


@pytest.mark.parametrize("command", [["status", "--dest"], ["plan", "mseg", "--dest"]])
def test_commands_that_fetch_nothing_go_on(command: list[str], tmp_path: Path) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "wizard", *command, str(tmp_path)],
        env={**os.environ, "ALL_PROXY": "socks5://127.0.0.1:9", "SSL_CERT_FILE": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode != 70, shown.stderr
    assert "fault" not in shown.stderr
