"""Rates, turns and waiting."""

from __future__ import annotations

import email.utils
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.servers.misbehaving import Busy, Honest, Misbehaving
from tests.transfer.fetches import IMPATIENT, Fetch, archive
from tests.waiting import TIME_LIMIT, until
from wizard.errors import Cancelled
from wizard.progress import CancelToken, TransferProgress
from wizard.transfer.download import Downloader
from wizard.transfer.errors import ServerBusy, Unreachable
from wizard.transfer.http.response_head import retry_after
from wizard.transfer.interrupt import LinkedToken, run_interruptible
from wizard.transfer.retry_policy import ConnectionLimiter, RateLimit, Retries

DATA = archive(300_000)


def test_a_rate_holds_over_all_who_draw_from_it() -> None:
    rate, began = RateLimit(1_000_000), time.monotonic()
    threads = [
        threading.Thread(
            target=lambda: [rate.take(10_000, CancelToken()) for _ in range(15)], daemon=True
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # 300 kB at 1 MB/s; a tenth of a second may be saved up.
    assert time.monotonic() - began > 0.18


def test_a_rate_that_is_lifted_frees_those_who_wait() -> None:
    rate = RateLimit(10)
    waiting = threading.Thread(target=rate.take, args=(1_000_000, CancelToken()))
    waiting.start()
    rate.set(0)
    waiting.join(TIME_LIMIT)
    assert not waiting.is_alive()
    assert rate.helping(1 << 20) == 1 << 20


def test_waiting_for_the_rate_can_be_cancelled() -> None:
    token = CancelToken()
    threading.Timer(0.05, token.cancel).start()
    with pytest.raises(Cancelled):
        RateLimit(10).take(1_000_000, token)


def test_the_rate_of_a_downloader_changes_while_it_runs(
    server: Misbehaving, tmp_path: Path
) -> None:
    fetch = Fetch(tmp_path, "a.zip", (server.put("a.zip", DATA),))
    with Downloader(replace(IMPATIENT, rate=20_000)) as downloader:
        thread = threading.Thread(
            target=downloader.fetch,
            args=(fetch.request, fetch.target, fetch.progress, fetch.token),
        )
        thread.start()
        until(lambda: fetch.progress.done)
        assert downloader.rate == 20_000
        downloader.set_rate(0)
        thread.join(TIME_LIMIT)
    assert fetch.target.read_bytes() == DATA


def test_the_gate_counts_each_host_and_all() -> None:
    gate, token = ConnectionLimiter(connections=3, per_host=2), CancelToken()
    with gate.connection("a", token), gate.connection("a", token):
        with gate.connection("b", token):
            token.cancel()
            with pytest.raises(Cancelled), gate.connection("c", token):
                pass
        with pytest.raises(Cancelled), gate.connection("a", token):
            pass
        with gate.connection("b", CancelToken()):
            pass


def _patience(**changes: float) -> tuple[Retries, TransferProgress]:
    progress = TransferProgress()
    policy = replace(IMPATIENT, **changes)  # type: ignore[arg-type]
    return Retries(policy, progress, CancelToken()), progress


def test_patience_ends_and_is_renewed_by_bytes() -> None:
    patience, progress = _patience(attempts=3)
    error = Unreachable("down")
    patience.after(error)
    patience.after(error)
    assert progress.state == "retrying"
    assert progress.note.startswith("down; next try at ")
    patience.renew()
    patience.after(error)
    patience.after(error)
    with pytest.raises(Unreachable):
        patience.after(error)


def test_the_wait_a_server_asks_for_is_kept_or_refused() -> None:
    patience, _ = _patience(longest_wait=1.0)
    began = time.monotonic()
    patience.after(ServerBusy("busy", after=0.2))
    assert time.monotonic() - began >= 0.2
    with pytest.raises(ServerBusy):
        patience.after(ServerBusy("busy", after=2.0))


def test_a_busy_server_is_asked_again_after_its_wait(server: Misbehaving, tmp_path: Path) -> None:
    url = server.put("a.zip", DATA, Busy(503, after="1"), Honest())
    fetch = Fetch(tmp_path, "a.zip", (url,))
    began = time.monotonic()
    fetch.run()
    assert time.monotonic() - began >= 1.0
    assert fetch.target.read_bytes() == DATA


def test_retry_after_is_seconds_or_a_date() -> None:
    soon = email.utils.formatdate(time.time() + 60, usegmt=True)
    assert retry_after({"retry-after": "7"}) == 7
    assert 0 < (retry_after({"retry-after": soon}) or 0) <= 60
    assert retry_after({"retry-after": "Mon, 01 Jan 2001 00:00:00 GMT"}) == 0
    assert retry_after({"retry-after": "later"}) is None
    assert retry_after({}) is None


def test_a_call_left_behind_gives_its_result_back() -> None:
    token, gate = CancelToken(), threading.Event()
    undone: list[str] = []

    def slow() -> str:
        gate.wait(TIME_LIMIT)
        return "result"

    threading.Timer(0.05, token.cancel).start()
    with pytest.raises(Cancelled):
        run_interruptible(slow, token, undone.append)
    gate.set()
    until(lambda: undone)
    assert undone == ["result"]


def test_a_linked_token_hears_both() -> None:
    parent = CancelToken()
    child = LinkedToken(parent)
    assert not child.wait(0.01)
    child.cancel()
    assert not parent.cancelled
    with pytest.raises(Cancelled):
        child.check()
    other = LinkedToken(parent)
    parent.cancel()
    assert other.wait(TIME_LIMIT)
