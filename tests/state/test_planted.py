"""What others lay in a folder we share is never written through."""

from __future__ import annotations

import os
import socket
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.state.harm import clear
from tests.waiting import TIME_LIMIT
from wizard import files
from wizard.archives.extract import extract
from wizard.engine.lease import acquire
from wizard.engine.logs import LogFile
from wizard.errors import DestinationError, WizardError
from wizard.files import PlantedError, check_links, make_folder, open_ours, write_whole
from wizard.openat import enter
from wizard.progress import CancelToken, Counter
from wizard.steps.step import Place
from wizard.transfer.parts.part import Part
from wizard.transfer.parts.part_lock import PartLock

SECRET = "private"
STRANGER = 4242
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files to others")


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    dest = tmp_path / "dest"
    (dest / ".segwizard" / "steps").mkdir(parents=True)
    (dest / "coco").mkdir()
    return dest


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    victim = home / "thesis.txt"
    victim.write_text(SECRET)
    return victim


def _link(path: Path, victim: Path) -> None:
    path.symlink_to(victim)


def _second_name(path: Path, victim: Path) -> None:
    path.hardlink_to(victim)


def _pipe(path: Path, victim: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path, victim: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        here = Path.cwd()
        os.chdir(path.parent)
        try:
            bound.bind(path.name)
        finally:
            os.chdir(here)


def _folder(path: Path, victim: Path) -> None:
    path.mkdir()


PLANTS = (_link, _second_name, _pipe, _socket, _folder)
Plant = Callable[[Path, Path], None]

NAMED: dict[str, Callable[[Path], object]] = {
    "coco/.segwizard-part-val.zip": lambda dest: Part(dest / "coco" / "val.zip"),
    "coco/.segwizard-part-val.zip.lock": lambda dest: Part(dest / "coco" / "val.zip"),
    "val.lock": lambda dest: PartLock(dest / "val.lock"),
    ".segwizard/runner.log": lambda dest: open_ours(
        dest / ".segwizard/runner.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC
    ),
}


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("name", NAMED)
def test_a_name_that_others_know_is_refused_by_name(
    dest: Path, victim: Path, name: str, plant: Plant
) -> None:
    plant(dest / name, victim)
    with pytest.raises(WizardError) as caught:
        NAMED[name](dest)
    assert Path(name).name in caught.value.where
    assert isinstance(caught.value, PlantedError) and "only a file" in caught.value.message
    assert victim.read_text() == SECRET


@pytest.mark.parametrize("plant", PLANTS)
def test_a_log_is_lost_rather_than_written_elsewhere(
    dest: Path, victim: Path, plant: Plant
) -> None:
    path = dest / ".segwizard" / "log.jsonl"
    plant(path, victim)
    log = LogFile(path)
    done = threading.Thread(target=log.append, args=(b"line",))
    done.start()
    done.join(TIME_LIMIT)
    assert not done.is_alive() and victim.read_text() == SECRET


@pytest.mark.parametrize("plant", PLANTS)
def test_what_is_written_whole_takes_the_name_and_leaves_the_rest(
    dest: Path, victim: Path, plant: Plant
) -> None:
    path = dest / "coco" / "label.png"
    plant(path, victim)
    if plant is _folder:
        with pytest.raises(IsADirectoryError):
            write_whole(path, b"label")
    else:
        write_whole(path, b"label")
        assert path.read_bytes() == b"label" and not path.is_symlink()
    assert victim.read_text() == SECRET


@pytest.mark.parametrize("place", [".segwizard", ".segwizard/steps"])
def test_no_folder_of_ours_is_a_link(dest: Path, victim: Path, place: str) -> None:
    clear(dest / place)
    (dest / place).symlink_to(victim.parent)
    with pytest.raises(DestinationError, match="is a link"):
        write_whole(dest / place / "x.json", b"{}")
    with pytest.raises(DestinationError, match="is a link"):
        acquire(Place(dest=dest / place, root=dest))
    assert [each.name for each in victim.parent.iterdir()] == [victim.name]


def test_a_dataset_may_lie_behind_ones_own_link(dest: Path, tmp_path: Path) -> None:
    other = tmp_path / "other disk"
    other.mkdir()
    (dest / "ade").symlink_to(other)
    write_whole(dest / "ade" / "deep" / "x.png", b"1")
    assert (other / "deep" / "x.png").read_bytes() == b"1"
    with pytest.raises(FileNotFoundError) as caught:
        other.rename(tmp_path / "away")
        write_whole(dest / "ade" / "x.png", b"1")
    assert caught.value.filename == str(dest / "ade")


@as_root
def test_a_strangers_link_leads_nowhere(dest: Path, victim: Path) -> None:
    planted = dest / "coco" / "images"
    planted.symlink_to(victim.parent)
    os.chown(planted, STRANGER, STRANGER, follow_symlinks=False)
    for call in (
        lambda: write_whole(planted / victim.name, b"1"),
        lambda: make_folder(planted / "new"),
        lambda: check_links(planted),
        lambda: Part(planted / "x.zip"),
        lambda: files.symlink("x", planted / "link"),
    ):
        with pytest.raises(WizardError, match="is a link of"):
            call()
    assert [each.name for each in victim.parent.iterdir()] == [victim.name]


@as_root
def test_a_strangers_link_is_not_unpacked_through(dest: Path, victim: Path) -> None:
    archive = dest / "a.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("images/thesis.txt", "theirs")
    (dest / "coco" / "images").symlink_to(victim.parent)
    os.chown(dest / "coco" / "images", STRANGER, STRANGER, follow_symlinks=False)
    for into in (dest / "coco", dest / "coco" / "images"):
        with pytest.raises(PlantedError, match="is a link of"):
            extract(archive, into, counter=Counter(), token=CancelToken())
    assert victim.read_text() == SECRET
    assert [each.name for each in victim.parent.iterdir()] == [victim.name]


@as_root
def test_links_of_the_destinations_owner_are_trusted(dest: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    os.chown(dest, STRANGER, STRANGER)
    (dest / "ade").symlink_to(tmp_path / "disk")
    os.chown(dest / "ade", STRANGER, STRANGER, follow_symlinks=False)
    write_whole(dest / "ade" / "x", b"1")
    assert (tmp_path / "disk" / "x").exists()


@as_root
def test_a_strangers_file_is_taken_only_where_its_folder_is_shared(dest: Path) -> None:
    path = dest / "coco" / "x.log"
    path.touch()
    os.chown(path, STRANGER, STRANGER)
    with pytest.raises(PlantedError, match=f"is of user {STRANGER}"):
        open_ours(path, os.O_WRONLY | os.O_CREAT)
    os.chown(dest / "coco", -1, STRANGER)
    (dest / "coco").chmod(0o2775)
    os.close(open_ours(path, os.O_WRONLY | os.O_CREAT))


@as_root
def test_a_staging_folder_of_somebody_else_is_not_gone_on_with(dest: Path, victim: Path) -> None:
    archive = dest / "a.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for number in range(5):
            made.writestr(f"{number}.txt", "x" * number)
    token = CancelToken()
    token.cancel()
    with pytest.raises(WizardError):
        extract(archive, dest / "coco", counter=Counter(), token=token)
    (left,) = (dest / "coco").glob(".segwizard-partial-unpack-*")
    assert left.stat().st_mode & 0o777 == 0o700
    (left / "tree" / "4.txt").symlink_to(victim)
    os.chown(left, STRANGER, STRANGER)
    extract(archive, dest / "coco", counter=Counter(), token=CancelToken())
    assert (dest / "coco" / "4.txt").read_text() == "xxxx"
    assert victim.read_text() == SECRET


def test_the_highest_destination_counts(dest: Path) -> None:
    (dest / "coco" / ".segwizard").mkdir()
    (dest / "coco" / "deep").symlink_to("/")
    os.close(enter(str(dest / "coco" / "deep")))
    if os.geteuid() == 0:
        os.chown(dest / "coco" / "deep", STRANGER, STRANGER, follow_symlinks=False)
        with pytest.raises(PlantedError):
            check_links(dest / "coco" / "deep" / "etc")
