"""Two hundred downloads through a server in a bad mood."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.servers.misbehaving import (
    LOGIN,
    Busy,
    ByClose,
    Changed,
    Chunked,
    DeafToIfRange,
    Drop,
    Elsewhere,
    Expired,
    Gzipped,
    HangUp,
    Honest,
    Lie,
    Manner,
    Misbehaving,
    Page,
    Redirect,
    Stall,
    Unsatisfied,
)
from tests.transfer.fetches import IMPATIENT, archive, sha256
from wizard.credentials.secret import Secret
from wizard.errors import Cancelled, TransferError
from wizard.progress import CancelToken, TransferProgress
from wizard.transfer.download import Downloader
from wizard.transfer.request import FetchRequest

COUNT = 200
PATIENT = replace(IMPATIENT, per_host=12, connections=12, segment_from=60_000, segment_size=20_000)
LIMITS = replace(PATIENT, head=0.5, stall=0.2)


@dataclass(frozen=True)
class Case:
    """One download: what the true file is, and what becomes of it."""

    name: str
    data: bytes
    request: FetchRequest
    cancel_after: float | None


def _mood(chance: random.Random, data: bytes, there: str) -> list[Manner]:
    other = archive(len(data) + chance.choice([0, 1]), seed=chance.random())  # type: ignore[arg-type]
    cut = chance.randrange(len(data))
    choices: list[Manner] = [
        Drop(cut),
        Drop(cut, ranges=False),
        Stall(cut),
        Lie(chance.choice([-100, 100])),
        Changed(other),
        DeafToIfRange(other),
        Gzipped(),
        Chunked(),
        Chunked(broken=True),
        ByClose(cut=chance.choice([0, 1])),
        Elsewhere(chance.choice([-50, 50])),
        Unsatisfied(cut),
        Redirect(there),
        LOGIN,
        Page("Not found", status=404),
        Expired(),
        Busy(503),
        Busy(429, after="0"),
        HangUp(),
        Honest(ranges=False),
    ]
    script = [chance.choice(choices) for _ in range(chance.randint(1, 4))]
    return [*script, chance.choice([Honest(), Honest(), Honest(), chance.choice(choices)])]


def _case(server: Misbehaving, other: Misbehaving, number: int) -> Case:
    chance = random.Random(number)
    name = f"{number}.zip"
    data = archive(chance.choice([1_000, 40_000, 150_000]), seed=number)
    there = other.put(name, data)
    url = server.put(name, data, *_mood(chance, data, there))
    known = [{"sha256": sha256(data)}, {"sha256": sha256(data), "size": len(data)}]
    first = Secret(f"{url}?sig=canary") if chance.random() < 0.3 else url
    urls = (first, there) if chance.random() < 0.3 else (first,)
    request = FetchRequest(name=name, urls=urls, **chance.choice(known))  # type: ignore[arg-type]
    return Case(name, data, request, chance.choice([None, None, None, 0.02]))


def _attempt(downloader: Downloader, case: Case, folder: Path) -> str:
    token = CancelToken()
    if case.cancel_after is not None:
        timer = threading.Timer(case.cancel_after, token.cancel)
        timer.daemon = True
        timer.start()
    try:
        downloader.fetch(case.request, folder / case.name, TransferProgress(), token)
    except Cancelled:
        return "cancelled"
    except TransferError as error:
        assert error.hint or error.where, error
        assert "canary" not in f"{error!r} {error.where} {error.hint}"
        return type(error).__name__
    return "done"


@pytest.mark.slow
def test_two_hundred_downloads_end_right_or_in_a_clear_failure(
    server: Misbehaving, other: Misbehaving, tmp_path: Path
) -> None:
    cases = [_case(server, other, number) for number in range(COUNT)]
    with Downloader(LIMITS) as downloader, ThreadPoolExecutor(12) as pool:
        ends = list(pool.map(lambda case: _attempt(downloader, case, tmp_path), cases))
        stood = {case.name for case in cases if (tmp_path / case.name).exists()}
        assert stood == {case.name for case, end in zip(cases, ends, strict=True) if end == "done"}
        assert all(
            (tmp_path / case.name).read_bytes() == case.data for case in cases if case.name in stood
        )
        assert len(stood) > COUNT // 3
        assert len(set(ends)) > 5
        # Once the server behaves, every part left behind ends as the right file.
        for case in cases:
            server.put(case.name, case.data)
        again = [replace(case, cancel_after=None) for case in cases]
        with Downloader(PATIENT) as patient:
            ends = list(pool.map(lambda case: _attempt(patient, case, tmp_path), again))
        assert set(ends) == {"done"}
    assert all((tmp_path / case.name).read_bytes() == case.data for case in cases)
    left = [path.name for path in tmp_path.iterdir() if not path.name.endswith(".rejected")]
    assert sorted(left) == sorted(case.name for case in cases)
