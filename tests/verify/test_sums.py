"""What folders come to: the same however they are looked at, another after any change."""

from __future__ import annotations

import os
import tempfile
import zlib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.archives.test_looks import HARM, TREES, harmed
from wizard.folders import one_look, seen_sums, sizes_in
from wizard.verify.scan import FolderFingerprint, fingerprint_folders

FOLDERS = (".", "d", "d/f", "e", "nowhere")
IN_A_MOMENT = settings(deadline=None, max_examples=60)


def plain(root: Path, folders: tuple[str, ...], apart: set[str]) -> FolderFingerprint:
    """The sum as proofs have had it since the first of them: one file after the other."""
    files = size = newest = digest = untimed = 0
    for folder in folders:
        start = zlib.crc32(folder.encode())
        for path in (root / folder).iterdir() if (root / folder).is_dir() else ():
            if path.is_file() and path.relative_to(root).as_posix() not in apart:
                facts = path.stat()
                files, size = files + 1, size + facts.st_size
                newest = max(newest, facts.st_mtime_ns)
                name = os.fsencode(path.name)
                named = b"%b/%d" % (name, facts.st_size)
                untimed += zlib.crc32(named, start)
                digest += zlib.crc32(b"%b/%d" % (named, facts.st_mtime_ns), start)
    return FolderFingerprint(files, size, newest, digest, untimed)


def made(root: Path, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)


@IN_A_MOMENT
@given(TREES, HARM, st.sets(st.sampled_from(FOLDERS)), st.sets(st.sampled_from(["a", "d/b"])))
def test_a_sum_of_one_look_is_the_sum_of_a_fresh_one(
    files: dict[str, bytes], harm: list[tuple[str, str]], looked: set[str], apart: set[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        made(root, files)
        for how, path in harm:
            harmed(root / path, how)
        fresh = fingerprint_folders(root, FOLDERS, apart)
        assert fresh == plain(root, FOLDERS, apart)
        with one_look(str(root)):
            for each in looked:
                sizes_in(f"{root}/{each}/")
            assert seen_sums(str(root)).keys() == looked - {"."}
            assert seen_sums(str(root.parent)) == {}
            shared = fingerprint_folders(root, FOLDERS, apart)
        assert shared == fresh
        assert (shared.oldest, shared.untimed) == (fresh.oldest, fresh.untimed)
        assert seen_sums(str(root)) == {}


@IN_A_MOMENT
@given(TREES, HARM)
def test_a_later_look_trusts_nothing_of_the_one_before(
    files: dict[str, bytes], harm: list[tuple[str, str]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        made(root, files)
        with one_look(str(root)):
            for each in FOLDERS:
                sizes_in(f"{root}/{each}")
        for how, path in harm:
            harmed(root / path, how)
        with one_look(str(root)):
            seen = {each: sizes_in(f"{root}/{each}") for each in FOLDERS}
            assert fingerprint_folders(root, FOLDERS) == plain(root, FOLDERS, set())
        assert seen == {each: sizes_in(f"{root}/{each}") for each in FOLDERS}
