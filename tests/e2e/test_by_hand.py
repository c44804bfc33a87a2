"""Installs made by hand with the reference scripts: recognised by what is on disk, continued."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.miniature import contents, finish


@pytest.fixture(scope="module")
def calm(lab: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole install."""
    folder = tmp_path_factory.mktemp("calm")
    words = ("run", "mseg", "--site", lab, "--yes", "--delete-archives", "--dest")
    finish(folder / "home", *words, folder / "dest")
    return folder / "dest"


def by_hand(calm: Path, dest: Path) -> Path:
    """Leave of an install what the reference scripts leave: the files, no archive, no record."""
    shutil.copytree(calm / "mseg_dataset", dest / "mseg_dataset")
    return dest


def fetched(lab: Path, dest: Path, home: Path) -> set[str]:
    """Run to the end and return the archives that were fetched."""
    said = finish(home, "run", "mseg", "--site", lab, "--yes", "--dest", dest, "--json")
    told = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert told[-1]["complete"], said
    texts = [each.get("text", "") for each in told]
    return {
        text.removeprefix("Fetch ").removesuffix(": started")
        for text in texts
        if text.startswith("Fetch ") and text.endswith(": started")
    }


def test_nothing_but_the_tables_is_fetched(lab: Path, calm: Path, tmp_path: Path) -> None:
    dest = by_hand(calm, tmp_path / "dest")
    assert fetched(lab, dest, tmp_path / "home") == {"mseg-api.tar.gz"}
    assert contents(dest) == contents(calm)


def test_what_is_missing_is_fetched_and_made(lab: Path, calm: Path, tmp_path: Path) -> None:
    dest = by_hand(calm, tmp_path / "dest")
    root = dest / "mseg_dataset"
    next((root / "KITTI" / "training" / "image_2").iterdir()).unlink()
    shutil.rmtree(root / "COCOPanoptic" / "semantic_relabeled133")
    next((root / "ADE20K" / "ADE20K_2016_07_26").rglob("ADE_train_*_seg.png")).unlink()
    wanted = {"mseg-api.tar.gz", "data_semantics.zip", "ADE20K_2016_07_26.zip"}
    assert fetched(lab, dest, tmp_path / "home") == wanted
    assert contents(dest) == contents(calm)


def test_only_a_deep_verification_decodes_every_image(calm: Path, tmp_path: Path) -> None:
    dest = Path(shutil.copytree(calm, tmp_path / "dest"))
    image = next((dest / "mseg_dataset/Cityscapes/leftImg8bit/val").rglob("*.png"))
    data = bytearray(image.read_bytes())
    data[data.index(b"IDAT") + 20] ^= 0xFF
    image.write_bytes(data)
    words = ("verify", "mseg", "--dest", dest, "--only", "cityscapes")
    assert "every check holds" in finish(tmp_path / "home", *words)
    assert image.name in finish(tmp_path / "home", *words, "--deep", code=1)
