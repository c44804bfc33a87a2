"""One miniature and one server for all tests of the demo."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from wizard.demo.miniature import Miniature, build_miniature
from wizard.demo.server import DemoServer


@pytest.fixture(scope="session")
def miniature(tmp_path_factory: pytest.TempPathFactory) -> Miniature:
    """A miniature collection."""
    return build_miniature(tmp_path_factory.mktemp("miniature"))


@pytest.fixture
def server(miniature: Miniature) -> Iterator[DemoServer]:
    """A server for it."""
    with DemoServer(miniature) as running:
        yield running
