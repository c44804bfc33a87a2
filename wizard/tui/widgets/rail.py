"""The rail: every dataset in the required order, with sign, word and share done."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Offset
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from wizard import figures
from wizard.engine.views import DatasetView
from wizard.tui.glyphs import TONES, WORDS, Glyphs, glyphs

NARROW = 36
"""Inner width below which a row shows the word or the share, not both."""


def row(view: DatasetView, signs: Glyphs, width: int) -> Content:
    """One row of the rail, exactly ``width`` cells wide."""
    sign = signs.states[view.state]
    word = WORDS[view.state]
    share = figures.percent(view.fraction)
    moving = view.state in ("running", "partial", "paused")
    short = f"{word} {share}" if moving else word
    status = f"{word:<9} {share:>4}" if width >= NARROW else short
    room = width - len(status) - 3
    title = view.title if len(view.title) <= room else view.title[: room - 1] + "…"
    tone = TONES[view.state]
    words = "$text-muted" if view.state in ("locked", "done") else "$text"
    return Content.assemble((f"{sign} ", tone), (f"{title:<{room}} ", words), (status, tone))


class Rail(OptionList):
    """The datasets of an install; moving the highlight shows the dataset's pane."""

    class Moved(Message):
        """Another dataset is highlighted."""

        def __init__(self, dataset: str) -> None:
            super().__init__()
            self.dataset = dataset

    def __init__(self) -> None:
        super().__init__(id="rail", markup=False)
        self._views: tuple[DatasetView, ...] = ()
        self._signs = glyphs()
        self._width = 0

    @property
    def dataset(self) -> str:
        """Id of the highlighted dataset; empty before the first sample."""
        place = self.highlighted
        return self._views[place].id if place is not None and self._views else ""

    def show(self, views: tuple[DatasetView, ...]) -> None:
        """Redraw the rows that changed."""
        width = self.scrollable_content_region.width
        if [view.id for view in views] != [view.id for view in self._views]:
            self._fill(views, width)
        elif width != self._width:
            for place, view in enumerate(views):
                self._draw(place, view, width)
        else:
            for place, (old, new) in enumerate(zip(self._views, views, strict=True)):
                if old != new:
                    self._draw(place, new, width)
        self._views = views
        self._width = width

    def choose(self, dataset: str) -> None:
        """Move the highlight to a dataset."""
        for place, view in enumerate(self._views):
            if view.id == dataset:
                self.highlighted = place

    def on_resize(self) -> None:
        """Fit the rows to the new width."""
        if self._views:
            self.call_after_refresh(lambda: self.show(self._views))

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Tell the screen, and put the cursor on the row for those who listen or feel."""
        event.stop()
        self.post_message(self.Moved(event.option_id or ""))
        if self.has_focus:
            line = event.option_index - int(self.scroll_y)
            self.app.cursor_position = self.content_region.offset + Offset(0, line)

    def _fill(self, views: tuple[DatasetView, ...], width: int) -> None:
        chosen = self.dataset
        self.clear_options()
        self.add_options([Option(row(view, self._signs, width), id=view.id) for view in views])
        self._views = views
        places = [place for place, view in enumerate(views) if view.id == chosen]
        self.highlighted = places[0] if places else 0

    def _draw(self, place: int, view: DatasetView, width: int) -> None:
        self.replace_option_prompt_at_index(place, row(view, self._signs, width))
