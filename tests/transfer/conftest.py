from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.misbehaving import Misbehaving


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    with Misbehaving() as double:
        yield double


@pytest.fixture
def other() -> Iterator[Misbehaving]:
    """Another host, as far as addresses tell."""
    with Misbehaving() as double:
        yield double
