"""What is written to the terminal: what changed, and nothing when nothing did."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region, Size
from textual.strip import Strip

from tests.benchmarks.screen import FAKE
from tests.terminals import Terminal
from wizard.harmless import is_harmless_text
from wizard.tui.painting import ShownCells, sequence

REPO = str(Path(__file__).parents[2])
SIZE = Size(12, 4)
STYLES = (None, Style(color="red"), Style(bold=True), Style(color="red", meta={"@click": "x"}))
LETTERS = st.text("ab ■字é", min_size=1, max_size=6)
GO = re.compile(r"\x1b\[(\d+);(\d+)H")


def strip_of(parts: list[tuple[str, Style | None]], width: int) -> Strip:
    return Strip([Segment(text, style) for text, style in parts]).adjust_cell_length(width)


lines = st.lists(st.tuples(LETTERS, st.sampled_from(STYLES)), max_size=4)
screens = st.lists(lines, min_size=SIZE.height, max_size=SIZE.height)
spans = st.tuples(
    st.integers(0, SIZE.height - 1), st.integers(0, SIZE.width - 1), st.integers(1, SIZE.width)
)


class Emulator:
    """A terminal that keeps what it is told: one sign and look a cell, wide signs in two."""

    def __init__(self) -> None:
        self.cells = [["?"] * SIZE.width for _ in range(SIZE.height)]

    def take(self, said: str) -> None:
        places = [*GO.finditer(said)]
        ends = [*(place.start() for place in places), len(said)][1:]
        for place, end in zip(places, ends, strict=True):
            row, column = int(place[1]) - 1, int(place[2]) - 1
            for cell in said[place.end() : end].split("|")[:-1]:
                wide = "字" in cell
                self.cells[row][column] = cell
                if wide:
                    self.cells[row][column + 1] = ""
                column += 2 if wide else 1


def shown(style: Style | None, text: str) -> str:
    """Every sign with its look; what is clicked does not show."""
    look = str(style.without_color) + str(style.color) if style else ""
    return "".join(f"{sign}{look}|" for sign in text)


def full(screen: list[list[tuple[str, Style | None]]]) -> LayoutUpdate:
    rows = [[strip_of(parts, SIZE.width)] for parts in screen]
    return LayoutUpdate(rows, Region(0, 0, *SIZE))


@given(screens, st.lists(st.tuples(screens, st.lists(spans, min_size=1, max_size=3)), max_size=4))
def test_a_terminal_told_only_of_changes_shows_the_same_as_one_told_everything(first, later):
    painting, quiet = ShownCells(), Emulator()
    quiet.take(sequence(painting.changes(full(first), SIZE), shown))
    for screen, places in later:
        strips = [strip_of(parts, SIZE.width) for parts in screen]
        update = ChopsUpdate(
            [{0: strip} for strip in strips],
            [(y, min(a, b), max(a, b)) for y, a, b in places if a != b] or [(0, 0, 1)],
            [[SIZE.width] for _ in strips],
        )
        quiet.take(sequence(painting.changes(update, SIZE), shown))
    last, told = screen_of(later, first), Emulator()
    quiet.take(sequence(painting.changes(full(last), SIZE), shown))
    told.take(sequence(ShownCells().changes(full(last), SIZE), shown))
    assert quiet.cells == told.cells
    assert painting.changes(full(last), SIZE) == []


def screen_of(later, first):
    return later[-1][0] if later else first


def test_cells_that_were_drawn_over_are_written_again() -> None:
    painting = ShownCells()
    screen = full([[("ab", None)] for _ in range(SIZE.height)])
    painting.changes(screen, SIZE)
    painting.forget(Region(1, 1, 2, 2))
    assert [(run.x, run.y, len(run.cells)) for run in painting.changes(screen, SIZE)] == [
        (1, 1, 2),
        (1, 2, 2),
    ]
    painting.forget()
    assert sum(len(run.cells) for run in painting.changes(screen, SIZE)) == SIZE.area


@pytest.mark.slow
@pytest.mark.parametrize("page", ["wizard", "activity", "log", "logins"])
def test_a_screen_nobody_touches_writes_nothing(tmp_path: Path, page: str) -> None:
    with _at_work(tmp_path, "") as terminal:
        terminal.press({"wizard": "", "activity": "a", "log": "l", "logins": "c"}[page])
        assert _written(terminal, settle=4.0, seconds=4.0) <= 4 * 50
        _end(terminal)


@pytest.mark.slow
def test_a_large_screen_with_its_plots_is_as_quiet(tmp_path: Path) -> None:
    with _at_work(tmp_path, "", size=(40, 120)) as terminal:
        assert "Download" in terminal.said
        assert _written(terminal, settle=4.0, seconds=4.0) <= 4 * 50
        _end(terminal)
    with _at_work(tmp_path, "host.link.snapshot = moving", size=(40, 120)) as terminal:
        assert 0 < _written(terminal, settle=4.0, seconds=6.0) <= 6 * 4_000
        _end(terminal)


@pytest.mark.slow
@pytest.mark.parametrize("page", ["wizard", "activity"])
def test_eight_transfers_write_little(tmp_path: Path, page: str) -> None:
    with _at_work(tmp_path, "host.link.snapshot = moving") as terminal:
        terminal.press({"wizard": "", "activity": "a"}[page])
        written = _written(terminal, settle=4.0, seconds=6.0)
        assert 0 < written <= 6 * 4_000
        _end(terminal)


def _at_work(home: Path, moving: str, size: tuple[int, int] = (24, 80)) -> Terminal:
    code = FAKE.format(repo=REPO, more="").replace("host.link.snapshot = moving", moving)
    environment = {**os.environ, "HOME": str(home), "TMUX": ""}
    terminal = Terminal("-c", code, environment=environment, size=size)
    terminal.expect("welcome back")
    terminal.listen(1.0)
    terminal.press("\r")
    terminal.expect("Datasets")
    terminal.listen(1.0)
    terminal.press("\x1b[H")
    terminal.press("\x1b[B")
    return terminal


def _written(terminal: Terminal, settle: float, seconds: float) -> int:
    """Bytes written over a while, after what a key brought about is done."""
    terminal.listen(settle)
    before = len(terminal.said.encode())
    terminal.listen(seconds)
    return len(terminal.said.encode()) - before


def _end(terminal: Terminal) -> None:
    os.kill(terminal.pid, signal.SIGTERM)
    terminal.end()


ANYTHING = st.text(alphabet=st.characters(exclude_characters="\n"), max_size=60)
_OURS = re.compile(r"\x1b\[[\d;]*[Hm]")


def _painted(*texts: str) -> str:
    """What the terminal gets for segments of such texts in one line."""
    size = Size(200, 1)
    strip = Strip([Segment(text, Style(bold=place % 2 == 0)) for place, text in enumerate(texts)])
    update = LayoutUpdate([[strip]], Region(0, 0, *size))
    return _OURS.sub("", sequence(ShownCells().changes(update, size), lambda _, text: text))


@given(ANYTHING, ANYTHING)
@example("\x1b", "\x9b")
@example("a\x1b]0;owned\x07\x1b[2J\r", "\u202egnp.exe\x9b31m\u200f\ud800")
def test_no_text_of_others_acts_on_the_terminal(first: str, second: str) -> None:
    assert is_harmless_text(_painted(first or " ", second))


def test_what_is_left_out_moves_nothing_beside_it() -> None:
    assert _painted("a\x1b[2Jb", "c") == "a[2Jbc"
    assert _painted("a\u202eb\u00a0d\ue000", "c") == "ab d?c"
