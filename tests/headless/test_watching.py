"""A run in one terminal, watched and steered from another."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.headless.toy import Toy, owner
from tests.terminals import Terminal
from tests.waiting import until
from wizard.app.opening import found, open_install
from wizard.engine.remote.client import RemoteLink, attach
from wizard.engine.remote.follow import Follower
from wizard.engine.remote.protocol import Pause, RunnerGone
from wizard.views import Snapshot

pytestmark = pytest.mark.slow


def run(toy: Toy, *words: object) -> Terminal:
    """``segwizard run`` in the foreground of a terminal."""
    command = ("-m", "wizard", "run", toy.recipe, "--dest", toy.dest, *words)
    return Terminal(*command, environment=toy.environment)


@pytest.fixture
def foreground(toy: Toy) -> Iterator[Terminal]:
    """A run that has come as far as it can without the link of the trees."""
    with run(toy, "--yes", "--plain", "--wait", "1h") as terminal:
        terminal.expect("trees/fetch:trees.zip")
        yield terminal


def test_a_run_in_a_terminal_is_seen_steered_and_answered_from_another(
    toy: Toy, foreground: Terminal
):
    path = Path(owner(toy).address)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "Runner: " in toy.run("status", "--dest", toy.dest, code=3).stdout
    toy.run("pause", "--dest", toy.dest, code=0)
    foreground.expect("from another terminal: paused everything")
    toy.run("resume", "--dest", toy.dest, code=0)
    toy.run("link", "trees", toy.link, "--dest", toy.dest, code=0)
    foreground.expect("is complete")
    assert foreground.end() == 0
    assert "topsecretvalue" not in foreground.said
    assert not path.exists()


def test_stopping_it_from_another_terminal_ends_it_as_interrupted(toy: Toy, foreground: Terminal):
    path = Path(owner(toy).address)
    assert "stopped" in toy.run("stop", "--dest", toy.dest, code=0).stderr
    foreground.expect("from another terminal: stopping")
    foreground.expect("Go on with: segwizard run")
    assert foreground.end() == 130
    assert not path.exists()


def test_stopping_it_from_another_terminal_closes_an_open_question(toy: Toy):
    with run(toy) as terminal:
        terminal.expect("Type your name to accept")
        toy.run("stop", "--dest", toy.dest, code=0)
        terminal.expect("Go on with: segwizard run")
        assert terminal.end() == 130
    assert "Traceback" not in terminal.said


def test_a_question_answered_in_another_terminal_is_withdrawn(toy: Toy):
    with run(toy, "--plain") as terminal:
        terminal.expect("Type your name to accept")
        terminal.type("Ada")
        terminal.expect("Paste the link")
        terminal.press("half a li")
        toy.run("link", "trees", toy.link, "--dest", toy.dest, code=0)
        terminal.expect("Never mind: that is no longer asked")
        terminal.expect("is complete")
        assert terminal.end() == 0


def test_whoever_follows_in_lines_is_told_of_the_end_and_how_it_stands(
    toy: Toy, foreground: Terminal
):
    command = ("-m", "wizard", "attach", "--plain", "--dest", toy.dest)
    with Terminal(*command, environment=toy.environment) as watcher:
        watcher.expect("Paste the link")
        watcher.type("")
        toy.run("stop", "--dest", toy.dest, code=0)
        watcher.expect("the runner that was watched here has ended")
        watcher.expect("is not complete")
        watcher.expect("Go on with: segwizard run")
        assert watcher.end() == 3
    assert "Traceback" not in watcher.said


def test_attach_without_a_runner_starts_none(toy: Toy):
    toy.install("--yes", code=3)
    with Terminal("-m", "wizard", "attach", "--dest", toy.dest, environment=toy.environment) as it:
        it.expect("no runner is at work here")
        assert it.end() == 2


def test_a_follower_goes_through_a_hand_over_to_the_next_runner_and_then_to_the_disk(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SEGWIZARD_KEYRING", "off")
    with run(toy, "--yes", "--plain", "--wait", "1h") as first:
        first.expect("trees/fetch:trees.zip")
        line = attach(toy.dest)
        assert line is not None
        follower = Follower(open_install(found(toy.dest)), line)
        before = follower.snapshot().runner
        toy.run("stop", "--dest", toy.dest, code=0)
        first.end()
    with contextlib.closing(follower):
        with pytest.raises(RunnerGone, match="looking whether another goes on"):
            follower.snapshot()
        assert any("has ended" in event.text for event in follower.events())
        assert not follower.send(Pause()).ok
        with run(toy, "--yes", "--plain", "--wait", "1h") as second:
            until(lambda: (now := seen(follower)) and now.running)
            assert follower.snapshot().runner != before
            assert not follower.at_rest
            toy.run("stop", "--dest", toy.dest, code=0)
            second.end()
        until(lambda: (now := seen(follower)) and not now.running)
        assert follower.at_rest
        assert {d.id: d.state for d in follower.snapshot().datasets}["flowers"] == "done"


def seen(follower: Follower) -> Snapshot | None:
    with contextlib.suppress(RunnerGone):
        return follower.snapshot()
    return None


def test_a_socket_of_another_user_gets_no_answers(
    toy: Toy, foreground: Terminal, monkeypatch: pytest.MonkeyPatch
):
    mine = os.getuid()
    RemoteLink(Path(owner(toy).address)).close()
    monkeypatch.setattr("wizard.engine.remote.client.os.getuid", lambda: mine + 1)
    with pytest.raises(RunnerGone):
        RemoteLink(Path(owner(toy).address))
    assert attach(toy.dest) is None


def test_a_socket_a_dead_runner_left_is_replaced(toy: Toy, foreground: Terminal):
    path = Path(owner(toy).address)
    os.kill(foreground.pid, 9)
    foreground.end()
    assert path.exists()
    assert attach(toy.dest) is None
    with run(toy, "--yes", "--plain", "--wait", "1h") as second:
        second.expect("trees/fetch:trees.zip")
        line = attach(toy.dest)
        assert line is not None
        line.close()
        toy.run("stop", "--dest", toy.dest, code=0)
        second.end()
    assert not path.exists()
