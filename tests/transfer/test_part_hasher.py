"""The hash of a download is that of its bytes, whichever way and in whatever order they came."""

from __future__ import annotations

import hashlib
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import until
from wizard.errors import Cancelled
from wizard.progress import CancelToken
from wizard.transfer.http.response_head import Validator
from wizard.transfer.parts.part import Part
from wizard.transfer.parts.part_hasher import PartHasher

MIB = 1 << 20


@pytest.fixture
def part(tmp_path: Path) -> Iterator[Part]:
    with Part(tmp_path / "file") as part:
        yield part


class Reads:
    """Counts the bytes of a part that are read back."""

    def __init__(self, part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        whole = part.read

        def read(size: int, offset: int) -> bytes:
            data = whole(size, offset)
            self.count += len(data)
            return data

        monkeypatch.setattr(part, "read", read)


def _hasher(part: Part, checkpoint: float = 60.0) -> PartHasher:
    return PartHasher(part, frozenset({"sha256", "md5"}), checkpoint)


def _receive(part: Part, hasher: PartHasher, start: int, data: bytes, dice: random.Random) -> None:
    """Take bytes as connections do: pieces of any size, in memory that is lent or one's own.

    Now and then one breaks with something in the memory that it was lent.
    """
    own, position = bytearray(MIB), start
    left = memoryview(data)
    while left:
        room = hasher.lend(position) if dice.random() < 0.7 else None
        buffer = memoryview(own) if room is None else room
        size = min(len(left), len(buffer), dice.randrange(1, MIB))
        if room is not None and dice.random() < 0.1:
            room[:size] = bytes(size)
            continue
        buffer[:size] = left[:size]
        part.write(position, buffer[:size])
        hasher.offer(position, buffer[:size])
        position, left = position + size, left[size:]


def _proven(hasher: PartHasher, data: bytes) -> bool:
    found = hasher.digests(len(data), CancelToken())
    return found == {
        "sha256": hashlib.sha256(data).hexdigest(),
        "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
    }


@pytest.mark.parametrize("size", [0, 1, 1000, MIB - 1, MIB, MIB + 1, 9 * MIB + 77])
def test_bytes_in_a_row_are_hashed(part: Part, size: int) -> None:
    data = os.urandom(size)
    with _hasher(part) as hasher:
        part.begin("here", Validator(), size)
        _receive(part, hasher, 0, data, random.Random(size))
        assert _proven(hasher, data)


@pytest.mark.parametrize("lent", [True, False])
def test_bytes_in_a_row_are_not_read_back(
    part: Part, monkeypatch: pytest.MonkeyPatch, *, lent: bool
) -> None:
    data, reads = os.urandom(3 * MIB + 5), Reads(part, monkeypatch)
    hasher = _hasher(part)
    own, position = memoryview(bytearray(MIB)), 0
    while position < len(data):
        room = hasher.lend(position) if lent else own
        assert room is not None
        piece = room[: min(len(room), 300_000, len(data) - position)]
        piece[:] = data[position : position + len(piece)]
        part.write(position, piece)
        hasher.offer(position, piece)
        position += len(piece)
    with hasher:
        assert _proven(hasher, data)
    assert reads.count == 0


def test_what_is_lent_is_nobody_elses(part: Part) -> None:
    data, hasher = os.urandom(3 * MIB), _hasher(part)
    room = hasher.lend(0)
    assert room is not None
    assert hasher.lend(0) is None
    assert hasher.lend(MIB) is None, "these bytes are not hashed next"
    part.write(0, memoryview(data)[: 2 * MIB])
    hasher.offer(0, memoryview(data)[: 2 * MIB])
    with hasher:
        until(lambda: hasher._position == 2 * MIB)
        other = hasher.lend(2 * MIB)
        assert other is not None
        other[:] = data[2 * MIB :]
        room[:] = bytes(len(room))
        part.write(2 * MIB, other)
        hasher.offer(2 * MIB, other)
        assert _proven(hasher, data)


def test_the_bytes_of_an_earlier_run_are_read_back_and_the_rest_handed_over(
    part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = os.urandom(3 * MIB)
    part.write(0, memoryview(data)[: MIB + 3])
    reads = Reads(part, monkeypatch)
    with _hasher(part) as hasher:
        _receive(part, hasher, MIB + 3, data[MIB + 3 :], random.Random(2))
        assert _proven(hasher, data)
    assert reads.count >= MIB + 3


@pytest.mark.parametrize("seed", range(12))
def test_segments_in_any_order_from_several_threads_are_hashed(part: Part, seed: int) -> None:
    dice = random.Random(seed)
    data = dice.randbytes(5 * MIB + dice.randrange(MIB))
    cuts = sorted({0, len(data), *(dice.randrange(len(data)) for _ in range(7))})
    segments = list(zip(cuts, cuts[1:], strict=False))
    dice.shuffle(segments)
    with _hasher(part, checkpoint=0.01 * dice.randrange(1, 100)) as hasher:

        def connection(number: int) -> None:
            for start, end in segments[number::3]:
                _receive(part, hasher, start, data[start:end], random.Random(number))

        threads = [threading.Thread(target=connection, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert _proven(hasher, data)


def test_a_part_that_starts_over_is_hashed_from_its_new_first_byte(part: Part) -> None:
    first, second = os.urandom(2 * MIB + 9), os.urandom(MIB + 1)
    with _hasher(part) as hasher:
        _receive(part, hasher, 0, first, random.Random(3))
        part.restart()
        _receive(part, hasher, 0, second, random.Random(4))
        assert _proven(hasher, second)
        part.restart()
        _receive(part, hasher, 0, first, random.Random(5))
        assert _proven(hasher, first), "also after the hashes were asked for"


def test_what_is_handed_over_does_not_wait_for_ever_for_a_hash_that_is_behind(part: Part) -> None:
    """The thread that hashes has not begun, as when it waits for the disk."""
    data = os.urandom(9 * MIB)
    hasher = _hasher(part)
    _receive(part, hasher, 0, data, random.Random(6))
    with hasher:
        assert _proven(hasher, data)


def test_waiting_for_a_hash_can_be_stopped(part: Part) -> None:
    token = CancelToken()
    token.cancel()
    with _hasher(part) as hasher, pytest.raises(Cancelled):
        hasher.digests(1, token)


def test_without_hashes_nothing_is_kept(part: Part) -> None:
    hasher = PartHasher(part, frozenset(), 60.0)
    with hasher:
        _receive(part, hasher, 0, bytes(2 * MIB), random.Random(7))
        assert hasher.digests(2 * MIB, CancelToken()) == {}
