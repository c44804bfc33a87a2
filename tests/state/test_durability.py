from __future__ import annotations

import errno
import os
import random
import threading
import time
from dataclasses import dataclass, field
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


@dataclass
class Disk:
    """A disk that notes when each flush began and ended, and fails now and then."""

    dice: random.Random
    flushes: list[tuple[float, float, bool]] = field(default_factory=list)
    under_way: int = 0
    most: int = 0

    def flush(self) -> None:
        """Take a moment of its own."""
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        began, fails = time.monotonic(), self.dice.random() < 0.2
        time.sleep(self.dice.random() / 500)
        self.flushes.append((began, time.monotonic(), not fails))
        self.under_way -= 1
        if fails:
            raise OSError(errno.EIO, "Input/output error")

    def covers(self, written: float, until: float) -> bool:
        """Tell whether a flush that began since a moment ended well until another."""
        return any(began >= written and end <= until and well for began, end, well in self.flushes)


@pytest.mark.parametrize("seed", range(5))
def test_whoever_returns_is_covered_by_one_flush_that_began_since(seed: int) -> None:
    shared, disk = durability._Flushes(), Disk(random.Random(seed))
    wrong: list[str] = []

    def call(number: int) -> None:
        dice = random.Random(seed * 100 + number)
        for _ in range(20):
            written = time.monotonic() - dice.choice((0.0, 0.0, 0.001, 0.004))
            try:
                shared.wait(disk.flush, written)
            except OSError:
                failed = any(end >= written and not well for _, end, well in disk.flushes)
                wrong.extend([] if failed else ["an error that no flush had"])
            else:
                covered = disk.covers(written, time.monotonic())
                wrong.extend([] if covered else ["returned without a flush"])

    callers = [threading.Thread(target=call, args=(number,)) for number in range(8)]
    for each in callers:
        each.start()
    for each in callers:
        each.join(TIME_LIMIT)
    assert wrong == []
    assert disk.most == 1, "never two at once"


def test_what_a_flush_since_then_covered_is_not_flushed_again(
    flushes: list[str], tmp_path: Path
) -> None:
    written = time.monotonic()
    for _ in range(3):
        settle_on_disk(tmp_path, written)
    assert len(flushes) == 1
    settle_on_disk(tmp_path, time.monotonic())
    settle_on_disk(tmp_path)
    assert len(flushes) == 3
