"""Archives on their way: bytes, rate, time left, last byte, mirror."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content

from wizard import figures
from wizard.tui.glyphs import TONES, glyphs
from wizard.tui.widgets.meter import Steady
from wizard.views import State, TransferView

QUIET = 5.0
"""Seconds without a byte before a row says so."""

_STATES: dict[str, State] = {
    "queued": "todo",
    "connecting": "running",
    "running": "running",
    "retrying": "partial",
    "paused": "paused",
    "checking": "running",
    "failed": "failed",
    "done": "done",
}


def received(view: TransferView) -> str:
    """How much is here: ``8.1 of 19.3 GB``; empty for what was not needed after all."""
    if view.total is None:
        return figures.size(view.done)
    if view.done >= view.total:
        return figures.size(view.total)
    if view.state == "done":
        return ""
    done, total = figures.size(view.done), figures.size(view.total)
    number, _, unit = done.partition(" ")
    return f"{number if total.endswith(' ' + unit) else done} of {total}"


def source(view: TransferView) -> str:
    """Where from and how lively: ``images.example.org, last byte 12 s ago``."""
    parts = [view.mirror] if view.mirror else []
    if view.state == "running" and view.quiet >= QUIET:
        parts.append(f"last byte {figures.span(view.quiet)} ago")
    if view.note:
        parts.append(view.note)
    return ", ".join(parts)


class TransferRow(Steady):
    """One archive, in three lines."""

    DEFAULT_CSS = """
    TransferRow {
        height: auto; margin-bottom: 1;
        &:focus {
            text-style: $block-cursor-blurred-text-style;
            background: $block-cursor-blurred-background;
        }
    }
    """

    def __init__(self, view: TransferView, *, choosable: bool = False) -> None:
        super().__init__()
        self.can_focus = choosable
        self._view = view

    @property
    def view(self) -> TransferView:
        """The archive it shows."""
        return self._view

    def show(self, view: TransferView) -> None:
        """Draw the new figures, if they are new."""
        if view != self._view:
            self._view = view
            self.redraw()

    def drawn(self, width: int) -> Content:
        """Name and state; bar; where from."""
        view = self._view
        lines = [self._title(view, width)]
        if view.state != "done":
            lines.append(self._bar(view, width))
        if said := source(view):
            lines.append(Content.styled(f"  {said}", "$text-muted"))
        return Content("\n").join(lines)

    def _title(self, view: TransferView, width: int) -> Content:
        state = _STATES[view.state]
        said = received(view) if view.state in ("done", "queued") else ""
        right = f"{said}  {view.state}".strip()
        room = max(8, width - len(right) - 3)
        name = view.archive if len(view.archive) <= room else view.archive[: room - 1] + "…"
        return Content.assemble(
            (f"{glyphs().states[state]} ", TONES[state]),
            (f"{name:<{room}} ", "bold" if state == "running" else ""),
            (right, TONES[state]),
        )

    def _bar(self, view: TransferView, width: int) -> Content:
        if view.state == "queued":
            return Content("")
        parts = [received(view), figures.rate(view.rate) if view.rate else ""]
        if view.eta is not None:
            parts.append(f"{figures.span(view.eta)} left")
        said = "  ".join(part for part in parts if part)
        fraction = view.done / view.total if view.total else 0.0
        share = f"{figures.percent(fraction):>4}  " if view.total else "  "
        full, empty = glyphs().bar(fraction, max(6, width - len(said) - len(share) - 3))
        return Content.assemble(
            "  ", (full, "$text-primary"), (empty, "$border-blurred"), (share, "bold"), said
        )


class TransferList(Vertical):
    """The transfers of a stage; rows come and go, kept ones are updated in place."""

    DEFAULT_CSS = """
    TransferList { height: auto; }
    """
    BINDINGS = [
        Binding("up", "app.focus_previous", "Row before", show=False),
        Binding("down", "app.focus_next", "Next row", show=False),
    ]

    def __init__(self, *, choosable: bool = False) -> None:
        super().__init__()
        self._choosable = choosable
        self._rows: dict[str, TransferRow] = {}

    def compose(self) -> ComposeResult:
        """Empty at first."""
        yield from ()

    def show(self, views: tuple[TransferView, ...]) -> None:
        """Update, add and remove rows by archive."""
        keys = {f"{view.address} {view.archive}": view for view in views}
        for key in [key for key in self._rows if key not in keys]:
            self._rows.pop(key).remove()
        fresh: list[TransferRow] = []
        for key, view in keys.items():
            if key in self._rows:
                self._rows[key].show(view)
            else:
                self._rows[key] = row = TransferRow(view, choosable=self._choosable)
                fresh.append(row)
        if fresh:
            self.mount_all(fresh)

    def focus_first(self) -> bool:
        """Put the cursor on the first row; tells whether there is one."""
        first = next(iter(self._rows.values()), None)
        if first is not None:
            first.focus()
        return first is not None
