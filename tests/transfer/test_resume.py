"""Resuming: a part is continued only by the bytes that belong to it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.servers.misbehaving import (
    Busy,
    ByClose,
    Changed,
    Chunked,
    DeafToIfRange,
    Drop,
    Elsewhere,
    Gzipped,
    Honest,
    Lie,
    Misbehaving,
    Stall,
    Throttle,
    Unsatisfied,
)
from tests.transfer.fetches import IMPATIENT, Fetch, archive, body, sha256
from tests.waiting import until
from wizard.errors import Cancelled, TransferError
from wizard.transfer.errors import (
    FileChanged,
    PartBusy,
    ServerBusy,
    SizeMismatch,
    Unreachable,
)

DATA = archive(300_000)


def test_a_file_arrives_whole_and_alone(server: Misbehaving, tmp_path: Path) -> None:
    fetch = Fetch(tmp_path, "a.zip", (server.put("a.zip", DATA),), {"size": len(DATA)})
    proof = fetch.run()
    assert fetch.target.read_bytes() == DATA
    assert (proof.size, proof.sha256, proof.against) == (len(DATA), sha256(DATA), ("size",))
    assert fetch.leftovers() == []
    assert (fetch.progress.state, fetch.progress.done) == ("done", len(DATA))


def test_an_empty_file_arrives(server: Misbehaving, tmp_path: Path) -> None:
    fetch = Fetch(tmp_path, "list.txt", (server.put("list.txt", b""),))
    assert fetch.run().size == 0
    assert fetch.target.read_bytes() == b""


@pytest.mark.parametrize("after", [1, 70_000, 299_999])
def test_a_dropped_body_goes_on_where_it_stopped(
    server: Misbehaving, tmp_path: Path, after: int
) -> None:
    url = server.put("a.zip", DATA, Drop(after), Honest())
    fetch = Fetch(tmp_path, "a.zip", (url,))
    fetch.run()
    assert fetch.target.read_bytes() == DATA
    first, *later = server.requests("a.zip")
    assert "range" not in first.headers
    assert first.headers["accept-encoding"] == "identity"
    assert [seen.headers["range"] for seen in later] == [f"bytes={after}-{len(DATA) - 1}"]
    assert later[0].headers["if-range"].startswith('"')


def test_a_later_run_goes_on_where_the_first_was_stopped(
    server: Misbehaving, tmp_path: Path
) -> None:
    url = server.put("a.zip", DATA, Stall(after=100_000))
    fetch = Fetch(
        tmp_path,
        "a.zip",
        (url,),
    )
    threading.Thread(target=_cancel_at, args=(fetch, 100_000), daemon=True).start()
    with pytest.raises(Cancelled):
        fetch.run()
    assert fetch.progress.state == "paused"
    assert not fetch.target.exists()
    server.put("a.zip", DATA)
    again = Fetch(tmp_path, "a.zip", (url,), {"sha256": sha256(DATA)})
    again.run()
    assert again.target.read_bytes() == DATA
    assert server.ranges("a.zip")[-1] == "bytes=100000-"
    assert again.leftovers() == []


def _cancel_at(fetch: Fetch, done: int) -> None:
    until(lambda: fetch.progress.done >= done)
    fetch.token.cancel()


@pytest.mark.parametrize("after", [-1, 0, 50_000])
@pytest.mark.parametrize("manner", [Stall, Throttle])
def test_cancelling_is_prompt_wherever_it_waits(
    server: Misbehaving, tmp_path: Path, after: int, manner: type
) -> None:
    silent = Stall(after) if manner is Stall else Throttle(10_000)
    url = server.put("a.zip", DATA, silent)
    fetch = Fetch(tmp_path, "a.zip", (url,))
    moments: list[float] = []

    def stop() -> None:
        until(lambda: server.requests("a.zip"))
        time.sleep(0.3)
        moments.append(time.monotonic())
        fetch.token.cancel()

    threading.Thread(target=stop, daemon=True).start()
    with pytest.raises(Cancelled):
        fetch.run()
    # Far less than it would have waited for the next byte.
    assert time.monotonic() - moments[0] < IMPATIENT.stall / 3


def test_a_chunked_body_that_waits_can_be_cancelled(server: Misbehaving, tmp_path: Path) -> None:
    url = server.put("a.zip", DATA, ByClose())
    fetch = Fetch(tmp_path, "a.zip", (url,), {"size": len(DATA)})
    fetch.token.cancel()
    with pytest.raises(Cancelled):
        fetch.run()
    assert server.requests("a.zip") == []


def test_a_server_without_ranges_starts_over(server: Misbehaving, tmp_path: Path) -> None:
    url = server.put("a.zip", DATA, Drop(100_000, ranges=False), Honest(ranges=False))
    fetch = Fetch(tmp_path, "a.zip", (url,))
    fetch.run()
    assert fetch.target.read_bytes() == DATA


def test_a_server_that_always_drops_and_has_no_ranges_ends_in_a_clear_failure(
    server: Misbehaving, tmp_path: Path
) -> None:
    url = server.put("a.zip", DATA, Drop(100_000, ranges=False))
    fetch = Fetch(tmp_path, "a.zip", (url,))
    with pytest.raises((FileChanged, Unreachable)) as caught:
        fetch.run()
    assert caught.value.hint
    assert not fetch.target.exists()


def test_another_version_is_never_appended(server: Misbehaving, tmp_path: Path) -> None:
    newer = archive(300_000, seed=1)
    url = server.put("a.zip", DATA, Drop(100_000), Changed(newer))
    fetch = Fetch(tmp_path, "a.zip", (url,))
    fetch.run()
    assert fetch.target.read_bytes() == newer


@pytest.mark.parametrize("size", [300_000, 300_001])
def test_a_206_of_another_version_is_noticed(
    server: Misbehaving, tmp_path: Path, size: int
) -> None:
    newer = archive(size, seed=1)
    url = server.put("a.zip", DATA, Drop(100_000), DeafToIfRange(newer))
    fetch = Fetch(tmp_path, "a.zip", (url,))
    fetch.run()
    assert fetch.target.read_bytes() == newer


def test_another_size_is_another_version_whatever_the_validator_says(
    server: Misbehaving, tmp_path: Path
) -> None:
    newer = archive(300_001, seed=1)
    url = server.put("a.zip", DATA, Drop(100_000), Changed(newer, '"same"'), etag='"same"')
    fetch = Fetch(tmp_path, "a.zip", (url,))
    fetch.run()
    assert fetch.target.read_bytes() == newer


def test_without_validators_and_hash_nothing_is_resumed(
    server: Misbehaving, tmp_path: Path
) -> None:
    url = server.put("a.zip", DATA, Drop(100_000), Honest(), etag="")
    fetch = Fetch(tmp_path, "a.zip", (url,))
    fetch.run()
    assert fetch.target.read_bytes() == DATA
    assert server.ranges("a.zip") == [None, None]


def test_without_validators_the_known_hash_allows_resuming(
    server: Misbehaving, tmp_path: Path
) -> None:
    url = server.put("a.zip", DATA, Drop(100_000), Honest(), etag="")
    fetch = Fetch(tmp_path, "a.zip", (url,), {"sha256": sha256(DATA)})
    fetch.run()
    assert fetch.target.read_bytes() == DATA
    assert server.ranges("a.zip") == [None, f"bytes=100000-{len(DATA) - 1}"]


def test_a_weak_validator_is_never_sent_as_a_condition(server: Misbehaving, tmp_path: Path) -> None:
    url = server.put("a.zip", DATA, Drop(100_000), Honest(), etag='W/"1"')
    fetch = Fetch(tmp_path, "a.zip", (url,), {"sha256": sha256(DATA)})
    fetch.run()
    assert fetch.target.read_bytes() == DATA
    assert all("if-range" not in seen.headers for seen in server.requests("a.zip"))


@pytest.mark.parametrize("shift", [-1000, 1000])
def test_a_206_that_starts_elsewhere_is_not_used(
    server: Misbehaving, tmp_path: Path, shift: int
) -> None:
    url = server.put("a.zip", DATA, Drop(100_000), Elsewhere(shift))
    fetch = Fetch(tmp_path, "a.zip", (url,))
    fetch.run()
    assert fetch.target.read_bytes() == DATA


@pytest.mark.parametrize("shift", [-1000, 1000])
def test_a_later_run_does_not_use_a_206_that_starts_elsewhere(
    server: Misbehaving, tmp_path: Path, shift: int
) -> None:
    url = server.put("a.zip", DATA, Drop(100_000), Busy(after="9999"))
    fetch = Fetch(tmp_path, "a.zip", (url,))
    with pytest.raises(ServerBusy):
        fetch.run()
    server.put("a.zip", DATA, Elsewhere(shift))
    fetch.run()
    assert fetch.target.read_bytes() == DATA
    assert server.ranges("a.zip")[-2:] == ["bytes=100000-", None]


def test_a_416_with_another_total_starts_over(server: Misbehaving, tmp_path: Path) -> None:
    url = server.put("a.zip", DATA, Drop(100_000), Busy(after="9999"))
    fetch = Fetch(tmp_path, "a.zip", (url,))
    with pytest.raises(ServerBusy):
        fetch.run()
    server.put("a.zip", DATA, Unsatisfied(total=50_000))
    fetch.run()
    assert fetch.target.read_bytes() == DATA


def test_a_416_that_names_what_we_have_means_all_is_there(
    server: Misbehaving, tmp_path: Path
) -> None:
    half = len(DATA) // 2 + 1
    url = server.put("a.zip", DATA, Chunked(broken=True), Unsatisfied(total=half))
    fetch = Fetch(tmp_path, "a.zip", (url,), {"sha256": sha256(DATA[:half])})
    fetch.run()
    assert fetch.target.read_bytes() == DATA[:half]


def test_a_length_that_is_too_long_is_a_broken_connection(
    server: Misbehaving, tmp_path: Path
) -> None:
    url = server.put("a.zip", DATA, Lie(more=10))
    fetch = Fetch(tmp_path, "a.zip", (url,))
    with pytest.raises(TransferError) as caught:
        fetch.run()
    assert caught.value.hint
    assert not fetch.target.exists()


def test_a_length_that_is_too_short_never_passes_for_the_file(
    server: Misbehaving, tmp_path: Path
) -> None:
    url = server.put("a.zip", DATA, Lie(more=-10))
    fetch = Fetch(tmp_path, "a.zip", (url,), {"size": len(DATA)})
    with pytest.raises(SizeMismatch, match=r"299,990 bytes there; 300,000 are expected"):
        fetch.run()
    assert not fetch.target.exists()


@pytest.mark.parametrize("manner", [Gzipped(), Chunked(), ByClose()])
def test_unusual_bodies_arrive_as_the_file_itself(
    server: Misbehaving, tmp_path: Path, manner: Gzipped
) -> None:
    url = server.put("a.zip", DATA, manner)
    fetch = Fetch(tmp_path, "a.zip", (url,), {"size": len(DATA)})
    fetch.run()
    assert fetch.target.read_bytes() == DATA


def test_a_gzip_file_called_an_encoding_is_kept_as_it_is(
    server: Misbehaving, tmp_path: Path
) -> None:
    import gzip

    url = server.put("a.tar.gz", DATA, Gzipped())
    fetch = Fetch(tmp_path, "a.tar.gz", (url,))
    fetch.run()
    assert gzip.decompress(fetch.target.read_bytes()) == DATA


def test_a_body_whose_end_cannot_be_told_needs_a_size_or_hash(
    server: Misbehaving, tmp_path: Path
) -> None:
    url = server.put("a.zip", DATA, ByClose(cut=1000))
    with pytest.raises(TransferError, match="does not say where the file ends"):
        Fetch(tmp_path, "a.zip", (url,)).run()
    with pytest.raises(TransferError) as caught:
        Fetch(tmp_path, "a.zip", (url,), {"size": len(DATA)}).run()
    assert isinstance(caught.value, Unreachable | FileChanged)
    assert not (tmp_path / "a.zip").exists()


def test_a_broken_chunked_body_is_no_file(server: Misbehaving, tmp_path: Path) -> None:
    url = server.put("a.zip", DATA, Chunked(broken=True), Chunked())
    fetch = Fetch(tmp_path, "a.zip", (url,))
    fetch.run()
    assert fetch.target.read_bytes() == DATA


def test_bytes_without_a_record_do_not_count(server: Misbehaving, tmp_path: Path) -> None:
    fetch = Fetch(tmp_path, "a.zip", (server.put("a.zip", DATA),))
    fetch.part.write_bytes(b"something else entirely")
    fetch.run()
    assert fetch.target.read_bytes() == DATA
    assert server.ranges("a.zip") == [None]


def test_a_record_that_cannot_be_read_does_not_count(server: Misbehaving, tmp_path: Path) -> None:
    fetch = Fetch(tmp_path, "a.zip", (server.put("a.zip", DATA),))
    fetch.part.write_bytes(b"x" * 1000)
    Path(f"{fetch.part}.json").write_text('{"version": 1, "spans": [[0, "x"]]}')
    fetch.run()
    assert fetch.target.read_bytes() == DATA


def test_the_record_of_a_part_holds_no_query(server: Misbehaving, tmp_path: Path) -> None:
    url = server.put("a.zip", DATA, Drop(100_000), Busy(after="9999"))
    fetch = Fetch(tmp_path, "a.zip", (f"{url}?X-Amz-Signature=canary",))
    with pytest.raises(TransferError):
        fetch.run()
    record = Path(f"{fetch.part}.json").read_text()
    assert "/a.zip" in record
    assert "canary" not in record


def test_two_transfers_never_share_a_part(server: Misbehaving, tmp_path: Path) -> None:
    url = server.put("a.zip", DATA, Throttle(100_000))
    first = Fetch(
        tmp_path,
        "a.zip",
        (url,),
    )
    thread = threading.Thread(target=_quietly, args=(first,))
    thread.start()
    until(lambda: first.progress.done)
    with pytest.raises(PartBusy, match=str(os.getpid())):
        Fetch(tmp_path, "a.zip", (url,)).run()
    first.token.cancel()
    thread.join()
    assert first.part.exists()


def _quietly(fetch: Fetch) -> None:
    try:
        fetch.run()
    except Cancelled:
        return


_KILLED = """
import sys
from pathlib import Path
from wizard.progress import CancelToken
from wizard.transfer.download import Downloader
from wizard.transfer.retry_policy import RetryPolicy
from wizard.progress import TransferProgress
from wizard.transfer.request import FetchRequest
request = FetchRequest(name="a.zip", urls=(sys.argv[1],))
policy = RetryPolicy(checkpoint=0.05)
Downloader(policy).fetch(request, Path(sys.argv[2]), TransferProgress(), CancelToken())
"""


def test_a_killed_process_leaves_a_part_the_next_one_continues(
    server: Misbehaving, tmp_path: Path
) -> None:
    url = server.put("a.zip", DATA, Stall(after=200_000))
    fetch = Fetch(tmp_path, "a.zip", (url,))
    process = subprocess.Popen([sys.executable, "-c", _KILLED, url, str(fetch.target)])
    record = Path(f"{fetch.part}.json")
    until(lambda: record.exists() and "200000" in record.read_text())
    process.kill()
    process.wait()
    server.put("a.zip", DATA)
    fetch.run()
    assert fetch.target.read_bytes() == DATA
    assert server.ranges("a.zip")[-1] == "bytes=200000-"
    assert fetch.leftovers() == []


def test_a_file_that_is_there_is_proven_and_left_alone(server: Misbehaving, tmp_path: Path) -> None:
    url = server.put("a.zip", DATA)
    fetch = Fetch(tmp_path, "a.zip", (url,), {"md5": "0" * 32})
    fetch.target.write_bytes(DATA)
    with pytest.raises(TransferError, match="expected 0000"):
        fetch.run()
    assert fetch.target.read_bytes() == DATA
    assert server.requests("a.zip") == []
    assert body(10, 1) != body(10, 2)


@pytest.mark.parametrize("after", [100, 70_000, 299_000])
def test_bytes_count_as_they_come_however_few_they_are(
    server: Misbehaving, tmp_path: Path, after: int
) -> None:
    fetch = Fetch(tmp_path, "a.zip", (server.put("a.zip", DATA, Stall(after=after)),))
    thread = threading.Thread(target=_quietly, args=(fetch,))
    thread.start()
    until(lambda: fetch.progress.done == after)
    asked = len(server.requests("a.zip"))
    fetch.token.cancel()
    thread.join()
    assert asked == 1
