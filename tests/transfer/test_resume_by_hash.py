"""A known hash decides what belongs together; and what is given up for another try or address."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.servers.misbehaving import (
    Changed,
    DripHead,
    Drop,
    Honest,
    Lie,
    Misbehaving,
    OnlyDates,
    Reborn,
    Throttle,
)
from tests.transfer.fetches import IMPATIENT, Fetch, archive, sha256
from wizard.transfer.errors import HashMismatch, SizeMismatch, Unreachable

DATA = archive(59_000)
DATED = "Mon, 01 Jan 2024 00:00:00 GMT"
CUT = 20_000
KNOWN = {"sha256": sha256(DATA)}


@pytest.mark.parametrize("known", [KNOWN, {"size": len(DATA)}, {}])
def test_a_server_that_takes_dates_alone_and_cuts_is_asked_three_times(
    server: Misbehaving, tmp_path: Path, known: dict[str, object]
) -> None:
    url = server.put("a.zip", DATA, OnlyDates(CUT), modified=DATED)
    Fetch(tmp_path, "a.zip", (url,), known).run()
    assert (tmp_path / "a.zip").read_bytes() == DATA
    # Without a hash it takes one more to learn that this server knows no conditions by tag.
    assert len(server.requests("a.zip")) == (3 if "sha256" in known else 4)


def test_curl_and_aria2_need_no_fewer_requests(server: Misbehaving, tmp_path: Path) -> None:
    tools = {"curl": _curl, "aria2c": _aria2}
    missing = [name for name in tools if not shutil.which(name)]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed")
    counts = {}
    for name, fetch in tools.items():
        url = server.put(f"{name}.zip", DATA, OnlyDates(CUT), modified=DATED)
        fetch(url, tmp_path / f"{name}.zip")
        counts[name] = len(server.requests(f"{name}.zip"))
    url = server.put("a.zip", DATA, OnlyDates(CUT), modified=DATED)
    Fetch(tmp_path, "a.zip", (url,), KNOWN).run()
    assert len(server.requests("a.zip")) <= min(counts.values()), counts


def _curl(url: str, target: Path) -> None:
    for _ in range(9):
        line = ["curl", "-s", "-C", "-", "-o", str(target), url]
        if subprocess.run(line, check=False).returncode == 0:
            break
    assert target.read_bytes() == DATA


def _aria2(url: str, target: Path) -> None:
    place = ["-d", str(target.parent), "-o", target.name]
    line = ["aria2c", "-q", "-x1", "-m9", "--retry-wait=0", "--no-conf", *place, url]
    for _ in range(9):
        if subprocess.run(line, check=False).returncode == 0:
            break


def test_bytes_are_kept_across_validators_that_change(server: Misbehaving, tmp_path: Path) -> None:
    url = server.put("a.zip", DATA, Reborn(CUT))
    Fetch(tmp_path, "a.zip", (url,), KNOWN).run()
    assert (tmp_path / "a.zip").read_bytes() == DATA
    asked = [f"bytes=20000-{len(DATA) - 1}", f"bytes=40000-{len(DATA) - 1}"]
    assert server.ranges("a.zip") == [None, *asked]


def test_without_a_hash_validators_that_change_start_over(
    server: Misbehaving, tmp_path: Path
) -> None:
    url = server.put("a.zip", DATA, Reborn(CUT), Honest(), etag='"other"')
    Fetch(tmp_path, "a.zip", (url,)).run()
    assert server.ranges("a.zip")[-1] is None


def test_joined_bytes_that_are_wrong_start_over_once(server: Misbehaving, tmp_path: Path) -> None:
    other = archive(len(DATA), seed=5)
    url = server.put("a.zip", other, Drop(CUT), Changed(DATA))
    Fetch(tmp_path, "a.zip", (url,), KNOWN).run()
    assert (tmp_path / "a.zip").read_bytes() == DATA
    assert server.ranges("a.zip") == [None, f"bytes=20000-{len(DATA) - 1}", None]


def test_a_wrong_hash_is_tried_once_more_then_at_the_next_address(
    server: Misbehaving, other: Misbehaving, tmp_path: Path
) -> None:
    wrong = server.put("a.zip", archive(len(DATA), seed=5))
    right = other.put("a.zip", DATA)
    Fetch(tmp_path, "a.zip", (wrong, right), KNOWN).run()
    assert (tmp_path / "a.zip").read_bytes() == DATA
    assert (len(server.requests("a.zip")), len(other.requests("a.zip"))) == (2, 1)


def test_a_wrong_hash_at_the_only_address_is_kept_aside(
    server: Misbehaving, tmp_path: Path
) -> None:
    fetch = Fetch(tmp_path, "a.zip", (server.put("a.zip", archive(9_000, seed=5)),), KNOWN)
    with pytest.raises(HashMismatch):
        fetch.run()
    assert fetch.leftovers() == ["a.zip.rejected"]
    assert len(server.requests("a.zip")) == 2


def test_a_wrong_length_is_tried_once_more_and_costs_no_bytes_of_before(
    server: Misbehaving, other: Misbehaving, tmp_path: Path
) -> None:
    known = {**KNOWN, "size": len(DATA)}
    first = server.put("a.zip", DATA, Drop(CUT), Lie(more=-5))
    second = other.put("a.zip", DATA)
    Fetch(tmp_path, "a.zip", (first, second), known).run()
    assert (tmp_path / "a.zip").read_bytes() == DATA
    assert other.ranges("a.zip") == ["bytes=20000-"]
    assert len(server.requests("a.zip")) == 3


def test_a_length_that_is_right_at_the_second_try_will_do(
    server: Misbehaving, tmp_path: Path
) -> None:
    url = server.put("a.zip", DATA, Lie(more=-5), Honest())
    Fetch(tmp_path, "a.zip", (url,), {"size": len(DATA)}).run()
    with pytest.raises(SizeMismatch):
        Fetch(tmp_path, "b.zip", (url,), {"size": 5}).run()


def test_a_head_that_drips_is_given_up_for_the_next_address(
    server: Misbehaving, other: Misbehaving, tmp_path: Path
) -> None:
    hurried = replace(IMPATIENT, connect=0.5, head=0.5, attempts=8, attempts_before_next=2)
    slow, quick = server.put("a.zip", DATA, DripHead()), other.put("a.zip", DATA)
    fetch = Fetch(tmp_path, "a.zip", (slow, quick), KNOWN, policy=hurried)
    fetch.run()
    assert fetch.target.read_bytes() == DATA
    assert len(server.requests("a.zip")) >= 2
    hurried = replace(IMPATIENT, connect=0.2, head=0.2, attempts=2)
    with pytest.raises(Unreachable, match="no answer in time"):
        Fetch(tmp_path, "b.zip", (slow,), KNOWN, policy=hurried).run()


def test_a_body_that_drips_is_given_up_for_the_next_address(
    server: Misbehaving, other: Misbehaving, tmp_path: Path
) -> None:
    hurried = replace(IMPATIENT, stall=0.5, slowest=20_000, attempts=8, attempts_before_next=2)
    slow, quick = server.put("a.zip", DATA, Throttle(1_000)), other.put("a.zip", DATA)
    fetch = Fetch(tmp_path, "a.zip", (slow, quick), KNOWN, policy=hurried)
    fetch.run()
    assert fetch.target.read_bytes() == DATA
    assert len(server.requests("a.zip")) >= 2
    assert other.ranges("a.zip")[0] is not None


def test_the_only_address_may_be_slow_as_long_as_bytes_come(
    server: Misbehaving, tmp_path: Path
) -> None:
    hurried = replace(IMPATIENT, stall=0.2, slowest=10**9, attempts=2)
    url = server.put("a.zip", DATA, Throttle(30_000))
    Fetch(tmp_path, "a.zip", (url,), KNOWN, policy=hurried).run()
    assert len(server.requests("a.zip")) > 2


def test_a_limit_of_our_own_is_no_fault_of_the_server(server: Misbehaving, tmp_path: Path) -> None:
    url = server.put("a.zip", archive(200_000), Honest())
    slow = replace(IMPATIENT, stall=1.5, slowest=10**9, rate=100_000, attempts=1)
    Fetch(tmp_path, "a.zip", (url,), policy=slow).run()
    assert len(server.requests("a.zip")) == 1
