from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.headless.toy import Toy, toy_collection


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[Toy]:
    with toy_collection(tmp_path) as made:
        yield made
