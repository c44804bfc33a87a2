from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.engine.fakes import chain, make_install
from wizard.engine.cleanup import clean_up, mark_ended, mark_running
from wizard.errors import Cancelled
from wizard.files import PARTIAL
from wizard.progress import CancelToken
from wizard.steps.step import Place


def test_only_old_temporary_files_in_our_places_go(tmp_path: Path):
    install = make_install(tmp_path, chain(tmp_path, "a/labels"))
    folder = tmp_path / "a" / "train"
    kept = [folder / "label.png", tmp_path / "mine" / f"{PARTIAL}0", folder / f"{PARTIAL}unpack-1"]
    gone = [folder / f"{PARTIAL}1", folder / f"{PARTIAL}folder" / "x.png"]
    gone += [tmp_path / f"{PARTIAL}2", install.place.state / "steps" / f"{PARTIAL}3"]
    for path in [*kept, *gone]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    later = max(path.lstat().st_ctime for path in gone) + 1
    assert clean_up(install, later - 3600, CancelToken()) == 0
    assert clean_up(install, later, CancelToken()) == 4
    assert all(path.exists() for path in kept)
    assert not any(path.exists() for path in gone)


def test_links_are_not_followed(tmp_path: Path):
    install = make_install(tmp_path, chain(tmp_path, "a/labels"))
    elsewhere = tmp_path / "elsewhere" / f"{PARTIAL}1"
    elsewhere.parent.mkdir()
    elsewhere.touch()
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "link").symlink_to(elsewhere.parent)
    assert clean_up(install, elsewhere.stat().st_ctime + 1, CancelToken()) == 0
    assert elsewhere.exists()


def test_it_stops_when_asked(tmp_path: Path):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        clean_up(make_install(tmp_path, chain(tmp_path, "a/labels")), 0.0, token)


def test_a_run_that_was_cut_off_is_told_from_one_that_ended(tmp_path: Path):
    place = Place(dest=tmp_path, root=tmp_path)
    os.makedirs(place.state)
    assert not mark_running(place)
    assert mark_running(place)
    mark_ended(place)
    assert not mark_running(place)
