from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.fakes import FakeStep, Gate, chain, make_install, start, states, view
from tests.waiting import TIME_LIMIT, until
from wizard.engine import space, table
from wizard.engine.journal import read_outcomes, read_removed
from wizard.engine.remote.protocol import Answer, LimitRate, Pause, Resume, Retry, Stop
from wizard.engine.runner import Runner
from wizard.errors import LeaseError, RecipeError, TransferError, WaitingError
from wizard.files import PARTIAL
from wizard.findings import FailureGroup
from wizard.steps.step import PlacedArchive, StepContext
from wizard.views import Request


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "RECHECK", 0.02)
    monkeypatch.setattr("wizard.engine.runner._TICK", 0.02)


@pytest.fixture
def running() -> Iterator[list[Runner]]:
    runners: list[Runner] = []
    yield runners
    for runner in runners:
        assert runner.stop(TIME_LIMIT)


def fails(message: str) -> object:
    def work(context: StepContext) -> None:
        raise TransferError(message, hint="try another mirror")

    return work


def test_steps_run_in_order_and_the_install_is_complete(tmp_path: Path, running: list[Runner]):
    order: list[str] = []
    steps = chain(tmp_path, "a/terms", "a/fetch:x.zip", "a/extract", "a/verify")
    for step in steps:
        step.work = lambda context, step=step: order.append(step.address)
    running.append(start(tmp_path, steps))
    assert running[0].wait_settled(TIME_LIMIT)
    assert order == [step.address for step in steps]
    snapshot = running[0].snapshot()
    assert snapshot.complete
    assert snapshot.fraction == 1.0
    assert {dataset.state for dataset in snapshot.datasets} == {"done"}


def test_what_is_on_disk_is_not_done_again(tmp_path: Path, running: list[Runner]):
    steps = chain(tmp_path, "a/extract", "a/labels")
    steps[0].run(StepContext())
    running.append(start(tmp_path, steps))
    assert running[0].wait_settled(TIME_LIMIT)
    assert [step.runs for step in steps] == [1, 1]


def test_a_failure_stops_only_what_rests_on_it(tmp_path: Path, running: list[Runner]):
    steps = chain(tmp_path, "a/fetch:x", "a/extract") + chain(tmp_path, "b/fetch:y", "b/extract")
    steps[0].work = fails("the server is gone")
    running.append(start(tmp_path, steps))
    assert running[0].wait_settled(TIME_LIMIT)
    assert states(running[0]) == {
        "a/fetch:x": "failed",
        "a/extract": "locked",
        "b/fetch:y": "done",
        "b/extract": "done",
    }
    (group,) = view(running[0], "a/fetch:x").failures
    assert (group.cause, group.hint) == ("transfer", "try another mirror")
    assert view(running[0], "a/extract").waits_for == ("a/fetch:x",)
    assert set(read_outcomes(running[0].install.place)) == {"a/fetch:x"}
    assert not running[0].snapshot().complete


def test_a_failed_step_runs_again_on_request(tmp_path: Path, running: list[Runner]):
    steps = chain(tmp_path, "a/fetch:x", "a/extract")
    steps[0].work = fails("no")
    running.append(start(tmp_path, steps))
    assert running[0].wait_settled(TIME_LIMIT)
    steps[0].work = lambda context: None
    assert running[0].send(Retry(address="a/fetch:x")).ok
    until(lambda: running[0].snapshot().complete)
    assert read_outcomes(running[0].install.place) == {}


def test_findings_a_step_reports_without_raising_fail_it_when_fatal(
    tmp_path: Path, running: list[Runner]
):
    odd = FailureGroup(cause="odd", count=3, hint="", fatal=False)
    bad = FailureGroup(cause="missing", count=2, hint="fetch again")
    steps = chain(tmp_path, "a/labels") + chain(tmp_path, "b/labels")
    steps[0].work = lambda context: context.failures.append(bad)
    steps[1].work = lambda context: context.failures.append(odd)
    running.append(start(tmp_path, steps))
    assert running[0].wait_settled(TIME_LIMIT)
    assert states(running[0]) == {"a/labels": "failed", "b/labels": "done"}
    assert view(running[0], "b/labels").failures == (odd,)


def test_an_unforeseen_error_fails_one_step_and_is_written_down(
    tmp_path: Path, running: list[Runner]
):
    steps = chain(tmp_path, "a/labels") + chain(tmp_path, "b/labels")
    steps[0].work = lambda context: {}["absent"]
    running.append(start(tmp_path, steps))
    assert running[0].wait_settled(TIME_LIMIT)
    assert states(running[0]) == {"a/labels": "failed", "b/labels": "done"}
    assert "KeyError" in (tmp_path / ".segwizard" / "errors.log").read_text()


def test_lanes_are_bounded(tmp_path: Path, running: list[Runner]):
    gates = [Gate() for _ in range(4)]
    steps = [
        FakeStep(f"d{n}/fetch:{n}", tmp_path / f"{n}", resource="network", work=gate)
        for n, gate in enumerate(gates)
    ]
    running.append(start(tmp_path, steps, transfers=2))
    # Which come first depends on whose disk was looked at first.
    for expected in (2, 3, 4):
        until(lambda count=expected: len(_begun(gates)) == count)
        time.sleep(0.1)
        assert len(_begun(gates)) == expected
        next(gate for gate in _begun(gates) if not gate.go.is_set()).go.set()
    for gate in gates:
        gate.go.set()
    until(lambda: running[0].snapshot().complete)


def _begun(gates: list[Gate]) -> list[Gate]:
    return [gate for gate in gates if gate.began.is_set()]


def test_a_step_waits_for_a_person_while_others_go_on(tmp_path: Path, running: list[Runner]):
    steps = chain(tmp_path, "a/fetch:x", "a/extract") + chain(tmp_path, "b/extract")
    steps[0].request = Request(kind="link", ask="Paste the link you were mailed.")
    running.append(start(tmp_path, steps))
    assert running[0].wait_settled(TIME_LIMIT)
    assert states(running[0]) == {
        "a/fetch:x": "waiting",
        "a/extract": "locked",
        "b/extract": "done",
    }
    assert view(running[0], "a/fetch:x").request == steps[0].request
    reply = running[0].send(Answer(address="a/fetch:x", values={"link": "https://h/x?sig=abcdef"}))
    assert (reply.ok, reply.text) == (True, "thank you")
    assert steps[0].answers[0]["link"].reveal() == "https://h/x?sig=abcdef"
    until(lambda: running[0].snapshot().complete)
    said = [event.text for event in running[0].events() if "waiting for you" in event.text]
    assert said == ["waiting for you: Paste the link you were mailed."]


def test_a_file_that_appears_ends_the_waiting(tmp_path: Path, running: list[Runner]):
    steps = chain(tmp_path, "a/fetch:x", "a/extract")
    steps[0].request = Request(kind="browser", ask="Download x.zip in a browser.")
    running.append(start(tmp_path, steps))
    until(lambda: states(running[0])["a/fetch:x"] == "waiting")
    steps[0].mark.parent.mkdir(parents=True, exist_ok=True)
    steps[0].mark.touch()
    until(lambda: running[0].snapshot().complete)
    assert steps[0].runs == 0


def test_a_refused_login_is_not_tried_again_by_itself(tmp_path: Path, running: list[Runner]):
    def refuse(context: StepContext) -> None:
        raise WaitingError("the password was refused", hint="enter it again")

    steps = chain(tmp_path, "a/fetch:x")
    steps[0].work = refuse
    running.append(start(tmp_path, steps))
    until(lambda: states(running[0])["a/fetch:x"] == "waiting")
    time.sleep(0.2)
    assert steps[0].runs == 1
    steps[0].work = lambda context: None
    running[0].send(Answer(address="a/fetch:x", values={"password": "right one"}))
    until(lambda: running[0].snapshot().complete)


def test_pause_and_resume(tmp_path: Path, running: list[Runner]):
    gate = Gate()
    steps = chain(tmp_path, "a/fetch:x", "a/extract")
    steps[0].work = gate
    running.append(start(tmp_path, steps))
    until(gate.began.is_set)
    assert running[0].send(Pause()).ok
    until(lambda: states(running[0])["a/fetch:x"] == "paused")
    assert running[0].snapshot().paused
    gate.go.set()
    time.sleep(0.1)
    assert steps[0].runs == 1
    running[0].send(Resume())
    until(lambda: running[0].snapshot().complete)


def test_one_archive_can_be_paused(tmp_path: Path, running: list[Runner]):
    gates = [Gate(), Gate()]
    steps = chain(tmp_path, "a/fetch:x") + chain(tmp_path, "b/fetch:y")
    for step, gate in zip(steps, gates, strict=True):
        step.work, step.resource = gate, "network"
    running.append(start(tmp_path, steps))
    until(lambda: all(gate.began.is_set() for gate in gates))
    running[0].send(Pause(archive="x"))
    until(lambda: states(running[0])["a/fetch:x"] == "paused")
    assert states(running[0])["b/fetch:y"] == "running"
    assert not running[0].send(Pause(archive="z")).ok
    for gate in gates:
        gate.go.set()
    running[0].send(Resume(archive="x"))
    until(lambda: running[0].snapshot().complete)


def test_stop_cuts_a_step_short_and_is_clean(tmp_path: Path):
    gate = Gate()
    steps = chain(tmp_path, "a/fetch:x")
    steps[0].work = gate
    runner = start(tmp_path, steps)
    until(gate.began.is_set)
    assert runner.send(Stop()).ok
    assert runner.stop(TIME_LIMIT)
    assert not gate.go.is_set()
    assert not steps[0].mark.exists()
    assert not (tmp_path / ".segwizard" / "lease.json").exists()
    assert not runner.snapshot().running


def test_a_full_disk_pauses_until_there_is_room(
    tmp_path: Path, running: list[Runner], monkeypatch: pytest.MonkeyPatch
):
    free = 0
    monkeypatch.setattr(space, "SPACE_RECHECK", 0.02)
    monkeypatch.setattr(space, "free_bytes", lambda path: free)

    def fill(context: StepContext) -> None:
        if not free:
            raise OSError(errno.ENOSPC, "No space left on device")

    steps = chain(tmp_path, "a/extract", "a/labels") + chain(tmp_path, "b/labels")
    steps[0].work = fill
    running.append(start(tmp_path, steps))
    assert running[0].wait_settled(TIME_LIMIT)
    assert states(running[0]) == {"a/extract": "paused", "a/labels": "locked", "b/labels": "done"}
    request = view(running[0], "a/extract").request
    assert request is not None and request.kind == "space"
    free = 10 << 20
    until(lambda: running[0].snapshot().complete)


@pytest.mark.parametrize(
    ("code", "words"),
    [(errno.ENOSPC, "takes no more files"), (errno.EDQUOT, "Your quota")],
)
def test_a_disk_that_takes_no_more_files_is_told_from_a_full_one(
    tmp_path: Path, running: list[Runner], monkeypatch: pytest.MonkeyPatch, code: int, words: str
):
    files = 0
    monkeypatch.setattr(space, "SPACE_RECHECK", 0.02)
    monkeypatch.setattr(space, "room", lambda path: space.Room(50 << 20, files))

    def fill(context: StepContext) -> None:
        if not files:
            raise OSError(code, os.strerror(code))

    steps = chain(tmp_path, "a/extract")
    steps[0].work = fill
    running.append(start(tmp_path, steps))
    assert running[0].wait_settled(TIME_LIMIT)
    request = view(running[0], "a/extract").request
    assert request is not None and words in request.ask and "52.4 MB" in request.ask
    files = 10_000
    until(lambda: running[0].snapshot().complete)


def test_an_archive_is_not_fetched_when_it_is_unpacked_already(
    tmp_path: Path, running: list[Runner]
):
    steps = chain(tmp_path, "a/terms", "a/fetch:x", "a/extract", "a/labels")
    steps[2].run(StepContext())
    running.append(start(tmp_path, steps))
    assert running[0].wait_settled(TIME_LIMIT)
    assert running[0].snapshot().complete
    assert (steps[1].runs, steps[2].runs) == (0, 1)


@pytest.mark.parametrize(
    ("ours", "keep", "gone"),
    [(True, None, True), (False, None, False), (False, False, True), (True, True, False)],
)
def test_archives_go_once_their_dataset_is_proven(
    tmp_path: Path, running: list[Runner], ours: bool, keep: bool | None, gone: bool
):
    archive = tmp_path / "a" / "x"
    archive.parent.mkdir()
    archive.write_bytes(b"archive")
    steps = chain(tmp_path, "a/fetch:x", "a/extract", "a/verify")
    steps[0].placed_archive = PlacedArchive(archive, 7, "ab" * 32, ours=ours)
    running.append(start(tmp_path, steps, keep_archives=keep))
    until(lambda: running[0].snapshot().complete)
    until(lambda: archive.exists() is not gone)
    if gone:
        removed = read_removed(running[0].install.place)["a/x"]
        assert (removed.size, removed.sha256) == (7, "ab" * 32)
    else:
        time.sleep(0.1)
        assert archive.exists()


def test_a_check_runs_again_when_what_it_checked_was_remade(tmp_path: Path, running: list[Runner]):
    steps = chain(tmp_path, "a/labels", "a/verify")
    steps[1].resource = "cpu"
    steps[1].run(StepContext())
    running.append(start(tmp_path, steps))
    until(lambda: running[0].snapshot().complete and steps[1].runs == 2)
    assert steps[0].runs == 1


def test_nothing_is_checked_before_what_it_rests_on_was_remade(
    tmp_path: Path, running: list[Runner]
):
    """The archive of the first unpacking was replaced; the second one is done all along."""
    steps = chain(tmp_path, "a/fetch:x", "a/extract", "a/extract-more", "a/labels", "a/verify")
    order: list[str] = []
    for step in steps:
        step.work = lambda context, step=step: order.append(step.address)
        step.resource = "cpu" if step.kind in ("labels", "verify") else "instant"
        if step.kind not in ("fetch", "verify"):
            step.mark.parent.mkdir(parents=True, exist_ok=True)
            step.mark.touch()
    steps[0].outdated = True
    running.append(start(tmp_path, steps))
    until(lambda: running[0].snapshot().complete and steps[4].runs)
    assert order == ["a/fetch:x", "a/extract", "a/labels", "a/verify"]


def test_the_rate_limit_turns_while_it_runs(tmp_path: Path, running: list[Runner]):
    running.append(start(tmp_path, chain(tmp_path, "a/terms")))
    heard: list[int] = []
    running[0].install.rate.follow(heard.append)
    running[0].send(LimitRate(rate=5000))
    assert heard == [0, 5000]
    assert running[0].snapshot().rate_limit == 5000


def test_a_second_runner_is_told_who_holds_the_destination(tmp_path: Path, running: list[Runner]):
    running.append(start(tmp_path, chain(tmp_path, "a/terms")))
    second = Runner(make_install(tmp_path, []), steps=[])
    with pytest.raises(LeaseError, match=r"pid \d+, since"):
        second.start()


def test_what_a_cut_off_run_left_is_cleared_before_the_end(tmp_path: Path):
    left = tmp_path / "a" / f"{PARTIAL}1"
    left.parent.mkdir()
    left.touch()
    steps = chain(tmp_path, "a/labels")
    runner = start(tmp_path, steps)
    assert runner.wait_settled(TIME_LIMIT)
    assert left.exists()
    assert runner.stop(TIME_LIMIT)
    (tmp_path / ".segwizard" / "running").touch()
    runner = start(tmp_path, steps)
    assert runner.wait_settled(TIME_LIMIT)
    assert not left.exists()
    assert runner.stop(TIME_LIMIT)
    assert not (tmp_path / ".segwizard" / "running").exists()


def test_needs_must_come_before(tmp_path: Path):
    steps = [FakeStep("a/labels", tmp_path / "m", dependencies=("a/extract",))]
    with pytest.raises(RecipeError, match="a/extract"):
        Runner(make_install(tmp_path, steps), steps=steps)


def test_damaged_state_is_ignored_with_a_word(tmp_path: Path, running: list[Runner]):
    state = tmp_path / ".segwizard"
    state.mkdir()
    for name in ("install.json", "outcomes.json", "archives.json"):
        (state / name).write_bytes(b'{"version": 1, "ste\xff')
    running.append(start(tmp_path, chain(tmp_path, "a/terms")))
    assert running[0].wait_settled(TIME_LIMIT)
    assert running[0].snapshot().complete
    texts = " ".join(event.text for event in running[0].events())
    assert "outcomes.json is damaged" in texts


def test_secrets_stay_out_of_the_log(tmp_path: Path, running: list[Runner]):
    steps = chain(tmp_path, "a/fetch:x")
    steps[0].request = Request(kind="login", ask="Log in.")
    steps[0].work = fails("refused for hunter2hunter2 at https://h/x?sig=12345")
    running.append(start(tmp_path, steps))
    until(lambda: states(running[0])["a/fetch:x"] == "waiting")
    running[0].send(Answer(address="a/fetch:x", values={"password": "hunter2hunter2"}))
    until(lambda: states(running[0])["a/fetch:x"] == "failed")
    log = (tmp_path / ".segwizard" / "log.jsonl").read_text()
    assert "refused for [masked] at https://h/x?[masked]" in log
    assert "hunter2" not in log


def test_a_snapshot_of_a_hundred_steps_is_cheap(tmp_path: Path, running: list[Runner]):
    steps = [step for n in range(15) for step in chain(tmp_path, *(f"d{n}/s{i}" for i in range(7)))]
    running.append(start(tmp_path, steps))
    assert running[0].wait_settled(TIME_LIMIT)
    before = threading.active_count()
    for _ in range(100):
        assert running[0].snapshot().complete
    assert threading.active_count() <= before


def test_a_ring_of_causes_is_followed_once():
    first, second = TransferError("one"), OSError(errno.EIO, "two")
    first.__cause__, second.__context__ = second, first
    assert not space.is_disk_full(first)
    second.errno = errno.EDQUOT
    assert space.is_disk_full(first)
