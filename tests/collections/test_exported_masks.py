"""Masks exported from one install make another's labels equal without the archive they are from."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.conformance.conftest import segwizard
from tests.servers.misbehaving import Misbehaving
from wizard.app.masks import read_exported_file
from wizard.demo.miniature import Miniature, build_miniature
from wizard.errors import LabelError
from wizard.labels.drawing.polygons import Patch
from wizard.labels.exported_masks import (
    ExportedMasks,
    ImageMasks,
    encode_mask,
    parse_exported,
)

LOST = "ADE20K_2016_07_26.zip"
LABELS = "mseg_dataset/ADE20K/ADEChallengeData2016"


def site(miniature: Miniature, server: Misbehaving, without: str = "") -> Iterator[str]:
    """A lab's own copies, of which one may be gone."""
    for archive in miniature.archives:
        if archive.dataset not in ("mseg-api", "ade20k"):
            continue
        data = archive.path.read_bytes()
        name = quote(archive.name)
        url = f"{server.url}/gone/{name}" if archive.name == without else server.put(name, data)
        yield f'[archives."mseg/{archive.dataset}/{archive.name}"]'
        yield f'urls = ["{url}"]\naccess = "open"'
        yield f'size = {len(data)}\nsha256 = "{hashlib.sha256(data).hexdigest()}"'


def labels(dest: Path) -> dict[str, bytes]:
    folder = dest / LABELS
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.png")}
    return {name: path.read_bytes() for name, path in found.items() if "relabeled" in name}


@pytest.mark.slow
def test_a_lab_without_the_archive_gets_equal_labels(tmp_path: Path, own_home: Path) -> None:
    miniature = build_miniature(tmp_path / "archives")
    first, second = tmp_path / "first", tmp_path / "second"
    with Misbehaving() as server:
        for dest, without in ((first, ""), (second, LOST)):
            (tmp_path / f"{dest.name}.toml").write_text("\n".join(site(miniature, server, without)))

        def run(dest: Path, *more: str) -> tuple[int, str]:
            words = ("--dest", str(dest), "--site", str(tmp_path / f"{dest.name}.toml"))
            done = segwizard("run", "mseg", *words, "--only", "ade20k", *more, home=own_home)
            return done.returncode, done.stdout + done.stderr

        assert run(first, "--yes")[0] == 0
        masks = tmp_path / "masks.zip"
        out = segwizard("masks", "export", "--dest", str(first), "-o", str(masks), home=own_home)
        assert out.returncode == 0, out.stderr
        manifest = read_exported_file(masks)
        assert manifest.dataset == "ade20k"
        assert LOST in {each.name for each in manifest.archives}

        early = segwizard("masks", "import", str(masks), "--dest", str(second), home=own_home)
        assert early.returncode == 2
        code, told = run(second, "--yes")
        assert code in (1, 3), told
        assert not labels(second)
        taken = segwizard("masks", "import", str(masks), "--dest", str(second), home=own_home)
        assert taken.returncode == 0, taken.stdout + taken.stderr
        code, told = run(second, "--yes")
        assert code == 0, told
    made = labels(second)
    assert made == labels(first)
    assert len(made) >= 5
    again = tmp_path / "again.zip"
    segwizard("masks", "export", "--dest", str(first), "-o", str(again), home=own_home)
    assert again.read_bytes() == masks.read_bytes()


@given(some.data())
def test_a_mask_is_the_same_after_it_was_exported(data: some.DataObject) -> None:
    height, width = data.draw(some.integers(1, 9)), data.draw(some.integers(1, 9))
    pixels = data.draw(some.lists(some.booleans(), min_size=81, max_size=81))
    inside = np.array(pixels[: height * width], np.bool_).reshape(height, width)
    top, left = data.draw(some.integers(0, 3)), data.draw(some.integers(0, 3))
    shape = (height + top + 1, width + left + 1)
    rows, columns = slice(top, top + height), slice(left, left + width)
    image = ImageMasks(shape, "", {"7": encode_mask(Patch(rows, columns, inside), shape)})
    patch = ExportedMasks(image, "here").patch(7)
    drawn, expected = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    drawn[patch.rows, patch.columns] = patch.inside
    expected[rows, columns] = inside
    assert (drawn == expected).all()


@pytest.mark.parametrize(
    "spoil",
    [
        {"shape": [0, 4]},
        {"shape": [4, 1 << 20]},
        {"segments": {"1": [[0, 2, 0, 2], [0, 3]]}},
        {"segments": {"1": [[0, 9, 0, 2], [0, 18]]}},
        {"segments": {"1": [[2, 0, 0, 2], []]}},
        {"segments": {"1": [[0, 2, 0, 2], [-1, 5]]}},
        {"segments": {"../1": [[0, 1, 0, 1], [0, 1]]}},
        {"more": 1},
    ],
)
def test_masks_that_cannot_be_meant_are_refused(spoil: dict[str, object]) -> None:
    good = {"shape": [4, 4], "source": "", "segments": {}}
    parse_exported(json.dumps(good).encode(), "here")
    with pytest.raises(LabelError):
        parse_exported(json.dumps(good | spoil).encode(), "here")


@pytest.mark.parametrize("name", ["masks/../x.json", "x.json", "masks/a.png", "masks/a/b.json"])
def test_a_file_with_other_members_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "masks.zip"
    manifest = {
        "collection": "mseg",
        "dataset": "ade20k",
        "taxonomy": "t",
        "records": "",
        "images": 1,
        "licence": "",
        "licence_url": "",
        "licence_sha256": "",
        "archives": [],
    }
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("masks.json", json.dumps(manifest))
        packed.writestr(name, json.dumps({"shape": [1, 1], "source": "", "segments": {}}))
    with pytest.raises(LabelError, match="no exported masks"):
        read_exported_file(path)


@pytest.mark.parametrize("data", [b"", b"PK", b"<html>", b"\0" * 4096])
def test_what_is_no_zip_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "masks.zip"
    path.write_bytes(data)
    with pytest.raises(LabelError, match="no exported masks"):
        read_exported_file(path)
