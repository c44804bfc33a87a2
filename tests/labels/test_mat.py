"""MATLAB label maps converted, read back, and their folder removed at the end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from wizard.errors import LabelError
from wizard.labels.specs.taxonomies import Mat
from wizard.labels.works.mat import MatWork, convert

SPEC = Mat(sources="in/*.mat", variable="LabelMap", into="out", remove="in")


def _source(root: Path, name: str, values: object, variable: str = "LabelMap") -> Path:
    (root / "in").mkdir(exist_ok=True)
    savemat(root / "in" / name, {variable: values})
    return root / "in" / name


def test_values_are_unchanged_in_sixteen_bits(tmp_path: Path) -> None:
    values = np.array([[0, 459, 255], [256, 1, 2]], np.uint16)
    convert(_source(tmp_path, "a.mat", values), tmp_path / "a.png", "LabelMap", 16)
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "I;16"
        assert np.array_equal(np.array(image), values)


def test_whole_floats_fit_eight_bits(tmp_path: Path) -> None:
    convert(_source(tmp_path, "a.mat", np.array([[1.0, 20.0]])), tmp_path / "a.png", "LabelMap", 8)
    with Image.open(tmp_path / "a.png") as image:
        assert (image.mode, np.array(image).tolist()) == ("L", [[1, 20]])


@pytest.mark.parametrize(
    "values",
    [np.array([[256]]), np.array([[-1]]), np.array([[0.5]]), np.array([[np.nan]]), "text"],
    ids=["too large", "negative", "fraction", "not a number", "text"],
)
def test_values_that_do_not_fit_are_refused(tmp_path: Path, values: object) -> None:
    source = _source(tmp_path, "a.mat", values)
    with pytest.raises(LabelError) as caught:
        convert(source, tmp_path / "a.png", "LabelMap", 8)
    assert caught.value.where == str(source)
    assert not (tmp_path / "a.png").exists()


def test_other_variables_and_other_files_are_named(tmp_path: Path) -> None:
    source = _source(tmp_path, "a.mat", np.eye(2), "Other")
    with pytest.raises(LabelError, match="no variable LabelMap"):
        convert(source, tmp_path / "a.png", "LabelMap", 16)
    source.write_bytes(source.read_bytes()[:-7])
    with pytest.raises(LabelError):
        convert(source, tmp_path / "a.png", "Other", 16)
    source.write_text("<html>gone</html>")
    with pytest.raises(LabelError):
        convert(source, tmp_path / "a.png", "LabelMap", 16)


def test_the_sources_go_when_all_is_done_and_the_outputs_then_count(tmp_path: Path) -> None:
    for name in ("b.mat", "a.mat"):
        _source(tmp_path, name, np.ones((2, 2), np.uint8))
    work = MatWork(tmp_path, SPEC)
    assert [item.key for item in work.items()] == ["a", "b"]
    before = list(work.expected())
    for item in work.items():
        work.process(item)
    work.finish()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    assert list(work.expected()) == before
    assert work.items() == []
