"""Shards of one install: who takes what, who keeps whom away, and what is said to whom."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.engine import cleanup
from wizard.engine.lease import STALE, Owner, acquire, current_owner, lease_path, shard_path
from wizard.engine.remote.shards import ShardLease, join_array, kept_young, lives
from wizard.errors import LeaseError, UsageError
from wizard.kinds.sharding.steps import Others, OthersStep, Pauses
from wizard.state.shards import (
    MOST,
    ArrayPart,
    Shard,
    all_ended,
    begin_array,
    close_array,
    parse_shard,
    part_of_shard,
    part_of_whole,
    read_array,
    read_results,
    unfinished_steps,
)
from wizard.steps.step import Place, Probe


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(dest=tmp_path, root=tmp_path)


OF = st.integers(1, 60)


@given(OF, st.integers(0, 500))
def test_parts_are_disjoint_and_cover_everything(of: int, count: int) -> None:
    parts = [Shard(index, of).places(count) for index in range(of)]
    taken = [place for part in parts for place in part]
    assert sorted(taken) == list(range(count))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@given(st.integers(1, MOST).flatmap(lambda of: st.tuples(st.integers(0, of - 1), st.just(of))))
def test_a_shard_is_read_as_it_is_written(pair: tuple[int, int]) -> None:
    shard = Shard(*pair)
    assert parse_shard(str(shard)) == shard
    assert all(shard.takes(row) == (row in shard.places(row + 1)) for row in range(3 * shard.of))


@pytest.mark.parametrize(
    "text", ["", "1", "3/3", "4/3", "-1/3", "0/0", "1/2/3", "a/b", "0/5000", "٣/8", "1.5/3", "0/"]
)
def test_what_is_no_shard_is_a_mistake_of_the_command(text: str) -> None:
    with pytest.raises(UsageError):
        parse_shard(text)


def test_shards_hold_a_destination_together_and_keep_a_run_of_the_whole_away(place: Place) -> None:
    held = [join_array(place, Shard(index, 3), "run") for index in range(3)]
    assert len({lease.owner.array for lease in held}) == 1
    assert current_owner(place) is not None
    for _ in range(2):
        with pytest.raises(LeaseError, match="shard"):
            acquire(place)
        held.pop().release()
    held.pop().release()
    assert current_owner(place) is None
    acquire(place).release()


def test_two_runners_of_one_shard_are_refused(place: Place) -> None:
    first = join_array(place, Shard(1, 3), "run")
    with pytest.raises(LeaseError, match="shard 1/3"):
        join_array(place, Shard(1, 3), "run")
    first.release()
    join_array(place, Shard(1, 3), "run").release()


@pytest.mark.parametrize(
    "other",
    [
        lambda place: join_array(place, Shard(0, 4), "run"),
        lambda place: join_array(place, Shard(0, 3), "verify"),
        lambda place: join_array(place, Shard(0, 3), "run", "slurm-8"),
    ],
    ids=["divided otherwise", "for something else", "of another job"],
)
def test_one_array_works_on_an_install_at_a_time(
    place: Place, other: Callable[[Place], ShardLease]
) -> None:
    mine = join_array(place, Shard(1, 3), "run", "slurm-7")
    with pytest.raises(LeaseError):
        other(place)
    mine.renew()
    assert lives(place, 1, "slurm-7") and not lives(place, 0, "slurm-7")
    mine.release()
    other(place).release()


def test_a_run_of_the_whole_keeps_shards_away(place: Place) -> None:
    whole = acquire(place)
    with pytest.raises(LeaseError):
        join_array(place, Shard(0, 2), "run")
    assert not lives(place, 0, "")
    whole.renew()
    whole.release()
    join_array(place, Shard(0, 2), "run").release()


@pytest.mark.parametrize("array", ["job", ""], ids=["named by a scheduler", "by the first"])
@pytest.mark.parametrize("left", [False, True], ids=["nobody before", "others that died"])
def test_many_that_come_at_once_agree_on_one_array(place: Place, array: str, left: bool) -> None:
    if left:
        _plant(place, 7, 2 * STALE)
        shared = Owner(key="x", host="far", pid=0, since=0, array="x", work="run")
        lease_path(place).write_bytes(msgspec.json.encode(shared))
    script = (
        "import sys; from pathlib import Path; from wizard.engine.remote.shards import join_array;"
        "from wizard.state.shards import Shard; from wizard.steps.step import Place;"
        "d = Path(sys.argv[1]); sys.stdin.readline();"
        "print(join_array(Place(d, d), Shard(int(sys.argv[2]), 6), 'run', sys.argv[3]).owner.array,"
        "flush=True); sys.stdin.readline()"
    )
    with contextlib.ExitStack() as stack:
        started = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", script, str(place.dest), str(index), array],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for index in range(6)
        ]
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.stdout.readline() for process in started if process.stdout]
        assert len(set(said)) == 1 and said[0].strip() and (array in said[0])
        with pytest.raises(LeaseError):
            acquire(place)
        for process in started:
            process.kill()
    if left:
        assert lease_path(place).exists()
    acquire(place).release()


def _plant(place: Place, index: int, age: float, job: str = "") -> None:
    """Write what a shard on another machine left, last touched so many seconds ago."""
    path = shard_path(place, index)
    path.parent.mkdir(parents=True, exist_ok=True)
    owner = Owner(
        key="theirs",
        host="far",
        pid=1,
        since=time.time(),
        array="x",
        shard=f"{index}/3",
        work="run",
        job=job,
    )
    path.write_bytes(msgspec.json.encode(owner))
    moment = time.time() - age
    os.utime(path, (moment, moment))


def test_a_shard_elsewhere_counts_until_its_heart_stops(place: Place) -> None:
    _plant(place, 0, STALE / 2)
    assert lives(place, 0, "x")
    with pytest.raises(LeaseError, match="far"):
        acquire(place)
    _plant(place, 0, 2 * STALE)
    assert not lives(place, 0, "x")
    acquire(place).release()
    assert not shard_path(place, 0).exists()


def test_a_job_that_was_queued_again_need_not_wait_for_its_own_heart_to_stop(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    _plant(place, 1, 0, job="12.0")
    with pytest.raises(LeaseError, match="far"):
        join_array(place, Shard(1, 3), "run", "x")
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    mine = join_array(place, Shard(1, 3), "run", "x")
    _plant(place, 2, 0, job="13.0")
    with pytest.raises(LeaseError, match="far"):
        join_array(place, Shard(2, 3), "run", "x")
    mine.release()


def test_a_shard_that_slept_through_its_end_is_told(place: Place) -> None:
    mine = join_array(place, Shard(0, 3), "run")
    shard_path(place, 0).unlink()
    lease_path(place).unlink()
    whole = acquire(place)
    with pytest.raises(LeaseError):
        mine.renew()
    assert current_owner(place) == whole.owner
    whole.release()


def test_a_beating_heart_notices_that_its_part_was_taken(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wizard.engine.remote.shards.HEARTBEAT", 0.01)
    mine, lost = join_array(place, Shard(0, 3), "run"), []
    _plant(place, 0, 0)
    with kept_young(mine, lambda: lost.append(mine)):
        deadline = time.monotonic() + 60
        while not lost and time.monotonic() < deadline:
            time.sleep(0.01)
    assert lost == [mine]


def _part(place: Place, index: int, of: int = 3, array: str = "x") -> ArrayPart:
    begin_array(place.state, array, of, "run")
    return part_of_shard(place.state, array, Shard(index, of), grace=0, lives=lambda _: False)


def test_what_a_shard_came_to_is_known_to_all_and_to_no_other_array(place: Place) -> None:
    parts = [_part(place, index) for index in range(3)]
    parts[0].note("a/labels", "begun")
    parts[0].note("a/labels", "made")
    parts[1].note("a/labels", "begun")
    assert parts[2].results(0).steps == {"a/labels": "made"}
    assert read_results(place.state, 0, "another").steps == {}
    for part in parts:
        part.end()
    record = read_array(place.state)
    assert record is not None and all_ended(place.state, record)
    parts[1].begin()
    assert not all_ended(place.state, record)
    assert parts[1].results(1).steps == {"a/labels": "begun"}


def test_what_was_made_and_not_ended_is_remembered_until_a_whole_run_ends_it(place: Place) -> None:
    part = _part(place, 0)
    part.note("a/labels", "made")
    part.note("b/labels", "whole")
    record = read_array(place.state)
    assert record is not None and unfinished_steps(place.state, record) == ("a/labels",)
    later = _part(place, 1, of=5, array="y")
    assert later.left == {"a/labels"}
    close_array(place.state, ["b/labels"], complete=False)
    whole = part_of_whole(place.state)
    assert whole is not None and whole.left == {"a/labels"} and whole.shard is None
    close_array(place.state, ["a/labels"], complete=False)
    whole = part_of_whole(place.state)
    assert whole is not None and not whole.left
    close_array(place.state, [], complete=True)
    assert part_of_whole(place.state) is None


def test_a_shard_that_was_cut_off_is_known_to_the_whole_though_it_ends_well_later(
    place: Place,
) -> None:
    cleanup.mark_shard_running(place, 0)
    cleanup.mark_shard_running(place, 0)
    cleanup.mark_shard_ended(place, 0)
    assert cleanup.mark_running(place)


@dataclass
class _Looked:
    """A step of which the disk says the same, and counts how often it is asked."""

    says: Probe = Probe("todo", done=2, total=5)
    looks: int = 0

    def probe(self) -> Probe:
        self.looks += 1
        return self.says


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The moment that programs are told it is."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def _waiting(place: Place, *, alive: bool, grace: float) -> tuple[OthersStep, _Looked]:
    part = replace(_part(place, 0), lives=lambda _: alive, grace=grace)
    inner = _Looked()
    planned = SimpleNamespace(address="a/x")
    return OthersStep(planned, inner, part, 1, Others(part, "a/x")), inner  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("alive", "grace", "soon"), [(True, 0.0, True), (False, 600.0, True), (False, -1.0, False)]
)
def test_a_step_of_another_shard_comes_by_itself_while_that_may_do_it(
    place: Place, clock: list[float], alive: bool, grace: float, soon: bool
) -> None:
    step, inner = _waiting(place, alive=alive, grace=grace)
    for _ in range(20):
        seen = step.probe()
        clock[0] += 0.1
    assert seen.state == "waiting" and (seen.done, seen.total) == (2, 5)
    assert seen.request is not None and seen.request.soon is soon
    assert "shard 1/3" in seen.request.ask
    assert inner.looks < 5


def test_it_is_looked_at_once_more_when_it_is_said_to_be_done(
    place: Place, clock: list[float]
) -> None:
    step, inner = _waiting(place, alive=True, grace=0)
    for _ in range(100):
        step.probe()
        clock[0] += 1
    before, inner.says = inner.looks, Probe("done")
    assert step.probe().state == "waiting"
    _part(place, 1).note("a/x", "whole")
    clock[0] += 2
    assert step.probe().state == "done" and inner.looks == before + 1


def test_shards_that_wait_for_each_other_move_nobody(place: Place, clock: list[float]) -> None:
    parts = [replace(_part(place, index), lives=lambda each: each < 2) for index in range(3)]
    assert parts[0].anybody_moves([2])
    parts[1].rest(only_waits=True)
    clock[0] += 2
    assert not parts[0].anybody_moves([2]) and parts[1].anybody_moves([2])
    parts[1].rest(only_waits=False)
    clock[0] += 2
    assert parts[0].anybody_moves([2])


def test_pauses_between_looks_grow(clock: list[float]) -> None:
    pauses, looks = Pauses(), []
    for _ in range(3600):
        clock[0] += 1
        if pauses.is_due():
            looks.append(clock[0])
    between = [b - a for a, b in zip(looks, looks[1:], strict=False)]
    assert between == sorted(between) and between[-1] == 60 and len(looks) < 80
