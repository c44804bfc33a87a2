"""Terminals that close under a running install: tmux killed, lines hung up, processes ended."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.headless.toy import Toy, is_free, owner, toy_collection
from tests.terminals import Terminal
from tests.tmux import tmux
from tests.waiting import until
from wizard.engine.remote.client import attach

TREES = "toys/Trees/trees/0.txt"
ALTERNATE_LEFT = "\x1b[?1049l"
MOUSE_OFF = "\x1b[?1000l"


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[Toy]:
    """The toy collection, set up as far as it goes without a person, its trees held back."""
    with toy_collection(tmp_path) as made:
        made.gate.clear()
        made.install("--yes", code=3)
        yield made
        with contextlib.suppress(AssertionError, ProcessLookupError):
            os.kill(owner(made).pid, signal.SIGKILL)


def fetch_trees(toy: Toy) -> None:
    """Give the link from another terminal, and see the trees on their way."""
    said = toy.run("link", "trees", toy.link, "--dest", toy.dest, code=0)
    assert "topsecretvalue" not in said.stdout + said.stderr
    link = attach(toy.dest)
    assert link is not None
    with contextlib.closing(link):
        until(
            lambda: any(
                each.done
                for each in link.snapshot().transfers
                if "trees" in each.archive and each.state == "running"
            )
        )


def wizard(toy: Toy, *words: object) -> Terminal:
    environment = {**toy.environment, "LC_ALL": "C.UTF-8"}
    return Terminal("-m", "wizard", *words, "--dest", toy.dest, environment=environment)


def go_on(terminal: Terminal) -> None:
    """Say that looking is not all that is wanted."""
    terminal.expect("Nothing runs")
    terminal.press("\r")
    terminal.expect("Go on with this install?")
    terminal.press("\r")
    terminal.expect("Datasets")


def test_work_left_in_a_tmux_that_is_killed_goes_on_and_is_joined_again(toy: Toy, tmp_path: Path):
    command = (sys.executable, "-m", "wizard")
    with tmux(tmp_path, toy.environment) as first:
        first.start(*command, "--dest", toy.dest)
        first.sees("welcome back", "Nothing runs")
        first.press("Enter")
        first.sees("Go on with this install?")
        first.press("Enter")
        first.sees("n Next", "waiting for you")
        in_terminal = owner(toy).pid
        fetch_trees(toy)
        first.press("q")
        first.sees("Keep going in the background")
        first.press("Enter")
        first.sees("goes on in the background", "left with 0")
        first.close()
    assert owner(toy).pid != in_terminal
    with tmux(tmp_path, toy.environment) as second:
        second.start(*command, "attach", "--dest", toy.dest)
        second.sees("welcome back", "Running (1)", "You watch and steer the runner")
        toy.gate.set()
        second.sees("Everything is in place")
        second.press("q")
        second.sees("left with 0")
    until(lambda: is_free(toy))
    assert (toy.dest / TREES).exists()


def test_a_detached_run_outlives_the_tmux_it_was_started_in(toy: Toy, tmp_path: Path):
    with tmux(tmp_path, toy.environment) as window:
        words = ("run", toy.recipe, "--dest", toy.dest, "--yes", "--detach")
        window.start(sys.executable, "-m", "wizard", *words)
        window.sees("running in the background", "left with 0")
        window.close()
    fetch_trees(toy)
    toy.gate.set()
    until(lambda: is_free(toy))
    assert (toy.dest / TREES).exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_stop_the_wizard_cleanly_and_restore_the_terminal(toy: Toy, number: signal.Signals):
    with wizard(toy) as terminal:
        go_on(terminal)
        fetch_trees(toy)
        os.kill(terminal.pid, number)
        assert terminal.end() == 128 + number
        assert terminal.said.rindex(ALTERNATE_LEFT) > terminal.said.rindex("welcome back")
        assert MOUSE_OFF in terminal.said
        assert "Traceback" not in terminal.said
    assert is_free(toy)
    toy.gate.set()
    done = toy.install("--yes")
    assert "cut off" not in done.stderr


def test_a_terminal_that_is_closed_stops_the_wizard_cleanly(toy: Toy):
    with wizard(toy) as terminal:
        go_on(terminal)
        fetch_trees(toy)
        assert terminal.hang_up() == 128 + signal.SIGHUP
    assert is_free(toy)


def test_the_start_after_a_kill_picks_up_and_says_so(toy: Toy):
    with wizard(toy) as terminal:
        go_on(terminal)
        address = Path(owner(toy).address)
        os.kill(terminal.pid, signal.SIGKILL)
        assert terminal.end() == -signal.SIGKILL
    assert address.exists()
    with wizard(toy) as terminal:
        go_on(terminal)
        terminal.expect("The last run was cut off")
        fetch_trees(toy)
        toy.gate.set()
        terminal.expect("Everything is in place")
        terminal.press("q")
        assert terminal.end() == 0
    assert not address.exists()
