"""SegFix for instances, against a plain transcription of its rule."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from tests.conformance.conftest import segwizard
from wizard.errors import LabelError
from wizard.labels.works.segfix import InstanceFixWork, listed_masks

FRAME = "lindau_000000_000019_leftImg8bit"
SIZE = (9, 12)


@pytest.fixture
def offsets(tmp_path: Path) -> np.ndarray:
    steps = np.random.default_rng(4).integers(-1, 2, (*SIZE, 2)).astype(np.int8)
    path = tmp_path / "offsets/instance/offset_hrnext" / f"{FRAME}.mat"
    path.parent.mkdir(parents=True)
    savemat(path, {"mat": steps})
    return steps


@pytest.fixture
def masks(tmp_path: Path) -> dict[str, np.ndarray]:
    """Two masks of one frame, of any value inside, and a frame without instances."""
    rng = np.random.default_rng(5)
    folder = tmp_path / "pred"
    (folder / "deep").mkdir(parents=True)
    drawn = {f"{FRAME}_0.png": 255, f"deep/{FRAME}_1.png": 3}
    made = {name: rng.integers(0, 2, SIZE, np.uint8) * value for name, value in drawn.items()}
    for name, mask in made.items():
        Image.fromarray(mask).save(folder / name)
    (folder / f"{FRAME}_pred.txt").write_text("".join(f"{name} 24 0.9\n" for name in made))
    (folder / "lindau_000001_000019_leftImg8bit_pred.txt").write_text("")
    return made


def plainly(mask: np.ndarray, steps: np.ndarray, scale: int) -> np.ndarray:
    """Move a mask pixel by pixel."""
    height, width = mask.shape
    moved = np.zeros_like(mask)
    for y in range(height):
        for x in range(width):
            down, right = (int(step) * scale for step in steps[y, x])
            row, column = min(max(y + down, 0), height - 1), min(max(x + right, 0), width - 1)
            moved[y, x] = 255 if mask[row, column] > 0 else 0
    return moved


@pytest.mark.parametrize("scale", [1, 2])
def test_every_listed_mask_is_moved_and_written_as_0_and_255(
    tmp_path: Path, masks: dict[str, np.ndarray], offsets: np.ndarray, scale: int
) -> None:
    into = tmp_path / "out"
    words = ["segfix", tmp_path / "pred", "--offsets", tmp_path / "offsets", "--instances"]
    words += ["-o", into, *(["--scale", "2"] if scale == 2 else [])]
    done = segwizard(*words, home=tmp_path / "home")
    assert done.returncode == 0, done.stderr
    assert "2 frames refined" in done.stdout
    for name, mask in masks.items():
        with Image.open(into / name) as image:
            assert np.array_equal(np.array(image), plainly(mask, offsets, scale))
    for index in (tmp_path / "pred").glob("*_pred.txt"):
        assert (into / index.name).read_bytes() == index.read_bytes()


def test_trap_an_image_may_have_no_instance_and_needs_no_offsets_then(
    tmp_path: Path, masks: dict[str, np.ndarray]
) -> None:
    (tmp_path / "offsets").mkdir()
    work = InstanceFixWork(tmp_path / "pred", tmp_path / "offsets", tmp_path / "out")
    assert [item.key for item in work.items()] == ["lindau_000001_000019_leftImg8bit_pred.txt"]
    assert [(each.cause, each.detail) for each in work.start()] == [
        ("no-offsets", f"there is no {FRAME}.mat")
    ]


@pytest.mark.parametrize("name", ["../x.png", "/x.png", "deep/../../x.png"])
def test_a_mask_outside_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    index = tmp_path / f"{FRAME}_pred.txt"
    index.write_text(f"{name} 24 0.5\n")
    with pytest.raises(LabelError, match="outside"):
        listed_masks(index)
