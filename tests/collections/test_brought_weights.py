"""Published weights that a person brings, before the weights are computed or long after."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.collections.alternatives import members
from tests.conformance.conftest import segwizard
from wizard.demo.miniature import build_miniature
from wizard.demo.server import DemoServer

WEIGHTS = "FPTrans/data/VOCdevkit/VOC2012/weights"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the miniature's archives and a site file, while a server hands them out."""
    folder = tmp_path_factory.mktemp("lab")
    miniature = build_miniature(folder / "archives", collection="fptrans")
    with DemoServer(miniature) as server:
        (folder / "site.toml").write_text(server.site_toml())
        yield folder


def install(lab: Path, dest: Path, home: Path) -> str:
    words = ("--dest", dest, "--site", lab / "site.toml", "--only", "pascal-5i", "--yes")
    done = segwizard("run", "fptrans", *words, home=home)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr


def bring(lab: Path, dest: Path) -> dict[str, bytes]:
    """Put the tar into the inbox and return its members that are whole, by name."""
    inbox = dest / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    tar = Path(shutil.copy(lab / "archives/pascal_weights.tar", inbox))
    os.utime(tar, (1, 1))
    held = {Path(name).name: data for name, data in members(tar.read_bytes()).items()}
    return {name: held[name] for name in sorted(held)[1:]}


def weights(dest: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (dest / WEIGHTS).iterdir()}


def values(path: Path) -> tuple[list[object], list[object]]:
    with np.load(path) as stored:
        return stored["x"].tolist(), stored["c"].tolist()


def test_weights_brought_later_take_the_place_of_computed_ones(
    lab: Path, tmp_path: Path, own_home: Path
) -> None:
    dest = tmp_path / "dest"
    assert "Compute loss weights (float32): done" in install(lab, dest, own_home)
    computed = {name: values(dest / WEIGHTS / name) for name in weights(dest)}
    whole = bring(lab, dest)
    said = install(lab, dest, own_home)
    assert "unfit-weights: 1 time" in said
    now = weights(dest)
    assert {name: now[name] for name in whole} == whole
    assert {name: values(dest / WEIGHTS / name) for name in now} == computed
    status = segwizard("status", "--dest", dest, "--site", lab / "site.toml", home=own_home)
    assert "everything chosen is done" in status.stdout


def test_a_cut_file_in_the_tar_is_computed(lab: Path, tmp_path: Path, own_home: Path) -> None:
    dest = tmp_path / "dest"
    whole = bring(lab, dest)
    install(lab, dest, own_home)
    made = weights(dest)
    (cut,) = set(made) - set(whole)
    assert len(made) == 5
    assert values(dest / WEIGHTS / cut)
