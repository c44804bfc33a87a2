"""The main job against the golden set: every label pixel as the reference made it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.conformance.conftest import segwizard


def check_tree(golden: Path, dest: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Compare an install with what the reference produced."""
    script = golden.parent / "check_tree.py"
    command = [sys.executable, script, "--expected", golden / "expected.json", "--root", dest]
    return subprocess.run(
        [*map(str, command), *options], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def site(golden: Path, mirror: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site file for the miniature mirror, made by our own command."""
    folder = tmp_path_factory.mktemp("site")
    made = segwizard("site", "make", golden / "archives", "--url", mirror, home=folder)
    assert made.returncode == 0, made.stderr
    path = folder / "site.toml"
    path.write_text(made.stdout)
    return path


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_every_label_equals_the_reference(
    golden: Path, site: Path, tmp_path: Path, executor: str
) -> None:
    dest = tmp_path / "dest"
    options = ("--dest", dest, "--site", site, "--executor", executor, "--workers", "2")
    run = segwizard("run", "mseg", *options, "--yes", home=tmp_path / "home")
    assert run.returncode == 0, run.stdout + run.stderr

    tree = check_tree(golden, dest, "--strict-renderer", "--test-images")
    assert tree.returncode == 0, tree.stdout

    verified = segwizard("verify", "mseg", "--dest", dest, home=tmp_path / "home")
    assert verified.returncode == 0, verified.stdout + verified.stderr


@pytest.mark.slow
def test_labels_equal_the_reference_by_exported_masks_alone(
    golden: Path, site: Path, tmp_path: Path
) -> None:
    """ADE20K's full release is gone: masks from another lab stand for it, pixel for pixel."""
    lost, home, dest = "ADE20K_2016_07_26.zip", tmp_path / "home", tmp_path / "second"
    first = ("--dest", tmp_path / "first", "--site", site)
    done = segwizard("run", "mseg", *first, "--only", "ade20k", "--yes", home=home)
    assert done.returncode == 0, done.stdout + done.stderr
    masks = tmp_path / "masks.zip"
    done = segwizard("masks", "export", "--dest", tmp_path / "first", "-o", masks, home=home)
    assert done.returncode == 0, done.stderr

    poor = tmp_path / "poor.toml"
    poor.write_text(site.read_text().replace(f"/{lost}", f"/gone/{lost}"))
    assert poor.read_text() != site.read_text()
    second = ("--dest", dest, "--site", poor)
    segwizard("run", "mseg", *second, "--yes", home=home)
    done = segwizard("masks", "import", masks, "--dest", dest, home=home)
    assert done.returncode == 0, done.stderr
    run = segwizard("run", "mseg", *second, "--yes", home=home)
    assert run.returncode == 0, run.stdout + run.stderr
    tree = check_tree(golden, dest, "--strict-renderer", "--test-images")
    assert tree.returncode == 0, tree.stdout


@pytest.mark.slow
def test_two_installs_are_equal_and_one_changed_pixel_is_named(
    golden: Path, site: Path, tmp_path: Path
) -> None:
    """Manifests of installs that never met are one, until a label of one of them is another."""
    home, dests = tmp_path / "home", (tmp_path / "one", tmp_path / "other")
    only = ("--only", "camvid,kitti,wilddash")
    for dest in dests:
        options = ("--dest", dest, "--site", site, *only)
        done = segwizard("run", "mseg", *options, "--yes", home=home)
        assert done.returncode == 0, done.stdout + done.stderr
        made = segwizard("manifest", "make", "--dest", dest, home=home)
        assert made.returncode == 0, made.stdout + made.stderr
    equal = segwizard("compare", *dests, home=home)
    assert equal.returncode == 0, equal.stdout + equal.stderr
    assert equal.stdout.startswith("equal: ")

    label = sorted((dests[1] / "mseg_dataset").glob("Camvid/semseg11/*.png"))[0]
    with Image.open(label) as image:
        pixels = image.copy()
    pixels.putpixel((0, 0), 3 if pixels.getpixel((0, 0)) != 3 else 4)
    pixels.save(label)
    made = segwizard("manifest", "make", "--dest", dests[1], home=home)
    assert made.returncode == 0, made.stdout + made.stderr
    differs = segwizard("compare", *dests, home=home)
    assert differs.returncode == 1, differs.stdout + differs.stderr
    assert differs.stdout.count("file ") == 1
    assert label.name in differs.stdout
