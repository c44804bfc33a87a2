"""Asked line by line in a real terminal."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.headless.toy import Toy
from tests.terminals import Terminal
from wizard.headless.terminal.signals import Interrupted, StopRequests, Withdrawn, counted


def run(toy: Toy, *words: object) -> Terminal:
    """``segwizard run`` in a terminal."""
    command = ("-m", "wizard", "run", toy.recipe, "--dest", toy.dest, *words)
    return Terminal(*command, environment=toy.environment)


@contextlib.contextmanager
def again_and_again(act: Callable[[], None]) -> Iterator[None]:
    """Do something every moment in another thread, while the block lasts."""
    over = threading.Event()

    def keep_on() -> None:
        while not over.wait(0.001):
            act()

    thread = threading.Thread(target=keep_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def wait_for_a_line(stops: StopRequests, done: list[str]) -> None:
    """Read a terminal on which nobody types, and take a while to put it right afterwards."""
    outer, inner = os.openpty()
    with stops.reading():
        try:
            os.read(inner, 1)
        finally:
            time.sleep(0.05)
            done.append("put right")
            os.close(outer)
            os.close(inner)


def test_a_question_withdrawn_at_any_moment_is_left_and_the_terminal_put_right() -> None:
    done: list[str] = []
    with counted() as stops, again_and_again(stops.withdraw):
        for _ in range(20):
            with pytest.raises(Withdrawn):
                wait_for_a_line(stops, done)
        assert stops.count == 0
    assert len(done) == 20


def test_a_stop_that_did_not_wake_the_reader_is_told_by_the_next_look() -> None:
    done: list[str] = []
    with counted() as stops:

        def missed() -> None:
            stops.count = 1
            stops.withdraw()

        with again_and_again(missed), pytest.raises(Interrupted):
            wait_for_a_line(stops, done)
    assert len(done) <= 1


def test_terms_and_a_link_are_asked_for_and_the_link_is_not_shown(toy: Toy):
    with run(toy) as terminal:
        terminal.expect("Flower terms")
        terminal.expect("Type your name to accept")
        terminal.type("Ada")
        terminal.expect("Paste the link (not shown)")
        terminal.type(f"{toy.base}/trees.zip?sig=hushhushhush")
        terminal.expect("is complete")
        assert terminal.end() == 0
    assert "hushhushhush" not in terminal.said
    assert (toy.dest / "toys/Trees/trees/0.txt").exists()
    assert "Ada" in (toy.dest / ".segwizard/terms.json").read_text()


def test_enter_means_later_and_the_rest_goes_on(toy: Toy):
    with run(toy, "--plain") as terminal:
        terminal.expect("Type your name to accept")
        terminal.type("Ada")
        terminal.expect("Paste the link")
        terminal.type("")
        terminal.expect("Waiting for you:")
        assert terminal.end() == 3
    assert (toy.dest / "toys/Flowers/flowers/0.txt").exists()
    assert "\x1b" not in terminal.said.replace("\x1b[?25", "")


def test_a_terminal_that_is_closed_stops_the_run_cleanly(toy: Toy):
    with run(toy, "--yes", "--wait", "1h") as terminal:
        terminal.expect("trees/fetch:trees.zip")
        assert terminal.hang_up() == 130
    assert not (toy.dest / ".segwizard/lease.json").exists()
    assert not list(toy.folder.rglob("fault-*"))


def test_stopping_at_a_question_is_clean(toy: Toy):
    with run(toy) as terminal:
        terminal.expect("Type your name to accept")
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.end() == 130
    assert "Traceback" not in terminal.said
    assert not (toy.dest / ".segwizard/lease.json").exists()
