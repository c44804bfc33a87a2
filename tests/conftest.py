"""What every test gets: a home of its own, no keyring, and hypothesis without a stopwatch."""

from __future__ import annotations

import gc
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from wizard.state.notices import take_notices

# How long an example takes tells of the machine, not of the code.
settings.register_profile(
    "segwizard",
    deadline=None,
    database=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
# For runs that ask whether another Python and other versions do the same, not for new cases.
settings.register_profile("few", settings.get_profile("segwizard"), max_examples=20)
settings.load_profile("segwizard")

# Tests started in the background, or under nohup, hand on to what they start that it is deaf.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

_FOREIGN = ("SEGWIZARD_", "CITYSCAPES_", "DBUS_", "XDG_")
"""Variables of the person who runs the tests begin so."""


_TOGETHER = ("collections", "e2e")
"""Folders whose tests share installs that take a while to make: long scenarios, all but one."""
_FIRST_LOOK = "test_demo.py"
"""Of these, the one that belongs to the usual run."""


_SOURCE = ("test_house", "test_words", "test_findings", "test_environment", "test_writes")
"""Files whose tests read the package's source: one process parses it for all of them."""


def pytest_xdist_auto_num_workers() -> int:
    """One process more than processors: tests that talk to servers and terminals wait a lot."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have each file of these folders run in one process, so that it makes its install once.

    They are long scenarios.
    """
    for item in items:
        if item.path.parent.name in _TOGETHER:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
            if item.path.name != _FIRST_LOOK:
                item.add_marker(pytest.mark.slow)
        if item.path.stem in _SOURCE:
            item.add_marker(pytest.mark.xdist_group("source"))


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
def own_variables() -> Iterator[None]:
    """What a command gives its process and its children ends with the test that ran it."""
    before = dict(os.environ)
    yield
    for name in set(os.environ) - set(before):
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture(autouse=True)
def own_rubbish() -> Iterator[None]:
    """What a screen keeps from the collector for good is looked at again after its test."""
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def own_notices() -> None:
    """What another test left to be told of damage is none of this one's."""
    take_notices()


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
