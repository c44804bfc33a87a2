"""What must hold of any archive: nothing leaves the folder, everything comes back as packed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.archives.makers import make_tar, make_zip, tree, unpack
from wizard.archives.paths import Route, is_junk, safe_path
from wizard.errors import ArchiveError
from wizard.recipes.steps import Rule

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


@settings(max_examples=40, deadline=None)
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
