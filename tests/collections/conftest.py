"""Miniature collections, installed once for all tests of their traps."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conformance.conftest import segwizard


def installed(collection: str, folder: Path) -> Path:
    """Install a miniature and return its destination."""
    dest = folder / "dest"
    done = segwizard("demo", collection, "--dest", dest, "--yes", "--plain", home=folder / "home")
    assert done.returncode == 0, done.stdout + done.stderr
    return dest


@pytest.fixture(scope="session")
def fptrans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The destination of a miniature FPTrans; read only."""
    return installed("fptrans", tmp_path_factory.mktemp("fptrans"))


@pytest.fixture(scope="session")
def openseg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The destination of a miniature OpenSeg; read only."""
    return installed("openseg", tmp_path_factory.mktemp("openseg"))


@pytest.fixture
def fptrans_copy(fptrans: Path, tmp_path: Path) -> Path:
    """A copy of it to break."""
    return Path(shutil.copytree(fptrans, tmp_path / "dest", symlinks=True))


@pytest.fixture(scope="session")
def cosmos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The destination of miniature COSMOS tasks; read only."""
    return installed("cosmos", tmp_path_factory.mktemp("cosmos"))


@pytest.fixture(scope="session")
def partdistillation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The destination of a miniature PartDistillation; read only."""
    return installed("partdistillation", tmp_path_factory.mktemp("partdistillation"))
