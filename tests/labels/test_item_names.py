"""What names kept from sources stand for once sources go, change or come."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.labels.works.folder_work import read_names, write_names


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    found = [tmp_path / name for name in ("one", "two")]
    for path in found:
        path.write_text(path.name)
    write_names(tmp_path / "kept", ["a", "b"], *found)
    return found


def test_names_stand_while_sources_are_deleted_one_by_one(tmp_path, sources) -> None:
    kept = tmp_path / "kept"
    assert read_names(kept, *sources) == ("a", "b")
    sources[0].unlink()
    assert read_names(kept, *sources) == read_names(kept, sources[1]) == ("a", "b")
    sources[1].unlink()
    assert read_names(kept, *sources) == read_names(kept) == ("a", "b")


def test_a_source_that_changed_or_came_has_to_be_read(tmp_path, sources) -> None:
    kept, third = tmp_path / "kept", tmp_path / "three"
    third.write_text("three")
    assert read_names(kept, *sources, third) is None
    sources[0].write_text("other")
    assert read_names(kept, *sources) is None


def test_nothing_kept_says_nothing(tmp_path, sources) -> None:
    assert read_names(None, *sources) is None
    assert read_names(tmp_path / "other kept", *sources) is None
    (tmp_path / "kept").write_text("{")
    assert read_names(tmp_path / "kept", *sources) is None
