"""Finding out what a terminal can show, without losing a key to its answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.drivers import linux_driver
from textual.drivers.headless_driver import HeadlessDriver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key

from wizard.tui.canvas import Canvas, Described, Listener, listen, question, understood

XTERM = "\x1b[?1;0;1024S\x1b[6;18;9t\x1b[?63;1;2;4;6;9;15;22c"
KITTY = "\x1b_Gi=31;OK\x1b\\\x1b[6;17;8t\x1b[?62;c"
TMUX = "\x1b[?1;2c"
TYPED = {"a": "a", "\x1b[C": "right", "\x1b[6~": "pagedown", "\x1b[6;5~": "ctrl+pagedown"}


@pytest.fixture(autouse=True)
def no_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEGWIZARD_PICTURES", raising=False)
    monkeypatch.delenv("TERM_PROGRAM", raising=False)


def heard(reads: list[str]) -> tuple[list[str], list[str]]:
    """The keys and the answers that come out of some reads."""
    listener = Listener()
    messages = [message for read in reads for message in listener.feed(read)]
    keys = [message.key for message in messages if isinstance(message, Key)]
    return keys, [message.said for message in messages if isinstance(message, Described)]


@given(
    st.sampled_from([XTERM, KITTY, TMUX]),
    st.lists(st.sampled_from(sorted(TYPED)), max_size=3),
    st.lists(st.sampled_from(sorted(TYPED)), max_size=3),
    st.sets(st.integers(1, 60)),
)
def test_answers_never_become_keys_however_they_are_cut(answer, before, after, cuts) -> None:
    stream = "".join([*before, answer, *after])
    # What is cut behind its first signs cannot be told from the Escape key.
    fair = (cut for cut in cuts if cut < len(stream) and stream[cut - 1] not in "\x1b[_")
    edges = [0, *sorted(fair), len(stream)]
    reads = [stream[start:end] for start, end in zip(edges, edges[1:], strict=False)]
    assert heard(reads) == ([TYPED[key] for key in [*before, *after]], [answer])


def test_a_toolkit_that_changed_inside_costs_pixels_and_nothing_else(monkeypatch) -> None:
    monkeypatch.delattr(linux_driver, "XTermParser")
    assert listen() is False


def test_the_end_of_the_keys_is_still_an_end() -> None:
    assert heard(["\x1b[?6", ""]) == ([], [])


@pytest.mark.parametrize(
    ("said", "canvas"),
    [
        (XTERM, Canvas("sixel", (9, 18), 256)),
        (KITTY, Canvas("kitty", (8, 17), 256)),
        (TMUX, Canvas("blocks")),
        ("\x1b[?1;0;16S\x1b[?63;4c", Canvas("sixel", (10, 20), 16)),
        ("\x1b_Gi=31;EINVAL:no\x1b\\\x1b[?64;14;24c", Canvas("blocks")),
        ("\x1b[6;0;0t\x1b[?62;4c", Canvas("sixel", (10, 20))),
    ],
)
def test_the_best_way_is_taken(said, canvas) -> None:
    assert understood(said) == canvas


@pytest.mark.parametrize(
    ("wish", "protocol"),
    [("blocks", "blocks"), ("kitty", "kitty"), ("auto", "sixel"), ("oil paint", "sixel")],
)
def test_a_person_may_know_better(monkeypatch, wish, protocol) -> None:
    monkeypatch.setenv("SEGWIZARD_PICTURES", wish)
    assert understood(XTERM).protocol == protocol


def test_no_color_means_no_pixels_unless_asked_for(monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert understood(XTERM).protocol == "blocks"
    assert question(object.__new__(LinuxDriver)) == ""
    monkeypatch.setenv("SEGWIZARD_PICTURES", "sixel")
    assert understood(XTERM).protocol == "sixel"


def test_only_a_terminal_that_takes_questions_is_asked(monkeypatch) -> None:
    terminal = object.__new__(LinuxDriver)
    assert "\x1b_G" in question(terminal)
    assert question(object.__new__(HeadlessDriver)) == ""
    assert question(None) == ""
    for term in ("dumb", "linux"):
        monkeypatch.setenv("TERM", term)
        assert question(terminal) == ""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("TERM_PROGRAM", "Apple_Terminal")
    assert question(terminal) == ""


@pytest.mark.parametrize(("name", "value"), [("TMUX", "/tmp/x,1,0"), ("TERM", "screen-256color")])
def test_a_multiplexer_is_not_asked_what_it_takes_for_a_title(monkeypatch, name, value) -> None:
    monkeypatch.setenv(name, value)
    asked = question(object.__new__(LinuxDriver))
    assert asked.endswith("\x1b[c")
    assert "\x1b_" not in asked
