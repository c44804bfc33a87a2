"""Asked line by line in a real terminal."""

from __future__ import annotations

import os
import signal

from tests.headless.toy import Toy
from tests.terminals import Terminal


def run(toy: Toy, *words: object) -> Terminal:
    """``segwizard run`` in a terminal."""
    command = ("-m", "wizard", "run", toy.recipe, "--dest", toy.dest, *words)
    return Terminal(*command, environment=toy.environment)


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
