"""A look at what was unpacked says what a look at each file by itself says."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.archives.deflate import crc32
from wizard.archives.extraction import Member, Present, altered_members, by_folder, missing_members
from wizard.folders import NO_FILE, sizes_in

NAMES = st.sampled_from(["a", "b", "ä", "c.png"])
PATHS = st.one_of(NAMES, st.tuples(st.sampled_from(["d", "e", "d/f"]), NAMES).map("/".join))
TREES = st.dictionaries(PATHS, st.binary(max_size=3), max_size=8)
HARM = st.lists(
    st.tuples(
        st.sampled_from(
            ["gone", "emptied", "longer", "flipped", "folder", "link", "dangling", "touched"]
        ),
        PATHS,
    ),
    max_size=4,
)
IN_A_MOMENT = settings(deadline=None, max_examples=60)


def harmed(path: Path, how: str) -> None:
    """Change one file in place, or what has its name; nothing where it is not there."""
    if not path.is_file():
        return
    status = path.stat()
    match how:
        case "gone":
            path.unlink()
        case "emptied":
            os.truncate(path, 0)
        case "longer":
            path.write_bytes(path.read_bytes() + b"x")
        case "flipped":
            path.write_bytes(bytes(255 - byte for byte in path.read_bytes()))
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        case "touched":
            os.utime(path)
        case "folder":
            path.unlink()
            path.mkdir()
        case "link":
            path.rename(path.with_name("elsewhere"))
            path.symlink_to("elsewhere")
        case "dangling":
            path.unlink()
            path.symlink_to("nowhere")


def _made(root: Path, files: dict[str, bytes]) -> list[Member]:
    members = []
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
        members.append(Member(path, len(data), crc32(data)))
    return members


@IN_A_MOMENT
@given(TREES, HARM)
def test_whatever_changed_in_place_is_seen(
    files: dict[str, bytes], harm: list[tuple[str, str]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        members = _made(root, files)
        since = root.stat().st_ctime_ns - 10**10
        for how, path in harm:
            harmed(root / path, how)
        single = {
            each.path
            for each in members
            if not (root / each.path).is_file() or (root / each.path).stat().st_size != each.size
        }
        columns = by_folder(members)
        assert {each.path for each in missing_members(root, columns)} == single
        settled = set(sorted(single)[:1])
        left = missing_members(root, columns, settled=settled.__contains__)
        assert {each.path for each in left} == single - settled
        other = {
            root / each.path
            for each in members
            if (root / each.path).is_file()
            and not (root / each.path).is_symlink()
            and crc32((root / each.path).read_bytes()) != each.crc32
        }
        assert set(altered_members(root, columns, since)) == other


@IN_A_MOMENT
@given(TREES, st.lists(PATHS, max_size=20), st.integers(1, 4))
def test_sizes_are_the_same_however_little_is_held(
    files: dict[str, bytes], asked: list[str], held: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _made(root, files)
        present = Present(root, held=held)
        for path in (*asked, *files, *asked):
            whole = (root / path).stat().st_size if (root / path).is_file() else None
            assert present.size(path) == whole


def test_what_is_no_file_has_no_size(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "nowhere").symlink_to("gone")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to("empty")
    none = dict.fromkeys(("folder", "nowhere", "pipe"), NO_FILE)
    assert sizes_in(str(tmp_path)) == {"empty": 0, "link": 0, **none}
    assert sizes_in(str(tmp_path / "empty")) == sizes_in(str(tmp_path / "none")) == {}
