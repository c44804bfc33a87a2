from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from tests.waiting import TIME_LIMIT, until
from wizard import durability
from wizard.durability import settle_on_disk


@pytest.fixture
def flushes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every folder whose file system was flushed."""
    made: list[str] = []
    monkeypatch.setattr(durability, "_syncfs", lambda: lambda at, place: made.append(place))
    return made


def test_each_file_system_is_flushed_once(flushes: list[str], tmp_path: Path) -> None:
    (tmp_path / "root" / "dataset" / "deep").mkdir(parents=True)
    (tmp_path / "root" / "gone").symlink_to("nowhere")
    (tmp_path / "root" / "elsewhere").symlink_to("/dev/shm")
    settle_on_disk(tmp_path)
    wanted = {tmp_path.stat().st_dev, os.stat("/dev/shm").st_dev}
    assert {os.stat(place).st_dev for place in flushes} == wanted
    assert len(flushes) == len(wanted)


def test_those_who_come_together_share_a_flush(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made, gate = [], threading.Event()

    def slow(at: int, place: str) -> None:
        made.append(place)
        gate.wait(TIME_LIMIT)

    monkeypatch.setattr(durability, "_syncfs", lambda: slow)
    first = threading.Thread(target=settle_on_disk, args=(tmp_path,))
    first.start()
    until(lambda: made)
    later = [threading.Thread(target=settle_on_disk, args=(tmp_path,)) for _ in range(9)]
    for each in later:
        each.start()
    until(lambda: len(durability._flushes[tmp_path]._turn._waiters) == 9)  # type: ignore[attr-defined]
    gate.set()
    for each in (first, *later):
        each.join(TIME_LIMIT)
    assert len(made) == 2


def test_a_flush_that_fails_is_told_to_everybody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(at: int, place: str) -> None:
        raise OSError(errno.EIO, "Input/output error", place)

    monkeypatch.setattr(durability, "_syncfs", lambda: broken)
    for _ in range(2):
        with pytest.raises(OSError, match="Input/output"):
            settle_on_disk(tmp_path)


def test_without_the_call_what_changed_is_synced_by_hand(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    synced = []
    monkeypatch.setattr(durability, "_syncfs", lambda: None)
    monkeypatch.setattr(
        durability, "sync_file", lambda at: synced.append(os.readlink(f"/proc/self/fd/{at}"))
    )
    (tmp_path / "d").mkdir()
    for name in ("d/one", "old"):
        (tmp_path / name).write_text("x")
    (tmp_path / "d" / "link").symlink_to("one")
    os.mkfifo(tmp_path / "pipe")
    settle_on_disk(tmp_path)
    assert {f"{tmp_path}/{name}" for name in ("d/one", "old", "d")} | {str(tmp_path)} <= {*synced}
    synced.clear()
    monkeypatch.setattr(durability, "_CLOCK", -1.0)
    settle_on_disk(tmp_path)
    assert f"{tmp_path}/old" not in synced
