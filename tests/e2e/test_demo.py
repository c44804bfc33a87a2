"""The README's first command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.miniature import contents, environment, finish


@pytest.mark.slow
def test_the_demo_installs_everything_and_keeps_it_where_it_was_told(tmp_path: Path):
    dest = tmp_path / "demo"
    said = finish(tmp_path / "home", "demo", "--yes", "--dest", dest)
    assert "is complete" in said
    assert "you: paste the link from your mail (kitti)" in said
    assert "you: enter user name and password (cityscapes)" in said
    assert len(contents(dest)) > 300
    assert "every check holds" in finish(tmp_path / "home", "verify", "mseg", "--dest", dest)
    assert "is complete" in finish(tmp_path / "home", "status", "--dest", dest)
    assert "is complete" in finish(tmp_path / "home", "demo", "--yes", "--dest", dest)


@pytest.mark.slow
def test_the_demo_leaves_nothing_behind_and_touches_nothing(tmp_path: Path):
    home = tmp_path / "home"
    environment(home)
    said = finish(home, "demo", "--yes", "--plain")
    assert "temporary folder that is gone now" in said
    left = [path for path in home.rglob("*") if path.is_file()]
    assert left == []


def test_a_folder_with_other_things_is_left_alone(own_home: Path, tmp_path: Path):
    (tmp_path / "thesis.tex").touch()
    said = finish(own_home, "demo", "--yes", "--dest", tmp_path, code=2)
    assert "holds other things" in said
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
