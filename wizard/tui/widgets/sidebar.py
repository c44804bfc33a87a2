"""The sidebar: every dataset in the required order, with sign and share, or all its stages."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from textual.content import Content
from textual.geometry import Offset
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from wizard import figures
from wizard.tui.glyphs import STATE_WORDS, TONES, Glyphs, glyphs
from wizard.tui.stages import steps_of, wants, worst
from wizard.views import DatasetView, Role, Snapshot, State, StepView

Column = Literal["Terms", "Files", "Unpacked", "Labels", "Proven"]

COLUMNS: tuple[Column, ...] = get_args(Column)
"""The stages every dataset passes, in order."""
_ROLES = MappingProxyType[Role, Column](
    {
        "accept": "Terms",
        "fetch": "Files",
        "labels": "Labels",
        "convert": "Labels",
        "check": "Proven",
        "prove": "Proven",
        "report": "Proven",
    }
)
"""Where steps stand by what they are for; every other puts files in their places: ``Unpacked``."""
TABLE_WIDTH = 50
"""Inner width from which a row shows the dataset's stages."""
_CELLS = (6, 9, 9, 7, 8)
"""Least width of each of ``COLUMNS``: a sign and a share, or a date, and a gap."""
_TITLE = 26
"""Width of a title that may stay whole; what is left goes to the columns."""
LIST_TITLE = "Datasets"


@dataclass(frozen=True, slots=True)
class StageCell:
    """One stage of one dataset."""

    state: State | None = None
    """None where the dataset has no such step."""
    fraction: float = 0.0
    since: str = ""
    """When the licence it waits for was asked for, or when it is tried again by itself."""

    def words(self, signs: Glyphs) -> str:
        """A sign, and how far it is or since when it waits: ``▶ 42%``."""
        if self.state is None:
            return ""
        share = figures.percent(self.fraction) if self.fraction and self.state != "done" else ""
        said = (self.since or "you") if self.state == "waiting" else share
        return f"{signs.states[self.state]} {said}".rstrip()


def cells(steps: Iterable[StepView], asked: float | None = None) -> tuple[StageCell, ...]:
    """One cell for each of ``COLUMNS``; ``asked`` is when the licence was asked for, if it was."""
    by_column: dict[Column, list[StepView]] = {column: [] for column in COLUMNS}
    for step in _preferred(tuple(steps)):
        by_column[_ROLES.get(step.role, "Unpacked")].append(step)
    return tuple(_cell(by_column[column], asked) for column in COLUMNS)


def _preferred(steps: Sequence[StepView]) -> Iterable[StepView]:
    """Leave out the sources that only stand by: nobody knows whether they are ever needed."""
    first = next((step.alternative for step in steps if step.alternative), "")
    return (step for step in steps if step.alternative in ("", first))


def _cell(steps: Sequence[StepView], asked: float | None) -> StageCell:
    if not steps:
        return StageCell()
    state = worst(step.state for step in steps)
    fraction = sum(map(_share, steps)) / len(steps)
    return StageCell(state, fraction, _since(steps, asked) if state == "waiting" else "")


def _share(step: StepView) -> float:
    if step.state == "done":
        return 1.0
    # A step that checks what is there may count beyond what was planned.
    return min(1.0, step.done / step.total) if step.total else 0.0


def _since(steps: Sequence[StepView], asked: float | None) -> str:
    again = [step.request.again for step in steps if step.request and step.request.again]
    if again:
        return time.strftime("%H:%M", time.localtime(min(again)))
    owners = any(
        wants(step) and step.request and step.request.kind in ("link", "base-url", "browser")
        for step in steps
    )
    return time.strftime("%d %b", time.localtime(asked)).lstrip("0") if asked and owners else ""


Cells = tuple[StageCell, ...]


def sidebar_row(view: DatasetView, signs: Glyphs, width: int, cells: Cells = ()) -> Content:
    """One row of the sidebar, exactly ``width`` cells wide."""
    if cells and width >= TABLE_WIDTH and view.chosen:
        return table_row(view, signs, width, cells)
    sign = signs.states[view.state]
    word = STATE_WORDS[view.state] if view.chosen else "left out"
    moving = view.state in ("running", "partial", "paused")
    status = f"{word} {figures.percent(view.fraction)}" if moving else word
    room = width - len(status) - 3
    return Content.assemble(
        (f"{sign} ", _tone(view)),
        (f"{_cut(view.title, room)} ", _words(view)),
        (status, _tone(view)),
    )


def table_row(view: DatasetView, signs: Glyphs, width: int, cells: Cells) -> Content:
    """A row with a cell for every stage; the one that moves is bold."""
    widths = _cell_widths(width)
    room = width - sum(widths) - 3
    parts: list[tuple[str, str] | str] = [
        (f"{signs.states[view.state]} ", _tone(view)),
        (f"{_cut(view.title, room)} ", _words(view)),
    ]
    for cell, own in zip(cells, widths, strict=True):
        tone = TONES[cell.state] if cell.state else ""
        moves = "bold " if cell.state == "running" else ""
        parts.append((f"{cell.words(signs):<{own}}", moves + tone))
    return Content.assemble(*parts)


def table_head(width: int) -> str:
    """The names of the columns above rows of ``width`` cells, or of the list without a table.

    It stands in the frame, one cell further to the right than the rows.
    """
    if width < TABLE_WIDTH:
        return LIST_TITLE
    widths = _cell_widths(width)
    names = "".join(f"{name:<{own}}" for name, own in zip(COLUMNS, widths, strict=True))
    return f"{LIST_TITLE:<{width - sum(widths) - 1}}{names.rstrip()}"


def _cell_widths(width: int) -> tuple[int, ...]:
    spare = max(0, width - sum(_CELLS) - 3 - _TITLE) // len(_CELLS)
    return tuple(own + spare for own in _CELLS)


def _cut(title: str, room: int) -> str:
    room = max(1, room)
    return f"{title if len(title) <= room else title[: room - 1] + '…':<{room}}"


def _tone(view: DatasetView) -> str:
    return TONES[view.state] if view.chosen else "$text-muted"


def _words(view: DatasetView) -> str:
    return "$text-muted" if view.state in ("locked", "done") or not view.chosen else "$text"


class Sidebar(OptionList):
    """The datasets of an install; moving the highlight shows the dataset's pane."""

    class Moved(Message):
        """Another dataset is highlighted."""

        def __init__(self, dataset: str) -> None:
            super().__init__()
            self.dataset = dataset

    def __init__(self) -> None:
        super().__init__(id="sidebar", markup=False)
        self._views: tuple[DatasetView, ...] = ()
        self._cells: tuple[Cells, ...] = ()
        self._signs = glyphs()
        self._width = 0

    @property
    def dataset(self) -> str:
        """Id of the highlighted dataset; empty before the first sample."""
        place = self.highlighted
        return self._views[place].id if place is not None and self._views else ""

    def show(self, snapshot: Snapshot, asked: Mapping[str, float]) -> None:
        """Redraw the rows that changed; ``asked`` tells when licences were asked for."""
        views, width = snapshot.datasets, self.scrollable_content_region.width
        found = (cells(steps_of(snapshot, view.id), asked.get(view.id)) for view in views)
        rows = tuple(found) if width >= TABLE_WIDTH else ((),) * len(views)
        before = list(zip(self._views, self._cells, strict=True))
        same = [view.id for view in views] == [view.id for view in self._views]
        moved = width != self._width
        self._views, self._cells, self._width = views, rows, width
        if moved:
            self.border_title = _unbroken(table_head(width))
        if not same:
            self._fill()
            return
        for place, row in enumerate(zip(views, rows, strict=True)):
            if moved or row != before[place]:
                self.replace_option_prompt_at_index(place, self._row(place))

    def choose(self, dataset: str) -> None:
        """Move the highlight to a dataset."""
        for place, view in enumerate(self._views):
            if view.id == dataset:
                self.highlighted = place

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Tell the screen, and put the cursor on the row for those who listen or feel."""
        event.stop()
        self.post_message(self.Moved(event.option_id or ""))
        if self.has_focus:
            line = event.option_index - int(self.scroll_y)
            self.app.cursor_position = self.content_region.offset + Offset(0, line)

    def _fill(self) -> None:
        chosen = self.dataset
        self.clear_options()
        self.add_options(
            [Option(self._row(place), id=view.id) for place, view in enumerate(self._views)]
        )
        places = [place for place, view in enumerate(self._views) if view.id == chosen]
        self.highlighted = places[0] if places else 0

    def _row(self, place: int) -> Content:
        return sidebar_row(self._views[place], self._signs, self._width, self._cells[place])


def _unbroken(text: str) -> Content:
    return Content(text.replace(" ", "\u00a0"))
