"""The shared material the conformance tests compare with, and a plain server for it."""

from __future__ import annotations

import functools
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with documents, facts, golden sets and samples."""
    if not (SHARED / "golden").is_dir():
        pytest.skip("the shared folder with the golden sets is not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def golden(shared: Path) -> Path:
    """The golden set of MSeg."""
    return shared / "golden" / "a"


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="session")
def mirror(golden: Path) -> Iterator[str]:
    """Address of a loopback server for the miniature archives."""
    handler = functools.partial(_QuietHandler, directory=str(golden / "archives"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def segwizard(
    *arguments: str | Path, home: Path, timeout: float = 600
) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user would, in a home of its own."""
    environment = {
        **os.environ,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    (home / "run").mkdir(parents=True, exist_ok=True, mode=0o700)
    return subprocess.run(
        [sys.executable, "-m", "wizard", *map(str, arguments)],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
