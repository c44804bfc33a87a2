"""What must hold of any archive: nothing leaves the folder, everything comes back as packed."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.archives.makers import make_tar, make_zip, tree, unpack
from wizard.archives.bounds import UnpackLimits
from wizard.archives.paths import Route, is_junk, safe_path
from wizard.archives.specs import Rule
from wizard.archives.zip.directory import read_directory
from wizard.errors import ArchiveError

TRICKY = st.sampled_from(
    ["..", ".", "", "a", "B", "__MACOSX", "._x", "C:", "x.png", "~", "-", " ", "é", "a b", "..."]
)
SEPARATORS = st.sampled_from(["/", "\\", "//", "/./"])
NAMES = st.builds(
    lambda parts, joint: joint.join(parts), st.lists(TRICKY, min_size=1, max_size=6), SEPARATORS
)
TEXT = st.text(max_size=30)
PART = st.text("abcXYZ019 ._-é", min_size=1, max_size=6).filter(
    lambda part: part.strip(". ") and not is_junk(part)
)
FILES = st.dictionaries(PART, st.binary(max_size=600), min_size=1, max_size=8)


@given(st.one_of(NAMES, TEXT))
def test_a_safe_path_stays_below_its_folder(name: str) -> None:
    try:
        path = safe_path(name, archive="a")
    except ArchiveError:
        return
    root = Path("/top")
    parts = (root / path).parts
    assert parts[:2] == ("/", "top")
    assert ".." not in parts
    assert "\\" not in path
    assert not path.startswith("/")
    assert "//" not in path
    assert safe_path(path, archive="a") == path


@given(NAMES, st.one_of(st.none(), NAMES))
def test_no_rule_leads_out_of_the_folder(name: str, to: str | None) -> None:
    route = Route("a", rules=(Rule(prefix=name[:2], to=to),), below="b")
    try:
        path = route.place(name)
    except ArchiveError:
        return
    assert path is None or (path and ".." not in path.split("/") and path[0] != "/")


@settings(max_examples=40)
@given(FILES, st.sampled_from(["zip", "stored.zip", "tar", "tar.gz"]))
def test_what_was_packed_comes_back(files: dict[str, bytes], kind: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / f"a.{kind}"
        if kind.endswith("zip"):
            make_zip(archive, files, deflated=kind == "zip")
        else:
            make_tar(archive, files)
        out = Path(folder) / "out"
        done = unpack(archive, out)
        assert tree(out) == files
        assert done.size == sum(map(len, files.values()))


@settings(max_examples=60)
@given(FILES, st.binary(max_size=40), st.binary(max_size=200), st.booleans())
def test_the_directory_is_read_as_zipfile_reads_it(
    files: dict[str, bytes], comment: bytes, before: bytes, wide: bool
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.comment = comment.replace(b"PK", b"")
        for name, data in files.items():
            with packed.open(name, "w", force_zip64=wide) as member:
                member.write(data)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "a.zip"
        archive.write_bytes(before.replace(b"PK", b"") + buffer.getvalue())
        ours = read_directory(archive, UnpackLimits())
        with zipfile.ZipFile(archive) as opened:
            theirs = opened.infolist()
    assert [(each.name, each.size, each.packed, each.crc32, each.offset) for each in ours] == [
        (each.filename, each.file_size, each.compress_size, each.CRC, each.header_offset)
        for each in theirs
    ]


@settings(max_examples=150)
@given(st.sampled_from(["zip", "tar", "tgz"]), st.data())
def test_damage_anywhere_is_an_archive_error_or_harmless(kind: str, data: st.DataObject) -> None:
    files = {"top/a.png": b"a" * 300, "top/b.txt": bytes(range(200)), "c": b""}
    with tempfile.TemporaryDirectory() as folder:
        archive, out = Path(folder) / f"a.{kind}", Path(folder) / "out"
        (make_zip if kind == "zip" else make_tar)(archive, files)
        torn = bytearray(archive.read_bytes())
        for _ in range(data.draw(st.integers(1, 3))):
            torn[data.draw(st.integers(0, len(torn) - 1))] = data.draw(st.integers(0, 255))
        archive.write_bytes(torn[: data.draw(st.integers(1, len(torn)))])
        try:
            done = unpack(archive, out)
        except ArchiveError:
            assert not out.exists()
            return
        assert tree(out).keys() == {member.path for member in done.members}
        assert {path.name for path in Path(folder).iterdir()} == {archive.name, "out"}
