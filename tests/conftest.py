"""What every test gets: a home of its own, no keyring, and hypothesis without a stopwatch."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes tells of the machine, not of the code.
settings.register_profile(
    "segwizard",
    deadline=None,
    database=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("segwizard")

_FOREIGN = ("SEGWIZARD_", "CITYSCAPES_", "DBUS_", "XDG_")
"""Variables of the person who runs the tests begin so."""


_TOGETHER = ("collections", "e2e")
"""Folders whose tests share installs that take a while to make."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have each file of these folders run in one process, so that it makes its install once."""
    for item in items:
        if item.path.parent.name in _TOGETHER:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(scope="session", autouse=True)
def own_environment() -> Iterator[None]:
    """Tests never ask the keyring of the person who runs them, nor a proxy for loopback."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(_FOREIGN) or name.lower().endswith("_proxy"):
                patch.delenv(name)
        patch.setenv("SEGWIZARD_KEYRING", "off")
        yield


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of the test's own; its path is short, as the paths of sockets must be."""
    with tempfile.TemporaryDirectory(prefix="segwizard-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        monkeypatch.setenv("HOME", folder)
        for name in ("STATE", "DATA", "CONFIG", "CACHE"):
            monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
        (home / "run").mkdir(mode=0o700)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "run"))
        yield home
