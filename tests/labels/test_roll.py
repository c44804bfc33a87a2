"""What names kept from sources stand for once sources go, change or come."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.labels.roll import read_roll, write_roll


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    found = [tmp_path / name for name in ("one", "two")]
    for path in found:
        path.write_text(path.name)
    write_roll(tmp_path / "roll", ["a", "b"], *found)
    return found


def test_names_stand_while_sources_are_deleted_one_by_one(tmp_path, sources) -> None:
    roll = tmp_path / "roll"
    assert read_roll(roll, *sources) == ("a", "b")
    sources[0].unlink()
    assert read_roll(roll, *sources) == read_roll(roll, sources[1]) == ("a", "b")
    sources[1].unlink()
    assert read_roll(roll, *sources) == read_roll(roll) == ("a", "b")


def test_a_source_that_changed_or_came_has_to_be_read(tmp_path, sources) -> None:
    roll, third = tmp_path / "roll", tmp_path / "three"
    third.write_text("three")
    assert read_roll(roll, *sources, third) is None
    sources[0].write_text("other")
    assert read_roll(roll, *sources) is None


def test_nothing_kept_says_nothing(tmp_path, sources) -> None:
    assert read_roll(None, *sources) is None
    assert read_roll(tmp_path / "other roll", *sources) is None
    (tmp_path / "roll").write_text("{")
    assert read_roll(tmp_path / "roll", *sources) is None
