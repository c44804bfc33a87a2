"""Site files made from a folder of archives, and read back."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.recipes.small import small, tables
from wizard.errors import Cancelled, UsageError
from wizard.headless.commands.sites import command
from wizard.progress import CancelToken, Counter
from wizard.recipes.site import apply_site, load_site, match, site_text


def fill(folder: Path, **files: bytes) -> Path:
    folder.mkdir()
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    return folder


def test_what_is_made_is_what_is_read(tmp_path: Path) -> None:
    folder = fill(tmp_path / "a", birds_dot_zip=b"birds", sub__more_dot_zip=b"more")
    recipe = small(tmp_path)
    counter = Counter()
    lines = site_text(
        folder,
        "http://lab.example/x",
        match(folder, [recipe]),
        counter=counter,
        token=CancelToken(),
    )
    path = tmp_path / "site.toml"
    path.write_text("\n".join(lines))
    birds, more = apply_site(recipe, load_site(path)).dataset("birds").archives
    assert birds.urls == ("http://lab.example/x/birds.zip",)
    assert birds.sha256 == hashlib.sha256(b"birds").hexdigest()
    assert (birds.size, more.size) == (5, 4)
    assert more.urls == ("http://lab.example/x/sub/more.zip",)
    assert more.access.kind == "open"
    assert (counter.done, counter.total, counter.unit) == (9, 9, "bytes")


def test_strangers_and_absentees_are_told(tmp_path: Path) -> None:
    folder = fill(tmp_path / "a", birds_dot_zip=b"1", notes_dot_txt=b"2", _dot_hidden=b"3")
    found = match(folder, [small(tmp_path)])
    assert [each.key for each in found.found] == ["birds.zip"]
    assert [each.name for each in found.strange] == ["notes.txt"]
    assert found.missing == ("lists.zip", "more.zip", "fish.tgz")


def test_an_alias_will_do(tmp_path: Path) -> None:
    content = tables()
    content["datasets"][1]["archives"][0]["aliases"] = ["b(1).zip"]
    folder = fill(tmp_path / "a")
    (folder / "b(1).zip").write_bytes(b"x")
    matches = match(folder, [small(tmp_path, content)])
    lines = list(site_text(folder, "http://x/", matches, counter=Counter(), token=CancelToken()))
    assert '[archives."birds.zip"]' in lines
    assert 'urls = ["http://x/b%281%29.zip"]' in lines


def test_the_name_itself_comes_before_an_alias(tmp_path: Path) -> None:
    content = tables()
    content["datasets"][1]["archives"][0]["aliases"] = ["b.zip"]
    folder = fill(tmp_path / "a", birds_dot_zip=b"1", b_dot_zip=b"2")
    (found,) = match(folder, [small(tmp_path, content)]).found
    assert found.file.name == "birds.zip"


def test_a_name_two_archives_share_is_written_in_full(tmp_path: Path) -> None:
    content = tables()
    content["datasets"][1]["archives"][0]["name"] = "fish.tgz"
    content["datasets"][1]["steps"][0]["archive"] = "fish.tgz"
    folder = fill(tmp_path / "a", fish_dot_tgz=b"1")
    found = match(folder, [small(tmp_path, content)]).found
    assert [each.key for each in found] == ["small/birds/fish.tgz", "small/fish/fish.tgz"]


def test_hashing_stops_on_request(tmp_path: Path) -> None:
    folder = fill(tmp_path / "a", birds_dot_zip=b"1")
    token = CancelToken()
    token.cancel()
    matches = match(folder, [small(tmp_path)])
    with pytest.raises(Cancelled):
        list(site_text(folder, "http://x", matches, counter=Counter(), token=token))


def test_a_folder_and_an_address_are_needed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        match(tmp_path / "none", [])
    matches = match(tmp_path, [])
    with pytest.raises(UsageError, match="no http address"):
        list(site_text(tmp_path, "x", matches, counter=Counter(), token=CancelToken()))


def test_the_command_keeps_data_and_talk_apart(tmp_path: Path) -> None:
    folder = fill(tmp_path / "a", sun_rgbd_dot_tgz=b"sun", odd_dot_txt=b"?")
    result = CliRunner().invoke(command, ["make", str(folder), "--url", "http://lab.example"])
    assert result.exit_code == 0, result.output
    path = tmp_path / "site.toml"
    path.write_text(result.stdout)
    assert load_site(path).archives["sun_rgbd.tgz"].size == 3
    assert "odd.txt" in result.stderr
    assert "odd.txt" not in result.stdout
    assert "train2017.zip" in result.stderr

    shown = CliRunner().invoke(command, ["show", str(path)])
    assert "sun_rgbd.tgz: access open" in shown.stdout
