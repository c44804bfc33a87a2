"""A finished install that was copied is a finished install: nothing is done, fetched or alarmed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.miniature import contents, finish

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(lab: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole install, its archives kept."""
    folder = tmp_path_factory.mktemp("finished")
    words = ("run", "mseg", "--site", lab, "--yes", "--keep-archives", "--dest")
    finish(folder / "home", *words, folder / "dest")
    return folder / "dest"


@pytest.mark.parametrize("times", [True, False], ids=["times kept", "times lost"])
@pytest.mark.parametrize("archives", [True, False], ids=["with archives", "without"])
def test_a_copy_is_finished(finished: Path, tmp_path: Path, times: bool, archives: bool) -> None:
    dest = tmp_path / "another place" / "dest"
    copy = shutil.copy2 if times else shutil.copyfile
    away = None if archives else shutil.ignore_patterns("*.zip", "*.tar", "*.tgz", "*.gz")
    shutil.copytree(finished, dest, copy_function=copy, ignore=away, symlinks=True)
    before = contents(dest)
    said = finish(tmp_path / "home", "run", "mseg", "--keep-archives", "--dest", dest)
    assert "is complete" in said
    assert "error" not in said and "warning" not in said and "damaged" not in said
    done = {line.split("[")[-1].strip(" ]") for line in said.splitlines() if "started [" in line}
    # The one file that names the destination is written anew, and the report of it.
    assert done <= {"mseg-api/assign", "finish/report", "finish/clear-credentials"}, said
    assert contents(dest) == before


def test_a_copy_that_lacks_a_file_is_mended(lab: Path, finished: Path, tmp_path: Path) -> None:
    dest = tmp_path / "dest"
    shutil.copytree(finished, dest, copy_function=shutil.copyfile, symlinks=True)
    before = contents(dest)
    label = next(path for path in (dest / "mseg_dataset").rglob("*.png") if "label" in str(path))
    label.unlink()
    finish(tmp_path / "home", "run", "mseg", "--site", lab, "--keep-archives", "--dest", dest)
    assert contents(dest) == before
