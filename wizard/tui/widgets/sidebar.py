"""The sidebar: every dataset in the required order, with sign and share, or all its stages."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content
from textual.geometry import Offset
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from wizard import figures
from wizard.tui.glance.columns import COLUMNS, StageCell, cells
from wizard.tui.glyphs import STATE_WORDS, TONES, Glyphs, glyphs
from wizard.tui.stages import steps_of
from wizard.views import DatasetView, Snapshot

TABLE_WIDTH = 50
"""Inner width from which a row shows the dataset's stages."""
_CELLS = (6, 9, 9, 7, 8)
"""Least width of each of ``COLUMNS``: a sign and a share, or a date, and a gap."""
_TITLE = 26
"""Width of a title that may stay whole; what is left goes to the columns."""
LIST_TITLE = "Datasets"

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
