"""Trees of collections without label lists: what their own checks count and name tells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from wizard.errors import LabelError
from wizard.kinds.unpacking.checked_files import CheckedFiles
from wizard.kinds.unpacking.evidence import Evidence
from wizard.recipes.model import Dataset
from wizard.verify.specs.checks import AnyCheck, Count, Hash, Listed, SameValues
from wizard.verify.specs.datasets import Check

COUNT = Count(files="D/photos/*.jpg", count=2)
LISTED = Listed(list="lists/a.txt", folder="D", paths=("{0}", "{1}"))


def evidence(base: Path, *checks: AnyCheck, exact: bool = True) -> Evidence:
    dataset = Dataset(
        id="d", title="D", folder="D", about="", steps=(Check(checks=checks, exact=exact),)
    )
    provides = ("D/photos", "D/tables/a.json")
    return Evidence(base, base, provides, (), CheckedFiles.of(dataset, base), "D")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for name, text in {
        "D/photos/1.jpg": "1",
        "D/photos/2.jpg": "2",
        "D/photos/notes.txt": "no photograph",
        "D/tables/a.json": '{"images": []}\n',
        "lists/a.txt": "photos/1.jpg labels/1.png\nphotos/2.jpg labels/2.png\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("checks", [(COUNT,), (LISTED,), (COUNT, LISTED)])
def test_what_is_counted_or_listed_counts_as_unpacked(
    base: Path, checks: tuple[AnyCheck, ...]
) -> None:
    assert evidence(base, *checks).verdict() == "all"
    (base / "D/photos/2.jpg").write_bytes(b"")
    assert evidence(base, *checks).verdict() == "some"
    (base / "D/photos/2.jpg").unlink()
    assert evidence(base, *checks).verdict() == "some"


def test_a_number_known_of_another_release_will_do(base: Path) -> None:
    known = Count(files="D/photos/*.jpg", count=7, also=(2,))
    assert evidence(base, known).verdict() == "all"
    ways = Count(files="D/photos/*.jpg", count=7, by_alternative={"old": 2})
    assert evidence(base, ways).verdict() == "all"


def test_one_file_more_than_published_is_another_set(base: Path) -> None:
    (base / "D/photos/3.jpg").write_text("3")
    assert evidence(base, COUNT).verdict() == "some"
    (base / "D/photos/3.jpg").rename(base / "D/photos/._3.jpg")
    assert evidence(base, COUNT).verdict() == "all", "what a Mac leaves is no photograph"


def test_every_folder_has_to_be_told_of(base: Path) -> None:
    made = replace(evidence(base, COUNT), provides=("D/photos", "D/more"))
    (base / "D/more").mkdir()
    assert made.verdict() == "some"
    more = Count(files="D/more/*.png", count=1)
    made = replace(evidence(base, COUNT, more), provides=("D/photos", "D/more"))
    assert made.verdict() == "some"
    (base / "D/more/1.png").write_text("1")
    assert made.verdict() == "all"


def test_numbers_of_a_sites_own_copies_tell_nothing(base: Path) -> None:
    wrong = Count(files="D/photos/*.jpg", count=82_783)
    assert evidence(base, wrong, LISTED, exact=False).verdict() == "all"
    assert evidence(base, wrong, LISTED).verdict() == "some"


def test_a_json_file_that_ends_too_soon_is_not_there(base: Path) -> None:
    (base / "D/tables/a.json").write_text('{"images": [')
    assert evidence(base, COUNT).verdict() == "some"


def test_nothing_is_decided_before_a_list_is_there(base: Path) -> None:
    (base / "lists/a.txt").unlink()
    assert evidence(base, LISTED).verdict() == "unknown"
    with pytest.raises(LabelError, match="cannot be read"):
        list(CheckedFiles(base, (LISTED,)).listed())
    inside = Listed(list="D/lists/a.txt")
    assert evidence(base, inside, COUNT).verdict() == "some", "a list it brings itself"


@pytest.mark.parametrize("text", [b"\xff\xfe\n", b"photos/1.jpg\n"])
def test_a_list_that_cannot_be_used_decides_nothing(base: Path, text: bytes) -> None:
    (base / "lists/a.txt").write_bytes(text)
    assert evidence(base, LISTED).verdict() == "unknown"


def test_files_that_labels_are_compared_with_are_wanted_too(base: Path) -> None:
    same = SameValues(list="lists/a.txt", folder="D", other="D/photos")
    assert evidence(base, same).verdict() == "all"
    (base / "D/photos/1.jpg").unlink()
    assert evidence(base, same).verdict() == "some"


def test_an_archive_that_lacks_listed_files_is_seen(base: Path) -> None:
    made = evidence(base, LISTED)
    (base / "D/photos/1.jpg").unlink()
    assert made.lacking({"D/photos/2.jpg"}, ()) == ("D/photos/1.jpg",)
    assert made.lacking({"D/photos/1.jpg"}, ()) == ()


def test_checks_that_name_no_files_of_it_are_no_evidence(base: Path) -> None:
    assert evidence(base, Hash(file="D/other.bin", md5="00")).verdict() == "some", "its one file"
    (base / "D/tables/a.json").unlink()
    assert evidence(base, Hash(file="D/other.bin", md5="00")).verdict() == "none"
