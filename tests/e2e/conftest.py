from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from wizard.demo.miniature import build_miniature
from wizard.demo.server import DemoServer


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The site file of a lab that serves the miniature openly on loopback."""
    folder = tmp_path_factory.mktemp("lab")
    with DemoServer(build_miniature(folder / "archives")) as server:
        site = folder / "site.toml"
        site.write_text(server.site_toml(gated=False))
        yield site
