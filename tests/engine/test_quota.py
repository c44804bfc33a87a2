"""A day's downloads used up: the next mirror now, the same one later, and other ways meanwhile."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as changed

from tests.engine.access import DATA, exact, fetching, install, run
from tests.engine.fakes import FakeStep, make_install, view
from tests.servers.misbehaving import Honest, Misbehaving, Page
from tests.waiting import TIME_LIMIT, until
from wizard import figures
from wizard.engine import table
from wizard.engine.runner import Runner
from wizard.kinds.fetching import access
from wizard.kinds.fetching.gateway import gateway_of
from wizard.steps.install import Install
from wizard.steps.step import PersonNeeded, StepContext
from wizard.views import Request

QUOTA = Page("Quota exceeded", "Too many users have viewed or downloaded this file recently.")
HOUR = 3600.0


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "RECHECK", 0.02)
    monkeypatch.setattr("wizard.engine.runner._TICK", 0.02)


@contextlib.contextmanager
def of(tmp_path: Path, *urls: str) -> Iterator[Install]:
    made = install(tmp_path / "dest", exact(urls=urls), accept_terms=True)
    yield made
    made.shared.close()


def rest(made: Callable[[], object]) -> tuple[float, Request]:
    """Run into a used-up quota; return how long it is left alone and what is asked meanwhile."""
    with pytest.raises(PersonNeeded) as caught:
        made()
    request = caught.value.request
    return request.again - time.time(), request


def test_the_next_mirror_is_taken_at_once(tmp_path: Path) -> None:
    with Misbehaving() as server:
        urls = (server.put("a/toy.zip", DATA, QUOTA), server.put("b/toy.zip", DATA))
        with of(tmp_path, *urls) as made:
            run(fetching(made))
            assert fetching(made).probe().state == "done"


def test_with_no_mirror_left_it_rests_longer_each_time_and_says_until_when(tmp_path: Path) -> None:
    with Misbehaving() as server, of(tmp_path, server.put("toy.zip", DATA, QUOTA)) as made:
        step = fetching(made)
        pauses = [rest(lambda: run(step)) for _ in range(7)]
    hours = [round(seconds / HOUR, 1) for seconds, _ in pauses]
    assert hours == [1, 2, 4, 8, 16, 24, 24]
    request = pauses[0][1]
    assert "quota page" in request.ask
    assert request.ask.endswith(f"next try in 1 h, {figures.moment(request.again)}")
    assert "after 1, 2, 4, 8 and 16 hours" in request.how
    assert str(gateway_of(made).inbox) in request.how


def test_it_is_fetched_by_itself_once_the_rest_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "_FIRST_REST", 0.2)
    with Misbehaving() as server:
        url = server.put("toy.zip", DATA, QUOTA, QUOTA, Honest())
        with of(tmp_path, url) as made:
            runner = Runner(made)
            runner.start()
            until(lambda: runner.snapshot().complete)
            assert runner.stop(TIME_LIMIT)
        assert len(server.requests("toy.zip")) == 3


def test_another_way_is_gone_while_one_rests(tmp_path: Path) -> None:
    def used_up(_: StepContext) -> None:
        request = Request(kind="browser", ask="used up", again=time.time() + HOUR)
        raise PersonNeeded(request, where="one")

    steps = [FakeStep(f"a/fetch:{name}", tmp_path / name) for name in ("one", "two")]
    steps[0].work = used_up
    install = make_install(tmp_path, steps)
    planned = tuple(
        changed(each, alternative=each.address, optional=rank > 0, rank=rank)
        for rank, each in enumerate(install.plan.steps)
    )
    made = replace(install, plan=changed(install.plan, steps=planned))
    runner = Runner(made, steps=list(steps))
    runner.start()
    until(lambda: runner.snapshot().complete)
    assert [step.runs for step in steps] == [1, 1]
    assert view(runner, "a/fetch:one").detail == "not needed any more"
    assert runner.stop(TIME_LIMIT)
