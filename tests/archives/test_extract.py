"""Unpacking honest archives: every member, whole, under its final name."""

from __future__ import annotations

import io
import os
import random
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest

from tests.archives.makers import make, make_tar, make_zip, tree, unpack, zip_bytes
from wizard.archives.extract import Options, extract
from wizard.archives.specs import Nested, Rule
from wizard.archives.zip import unzip as zip_data
from wizard.errors import ArchiveError, Cancelled
from wizard.files import PARTIAL
from wizard.progress import CancelToken, Counter

FILES = {"top/a.png": b"a" * 300, "top/deep/b.txt": b"", "top/deep/c d.bin": os.urandom(5000)}
NAMES = ["a.zip", "a.tar", "a.tar.gz", "a.tgz"]


@pytest.mark.parametrize("name", NAMES)
def test_every_member_lands_with_its_bytes(tmp_path: Path, name: str) -> None:
    done = unpack(make(tmp_path / name, FILES), tmp_path / "out")
    assert tree(tmp_path / "out") == FILES
    assert {member.path: (member.size, member.crc32) for member in done.members} == {
        path: (len(data), zlib.crc32(data)) for path, data in FILES.items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_rules_move_and_drop_members_and_the_first_that_fits_decides(
    tmp_path: Path, name: str
) -> None:
    files = {"V/x/1.jpg": b"1", "V/x/skip/2.jpg": b"2", "V/y.txt": b"3", "other": b"4"}
    rules = [Rule(prefix="V/x/skip/"), Rule(prefix="V/x/", to="images/"), Rule(prefix="V/")]
    unpack(make(tmp_path / name, files), tmp_path / "out", rules=rules)
    assert tree(tmp_path / "out") == {"images/1.jpg": b"1", "other": b"4"}


def test_a_leading_dot_folder_is_no_part_of_a_tar_members_path(tmp_path: Path) -> None:
    archive = make_tar(tmp_path / "a.tgz", {"./label37/1.png": b"x", "././depth/1.png": b"y"})
    rules = [Rule(prefix="label37/", to="label38/"), Rule(prefix="depth/")]
    unpack(archive, tmp_path / "out", rules=rules)
    assert tree(tmp_path / "out") == {"label38/1.png": b"x"}


@pytest.mark.parametrize("name", NAMES)
def test_what_macos_leaves_in_archives_is_dropped(tmp_path: Path, name: str) -> None:
    junk = {"__MACOSX/top/._a.png": b"j", "top/._a.png": b"j", "top/.DS_Store": b"j"}
    unpack(make(tmp_path / name, {**junk, "top/.hidden": b"kept"}), tmp_path / "out")
    assert tree(tmp_path / "out") == {"top/.hidden": b"kept"}


@pytest.mark.parametrize("name", NAMES)
def test_archives_inside_are_unpacked_in_turn_and_not_kept(tmp_path: Path, name: str) -> None:
    inner = zip_bytes({"panoptic/1.png": b"1", "__MACOSX/._1.png": b"j"})
    files = {"annotations/panoptic.zip": inner, "annotations/x.json": b"{}"}
    nested = [Nested(member="annotations/panoptic*.zip", into="annotations")]
    done = unpack(make(tmp_path / name, files), tmp_path / "out", nested=nested)
    assert tree(tmp_path / "out") == {
        "annotations/x.json": b"{}",
        "annotations/panoptic/1.png": b"1",
    }
    assert {member.path for member in done.members} == set(tree(tmp_path / "out"))


def test_class_archives_unpack_into_a_folder_each(tmp_path: Path) -> None:
    inner = {
        f"n0000000{n}.tar": make_tar(
            tmp_path / "inner.tar", {f"n0000000{n}_1.JPEG": b"%d" % n}
        ).read_bytes()
        for n in (1, 2)
    }
    nested = [Nested(member="*.tar", into="{stem}")]
    unpack(make_tar(tmp_path / "train.tar", inner), tmp_path / "out", nested=nested)
    assert tree(tmp_path / "out") == {
        "n00000001/n00000001_1.JPEG": b"1",
        "n00000002/n00000002_1.JPEG": b"2",
    }


@pytest.mark.parametrize("name", NAMES)
def test_archives_are_found_at_any_depth_and_their_members_sorted_in(
    tmp_path: Path, name: str
) -> None:
    innermost = zip_bytes({"deep/val/val/n00000001/a.JPEG": b"a", "deep/readme": b"r"})
    outer = {"PartImageNet/val.zip": zip_bytes({"x/val.zip": innermost, "x/val.json": b"{}"})}
    rules = (
        Rule(pattern=r"(?:.*/)?(?P<tail>val\.json)", to="{tail}"),
        Rule(pattern=r"(?:.*/)?val/(?P<tail>n\d{8}/[^/]+)", to="val/{tail}"),
        Rule(pattern=r"(?P<path>.*\.zip)", to="{path}"),
        Rule(),
    )
    nested = [Nested(member="*.zip", rules=rules)]
    unpack(make(tmp_path / name, outer), tmp_path / "out", rules=rules, nested=nested)
    assert tree(tmp_path / "out") == {"val.json": b"{}", "val/n00000001/a.JPEG": b"a"}


def test_archives_in_archives_have_an_end(tmp_path: Path) -> None:
    data = zip_bytes({"a.txt": b"a"})
    for _ in range(5):
        data = zip_bytes({"a.zip": data})
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(ArchiveError, match="more than 3 deep"):
        unpack(tmp_path / "a.zip", tmp_path / "out", nested=[Nested(member="*.zip")])
    assert tree(tmp_path / "out") == {}


def test_a_pattern_sorts_members_into_folders_by_their_names(tmp_path: Path) -> None:
    name = "ILSVRC2012_val_00000293_n01440764.JPEG"
    rules = [
        Rule(
            pattern=r"(?:.*/)?(?P<name>ILSVRC2012_val_\d{8}_(?P<wnid>n\d{8})\.JPEG)",
            to="{wnid}/{name}",
        ),
        Rule(),
    ]
    files = {name: b"x", "notes.txt": b"y"}
    unpack(make_tar(tmp_path / "val_images.tar.gz", files), tmp_path / "out", rules=rules)
    assert tree(tmp_path / "out") == {f"n01440764/{name}": b"x"}


def test_official_names_without_a_class_are_refused_not_made_50000_folders(
    tmp_path: Path,
) -> None:
    rules = [
        Rule(pattern=r"(?P<name>ILSVRC2012_val_\d{8}_(?P<wnid>n\d{8})\.JPEG)", to="{wnid}/{name}"),
        Rule(),
    ]
    archive = make_tar(tmp_path / "val_images.tar.gz", {"ILSVRC2012_val_00000001.JPEG": b"x"})
    with pytest.raises(ArchiveError, match="none of the files"):
        unpack(archive, tmp_path / "out", rules=rules)
    assert tree(tmp_path / "out") == {}


def test_names_are_lower_cased_on_request(tmp_path: Path) -> None:
    unpack(
        make_zip(tmp_path / "a.zip", {"Top/A.PNG": b"a"}),
        tmp_path / "out",
        options=Options(lower=True),
    )
    assert tree(tmp_path / "out") == {"top/a.png": b"a"}


def test_names_differing_in_case_only_are_different_files(tmp_path: Path) -> None:
    files = {"A.png": b"1", "a.png": b"22"}
    unpack(make_zip(tmp_path / "a.zip", files), tmp_path / "out")
    assert tree(tmp_path / "out") == files


def test_large_members_are_streamed_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_data, "_PIECE", 0)
    monkeypatch.setattr("wizard.archives.zip.unzip.SMALL", 0)
    monkeypatch.setattr("wizard.archives.tar.untar.SMALL", 0)
    files = {"big.bin": random.Random(1).randbytes(3 << 20), "zeros": bytes(3 << 20)}
    for name in ("a.zip", "a.tar.gz"):
        unpack(make(tmp_path / name, files), tmp_path / name / ".." / f"out-{name}")
        assert tree(tmp_path / f"out-{name}") == files
    unpack(make_zip(tmp_path / "s.zip", files, deflated=False), tmp_path / "stored")
    assert tree(tmp_path / "stored") == files


def test_zip64_is_understood(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed, packed.open("a", "w", force_zip64=True) as member:
        member.write(b"zip64")
    (tmp_path / "a.zip").write_bytes(buffer.getvalue())
    unpack(tmp_path / "a.zip", tmp_path / "out")
    assert tree(tmp_path / "out") == {"a": b"zip64"}


@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_and_foreign_names_in_tars(tmp_path: Path, format: int) -> None:
    files = {"d/" * 60 + "n" * 120 + ".png": b"1", "ümläut/日本.png": b"2"}
    unpack(make_tar(tmp_path / "a.tar", files, format=format), tmp_path / "out")
    assert tree(tmp_path / "out") == files


def test_a_tar_of_a_code_host_starts_with_a_global_header(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w", pax_headers={"comment": "2bd00ae8"}) as packed:
        packed.addfile(tarfile.TarInfo("x/empty"))
    unpack(tmp_path / "a.tar", tmp_path / "out")
    assert tree(tmp_path / "out") == {"x/empty": b""}


def test_two_archives_share_folders(tmp_path: Path) -> None:
    out = tmp_path / "Cityscapes"
    out.mkdir()
    first = make_zip(out / "gtFine.zip", {"gtFine/train/a/1.png": b"1", "README": b"old"})
    second = make_zip(out / "left.zip", {"gtFine/train/b/2.png": b"2", "README": b"new!"})
    unpack(first, out, rules=[Rule(prefix="README")])
    unpack(second, out)
    assert set(tree(out)) == {
        "gtFine.zip", "left.zip", "README", "gtFine/train/a/1.png", "gtFine/train/b/2.png",
    }  # fmt: skip
    assert (out / "README").read_bytes() == b"new!"


def test_running_again_writes_only_what_is_missing_or_of_another_size(tmp_path: Path) -> None:
    archive, out = make_zip(tmp_path / "a.zip", FILES), tmp_path / "out"
    unpack(archive, out)
    kept = (out / "top/deep/c d.bin").stat().st_ino
    (out / "top/a.png").write_bytes(b"torn")
    (out / "top/deep/b.txt").unlink()
    (out / "top/mine.txt").write_bytes(b"mine")
    done = unpack(archive, out)
    assert tree(out) == {**FILES, "top/mine.txt": b"mine"}
    assert (out / "top/deep/c d.bin").stat().st_ino == kept
    assert len(done.members) == len(FILES)


def test_files_of_another_version_are_replaced_even_at_the_same_size(tmp_path: Path) -> None:
    out = tmp_path / "out"
    unpack(make_zip(tmp_path / "a.zip", {"x": b"old"}), out)
    unpack(make_zip(tmp_path / "a.zip", {"x": b"new"}), out, options=Options(trust=False))
    assert tree(out) == {"x": b"new"}


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_settled_paths_are_left_alone(tmp_path: Path, name: str) -> None:
    archive, out = make(tmp_path / name, FILES), tmp_path / "out"
    unpack(archive, out)
    (out / "top/a.png").unlink()
    unpack(archive, out, options=Options(settled=lambda path: path == "top/a.png"))
    assert set(tree(out)) == set(FILES) - {"top/a.png"}


@pytest.mark.parametrize("name", NAMES)
def test_no_trace_is_left_beside_the_files(tmp_path: Path, name: str) -> None:
    unpack(make(tmp_path / name, FILES), tmp_path / "out")
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(PARTIAL)]


def test_a_folder_reached_through_a_link_is_merged_with(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/top").symlink_to(tmp_path / "elsewhere")
    unpack(make_zip(tmp_path / "a.zip", FILES), tmp_path / "out")
    assert (tmp_path / "elsewhere/a.png").read_bytes() == FILES["top/a.png"]


def test_the_counter_ends_at_its_total(tmp_path: Path) -> None:
    for name in NAMES:
        counter = Counter()
        extract(
            make(tmp_path / name, FILES),
            tmp_path / f"o{name}",
            counter=counter,
            token=CancelToken(),
        )
        assert (counter.done, counter.total) == (3, 3)


@pytest.mark.parametrize("name", NAMES)
def test_cancelling_leaves_nothing_under_a_final_name(tmp_path: Path, name: str) -> None:
    archive, token = make(tmp_path / name, FILES), CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        extract(archive, tmp_path / "out", counter=Counter(), token=token)
    assert not (tmp_path / "out").exists()
    unpack(archive, tmp_path / "out")
    assert tree(tmp_path / "out") == FILES


def test_one_damaged_member_is_named_and_the_others_wait_for_the_mended_archive(
    tmp_path: Path,
) -> None:
    files = {f"d/{i}.bin": random.Random(i).randbytes(500) for i in range(5)}
    archive = make_zip(tmp_path / "a.zip", files, deflated=False)
    whole = archive.read_bytes()
    spot = whole.index(files["d/3.bin"]) + 100
    archive.write_bytes(whole[:spot] + bytes([whole[spot] ^ 1]) + whole[spot + 1 :])
    with pytest.raises(ArchiveError, match=r"d/3\.bin.*checksum") as caught:
        unpack(archive, tmp_path / "out")
    assert "fetch it again" in caught.value.hint
    assert not (tmp_path / "out").exists()
    archive.write_bytes(whole)
    unpack(archive, tmp_path / "out")
    assert tree(tmp_path / "out") == files
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(PARTIAL)]
