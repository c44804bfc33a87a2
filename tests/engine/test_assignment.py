"""A batch written down for workers elsewhere: read as it was meant, or not at all."""

from __future__ import annotations

import os
import pickle
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.works import Numbers
from wizard.work import Item
from wizard.workers import cluster as assignments
from wizard.workers.cluster import Assignment, read_items, read_work, watch


def made(folder: Path, count: int = 1300) -> tuple[Assignment, list[Item]]:
    work = Numbers(folder, count)
    items = [*work.items()]
    return Assignment(folder / "state", work, items), items


@given(st.data())
def test_any_places_are_read_back_as_their_items(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("batch")
    count = data.draw(st.integers(1, 1300))
    batch, items = made(folder, count)
    first = data.draw(st.integers(0, count))
    rows = range(first, data.draw(st.integers(first, count)))
    assert [*read_items(batch.ticket, rows)] == items[rows.start : rows.stop]
    assert isinstance(read_work(batch.ticket), Numbers)


def test_what_travels_is_small_however_many_items_there_are(tmp_path: Path) -> None:
    batch, items = made(tmp_path, 5000)
    told = len(pickle.dumps((batch.ticket, range(3000, 3256))))
    assert told < 400 < len(pickle.dumps(items[3000:3256])) / 10


def test_a_file_that_a_neighbour_changed_is_not_believed(tmp_path: Path) -> None:
    batch, items = made(tmp_path)
    data = bytearray(batch.path.read_bytes())
    for place in range(0, len(data), max(1, len(data) // 60)):
        data[place] ^= 1
        batch.path.write_bytes(data)
        assignments._read.cache_clear()
        assignments._contents.cache_clear()
        try:
            found = (read_work(batch.ticket), [*read_items(batch.ticket, range(len(items)))])
        except ValueError as error:
            assert "does not hold what was written there" in str(error)
        else:
            pytest.fail(f"believed with another byte at {place}: {found}")
        data[place] ^= 1


def test_a_worker_elsewhere_stops_when_the_batch_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assignments, "_LOOK", 0.0)
    batch, _ = made(tmp_path)
    is_over = watch(batch.ticket)
    assert not is_over()
    batch.remove()
    assert is_over()
    batch.remove()
    assert [*(tmp_path / "state").iterdir()] == []


def test_a_disk_that_others_may_write_to_is_no_way_in(tmp_path: Path) -> None:
    batch, _ = made(tmp_path)
    assert batch.path.stat().st_mode & 0o022 == 0
    batch.path.unlink()
    os.mkfifo(batch.path)
    began = time.monotonic()
    with pytest.raises(OSError, match="no regular file"):
        read_work(batch.ticket)
    assert time.monotonic() - began < 60
