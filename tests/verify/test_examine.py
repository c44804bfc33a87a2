"""Declared checks, each against a small tree where it holds and one where it does not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wizard.findings import Finding
from wizard.verify.checks.work import CheckWork, evidence, fingerprint_of
from wizard.verify.specs.checks import (
    AnyCheck,
    Count,
    Decodes,
    Hash,
    JsonCounts,
    Listed,
    Pairs,
    Pixels,
)


def findings(base: Path, *checks: AnyCheck, exact: bool = True) -> list[Finding]:
    work = CheckWork(base, checks, exact)
    return [finding for item in work.items() for finding in work.process(item).findings]


def causes(base: Path, *checks: AnyCheck) -> list[str]:
    return [finding.cause for finding in findings(base, *checks)]


def write(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def picture(path: Path, pixels: np.ndarray, mode: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    if mode == "P":
        image = image.convert("P")
    image.save(path)
    return path


GRAY = np.array([[0, 3, 255], [1, 2, 3]], np.uint8)


def test_counts(tmp_path: Path) -> None:
    for name in ("n00000001", "n00000002"):
        write(tmp_path / "train" / name / "a.JPEG", "x")
    assert causes(tmp_path, Count(files="train/*", count=2, fits=r"n\d{8}")) == []
    assert causes(tmp_path, Count(files="train/*", count=3)) == ["wrong-count"]
    assert causes(tmp_path, Count(files="train/*", count=2, fits=r"m\d+")) == ["stray-file"] * 2


def test_counts_of_own_copies_are_a_note_unless_nothing_is_there(tmp_path: Path) -> None:
    write(tmp_path / "a", "x")
    fewer = findings(tmp_path, Count(files="*", count=5), exact=False)
    none = findings(tmp_path, Count(files="no/*", count=5), exact=False)
    assert [finding.fatal for finding in fewer + none] == [False, True]


def test_lists(tmp_path: Path) -> None:
    write(tmp_path / "list.txt", "J/a.jpg L/a.png\nJ/b.jpg L/b.png\n")
    for name in ("J/a.jpg", "L/a.png", "J/b.jpg"):
        write(tmp_path / name, "x")
    write(tmp_path / "L/b.png", "")
    found = findings(tmp_path, Listed(list="list.txt", paths=("{0}", "{1}"), count=2))
    assert [(each.cause, each.path) for each in found] == [("missing-file", "L/b.png")]
    assert causes(tmp_path, Listed(list="no.txt")) == ["missing-list"]
    assert "bad-list" in causes(tmp_path, Listed(list="list.txt", paths=("{2}",)))


def test_pairs(tmp_path: Path) -> None:
    for stem in ("a", "b"):
        picture(tmp_path / "image" / f"{stem}.png", GRAY)
    picture(tmp_path / "label" / "a_x.png", GRAY)
    picture(tmp_path / "label" / "c_x.png", GRAY)
    pairs = Pairs(first="image", second="label", cut="_x", same_size=True)
    assert causes(tmp_path, pairs) == ["no-partner", "no-partner"]
    picture(tmp_path / "label" / "b_x.png", GRAY[:, :2])
    (tmp_path / "label" / "c_x.png").unlink()
    assert causes(tmp_path, pairs) == ["wrong-size"]


def test_a_pair_of_empty_folders_is_no_proof(tmp_path: Path) -> None:
    assert causes(tmp_path, Pairs(first="image", second="label")) == ["no-partner"]


def test_pixels(tmp_path: Path) -> None:
    picture(tmp_path / "gray.png", GRAY)
    picture(tmp_path / "palette.png", GRAY, "P")
    assert causes(tmp_path, Pixels(files="gray.png", highest=3)) == []
    assert causes(tmp_path, Pixels(files="gray.png", highest=2)) == ["wrong-value"]
    assert causes(tmp_path, Pixels(files="gray.png", highest=3, ignore=False)) == ["wrong-value"]
    assert causes(tmp_path, Pixels(files="gray.png", values=(0, 1, 2, 3))) == []
    assert causes(tmp_path, Pixels(files="palette.png")) == ["wrong-kind"]
    assert causes(tmp_path, Pixels(files="no/*.png")) == ["missing-file"]


def test_a_truncated_picture_is_found(tmp_path: Path) -> None:
    path = picture(
        tmp_path / "a.png", np.random.default_rng(0).integers(0, 255, (40, 40), np.uint8)
    )
    path.write_bytes(path.read_bytes()[:300])
    assert causes(tmp_path, Decodes(files="*.png")) == ["broken-image"]
    assert causes(tmp_path, Pixels(files="*.png")) == ["broken-image"]


def test_hashes(tmp_path: Path) -> None:
    write(tmp_path / "a", "x")
    assert causes(tmp_path, Hash(file="a", md5="9dd4e461268c8034f5c8564e155c67a6")) == []
    assert causes(tmp_path, Hash(file="a", sha256="0" * 64)) == ["wrong-hash"]
    assert causes(tmp_path, Hash(file="b", md5="0" * 32)) == ["missing-file"]


def test_json(tmp_path: Path) -> None:
    images = [{"id": 1, "file_name": "n1_1.jpg"}, {"id": 1, "file_name": "n2_1.jpg"}]
    write(tmp_path / "val.json", json.dumps({"images": images}))
    write(tmp_path / "val/n1/n1_1.jpg", "x")
    check = JsonCounts(
        file="val.json",
        counts={"images": 3},
        names="images.file_name",
        folder="val",
        prefix="{head}/{name}",
        unique=("images.id",),
    )
    found = findings(tmp_path, check)
    assert [each.cause for each in found] == ["wrong-count", "repeated-id", "missing-file"]
    assert found[-1].path == "val/n2/n2_1.jpg"
    assert causes(tmp_path, JsonCounts(file="val/n1/n1_1.jpg")) == ["broken-json"]


def test_a_finding_says_why_it_matters(tmp_path: Path) -> None:
    found = findings(tmp_path, Hash(file="a", md5="0" * 32, why="training reads it"))
    assert found[0].hint == "training reads it"


@pytest.mark.parametrize("change", ["add", "remove", "rewrite"])
def test_a_proof_lapses_with_any_change(tmp_path: Path, change: str) -> None:
    write(tmp_path / "a.txt", "x")
    spec = (Count(files="*.txt", count=1),)
    before = fingerprint_of(evidence(spec, tmp_path))
    if change == "add":
        write(tmp_path / "b.txt", "x")
    elif change == "remove":
        (tmp_path / "a.txt").unlink()
    else:
        write(tmp_path / "a.txt", "longer")
    assert fingerprint_of(evidence(spec, tmp_path)) != before
