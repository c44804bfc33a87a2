"""Large files in segments over several connections."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.servers.misbehaving import (
    Busy,
    Changed,
    Drop,
    Elsewhere,
    Exchange,
    Expired,
    File,
    Honest,
    Manner,
    Misbehaving,
    Tell,
    Throttle,
)
from tests.transfer.fetches import IMPATIENT, Fetch, archive, sha256
from tests.waiting import until
from wizard.credentials.secret import Secret
from wizard.errors import Cancelled
from wizard.transfer.errors import LinkExpired
from wizard.transfer.parts.segments import (
    ByteRange,
    SegmentQueue,
    merged_ranges,
    missing_ranges,
)

DATA = archive(3_000_000)
KNOWN = {"sha256": sha256(DATA)}


class _Counted(Misbehaving):
    """Counts how many requests are being answered at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self.guard = threading.Lock()


class _Slowly:
    """An honest manner that takes a moment and counts those at it."""

    def __init__(self, server: _Counted, then: Manner) -> None:
        self.server, self.then = server, then

    def answer(self, exchange: Exchange, file: File) -> None:
        with self.server.guard:
            self.server.now += 1
            self.server.most = max(self.server.most, self.server.now)
        exchange.idle(0.02)
        # Before the body, for whoever has it all may begin anew at once.
        with self.server.guard:
            self.server.now -= 1
        self.then.answer(exchange, file)


def test_pieces_come_over_several_connections_but_no_more_than_allowed(tmp_path: Path) -> None:
    with _Counted() as server:
        url = server.put("a.zip", DATA, _Slowly(server, Honest()))
        policy = replace(IMPATIENT, per_host=3, connections_per_file=8)
        fetch = Fetch(tmp_path, "a.zip", (url,), KNOWN, policy)
        fetch.run()
        assert fetch.target.read_bytes() == DATA
        assert 2 <= server.most <= 3
        asked = [text for text in server.ranges("a.zip") if text]
        assert len(asked) >= 8
        assert max(Counter(asked).values()) == 1


def test_two_transfers_share_the_connections_of_a_host(tmp_path: Path) -> None:
    from wizard.transfer.download import Downloader

    with _Counted() as server, Downloader(replace(IMPATIENT, per_host=2)) as downloader:
        fetches = []
        for name in ("a.zip", "b.zip", "c.zip"):
            url = server.put(name, DATA, _Slowly(server, Honest()))
            fetches.append(Fetch(tmp_path, name, (url,), KNOWN))
        threads = [
            threading.Thread(
                target=downloader.fetch, args=(one.request, one.target, one.progress, one.token)
            )
            for one in fetches
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(one.target.read_bytes() == DATA for one in fetches)
        assert server.most == 2


def test_pieces_that_break_off_are_finished_by_others(server: Misbehaving, tmp_path: Path) -> None:
    script = [Honest(), Drop(10_000), Drop(0), Drop(100_000), Honest(), Drop(5), Honest()]
    fetch = Fetch(tmp_path, "a.zip", (server.put("a.zip", DATA, *script),), KNOWN)
    fetch.run()
    assert fetch.target.read_bytes() == DATA
    assert fetch.progress.done == len(DATA)


def test_a_stopped_download_fetches_only_what_is_missing(
    server: Misbehaving, tmp_path: Path
) -> None:
    url = server.put("a.zip", DATA, Throttle(400_000))
    fetch = Fetch(
        tmp_path,
        "a.zip",
        (url,),
    )

    def stop() -> None:
        until(lambda: fetch.progress.done >= 600_000)
        fetch.token.cancel()

    threading.Thread(target=stop, daemon=True).start()
    with pytest.raises(Cancelled):
        fetch.run()
    had = fetch.progress.done
    before = len(server.requests("a.zip"))
    server.put("a.zip", DATA)
    again = Fetch(tmp_path, "a.zip", (url,))
    again.run()
    assert again.target.read_bytes() == DATA
    asked = [_size(text) for text in server.ranges("a.zip")[before + 1 :] if text]
    assert sum(asked) <= len(DATA) - had


def _size(text: str) -> int:
    start, end = text.removeprefix("bytes=").split("-")
    return int(end) + 1 - int(start)


def test_a_version_that_changes_between_pieces_is_never_mixed(
    server: Misbehaving, tmp_path: Path
) -> None:
    newer = archive(3_000_000, seed=1)
    url = server.put("a.zip", DATA, Honest(), Honest(), Honest(), Changed(newer))
    fetch = Fetch(tmp_path, "a.zip", (url,))
    fetch.run()
    assert fetch.target.read_bytes() == newer


def test_pieces_that_start_elsewhere_end_in_one_whole_stream(
    server: Misbehaving, tmp_path: Path
) -> None:
    fetch = Fetch(tmp_path, "a.zip", (server.put("a.zip", DATA, Elsewhere(7)),))
    fetch.run()
    assert fetch.target.read_bytes() == DATA
    assert server.ranges("a.zip")[-1] is None


def test_a_server_that_wants_fewer_connections_gets_fewer(
    server: Misbehaving, tmp_path: Path
) -> None:
    busy = threading.Semaphore(1)

    class One:
        def answer(self, exchange: Exchange, file: File) -> None:
            if not busy.acquire(blocking=False):
                return Busy(429, after="1").answer(exchange, file)
            try:
                exchange.idle(0.01)
                return Honest().answer(exchange, file)
            finally:
                busy.release()

    fetch = Fetch(tmp_path, "a.zip", (server.put("a.zip", DATA, One()),), KNOWN)
    fetch.run()
    assert fetch.target.read_bytes() == DATA


def test_a_link_that_expires_midway_keeps_its_pieces_for_a_fresh_one(
    server: Misbehaving, tmp_path: Path
) -> None:
    left = threading.Semaphore(4)

    def choose(exchange: Exchange) -> Manner:
        fresh = "signature=fresh" in exchange.path
        return Honest() if fresh or left.acquire(blocking=False) else Expired()

    url = server.put("a.zip", DATA, Tell(choose))
    old = Fetch(tmp_path, "a.zip", (Secret(f"{url}?signature=old"),), KNOWN)
    with pytest.raises(LinkExpired, match="expired") as caught:
        old.run()
    assert "signature" not in str(caught.value)
    kept = old.part.stat().st_size
    assert kept > 0
    before = len(server.requests("a.zip"))
    fresh = Fetch(tmp_path, "a.zip", (Secret(f"{url}?signature=fresh"),), KNOWN)
    fresh.run()
    assert fresh.target.read_bytes() == DATA
    assert None not in server.ranges("a.zip")[before:]


spans = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 60)).map(
        lambda pair: ByteRange(pair[0], sum(pair))
    )
)


@settings(max_examples=100)
@given(spans, st.integers(0, 400))
def test_what_is_there_and_what_is_missing_make_the_file(have: list[ByteRange], total: int) -> None:
    there = {byte for span in have for byte in range(span.start, span.end)}
    missing = missing_ranges(have, total)
    lacking = [byte for span in missing for byte in range(span.start, span.end)]
    assert lacking == [byte for byte in range(total) if byte not in there]
    joined = merged_ranges(have)
    assert {byte for span in joined for byte in range(span.start, span.end)} == there
    assert all(a.end < b.start for a, b in zip(joined, joined[1:], strict=False))


@settings(max_examples=100)
@given(spans, st.integers(1, 50), st.integers(1, 5), st.floats(0, 1000))
def test_pieces_hand_out_every_missing_byte_once(
    missing: list[ByteRange], segment: int, hands: int, speed: float
) -> None:
    missing = list(merged_ranges(missing))
    segments, taken = SegmentQueue(missing, segment, hands), []
    while (one := segments.take(speed)) is not None:
        taken.append(one)
    assert merged_ranges(taken) == tuple(missing)
    assert sum(one.size for one in taken) == sum(span.size for span in missing)
