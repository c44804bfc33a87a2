from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of the test; keyrings may be asked, yet there is none unless the test makes one."""
    monkeypatch.delenv("SEGWIZARD_KEYRING")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    monkeypatch.setenv("PYTHONPATH", "")
    return own_home
