"""What a person would rather look at than read: speed, images, disk and queue over time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.widget import Widget

from wizard import figures
from wizard.tui.glyphs import TONES, Glyphs, glyphs
from wizard.tui.history import Figures, History
from wizard.views import Snapshot, State, StepView

Curve = Sequence[float]
_BESIDE = 92
"""Width from which plots stand two beside each other."""
_GAP = 2
_QUEUE: tuple[tuple[State, str], ...] = (
    ("running", "running"),
    ("waiting", "need you"),
    ("failed", "failed"),
    ("paused", "paused"),
    ("partial", "begun"),
    ("todo", "ready"),
    ("locked", "later"),
    ("done", "done"),
)
"""States of the queue in their order, with the word for several."""


def plot(values: Curve, width: int, height: int, signs: Glyphs, tone: str) -> list[Content]:
    """``height`` rows of at most ``width`` columns, the newest at the right, scaled to the most."""
    shown = [*values][-width:]
    top = max(shown, default=0.0)
    steps = len(signs.sparks)
    levels = [round(value / top * height * steps) if top > 0 else 0 for value in shown]
    # What moved at all is seen.
    levels = [max(level, 1) if value > 0 else 0 for level, value in zip(levels, shown, strict=True)]
    rows: list[Content] = []
    for row in range(height - 1, -1, -1):
        text = "".join(_part(level - row * steps, signs) for level in levels)
        rows.append(Content.styled(f"{text:>{width}}", tone))
    return rows


def _part(level: int, signs: Glyphs) -> str:
    """The part of a column in one row: nothing, a lower part, or all of it."""
    return " " if level <= 0 else signs.sparks[min(level, len(signs.sparks)) - 1]


def stacked(
    lower: Curve, upper: Curve, width: int, height: int, signs: Glyphs, tones: tuple[str, str]
) -> list[Content]:
    """Two series one above the other, told apart by their signs as well as by their tones."""
    pairs = list(zip(lower, upper, strict=True))[-width:]
    top = max((low + high for low, high in pairs), default=0.0)
    cells = [_levels(pair, top, height) for pair in pairs]
    rows: list[Content] = []
    for row in range(height - 1, -1, -1):
        parts: list[tuple[str, str] | str] = [" " * (width - len(cells))]
        for low, both in cells:
            if row < low:
                parts.append((signs.sparks[-1], tones[0]))
            else:
                parts.append((signs.shade, tones[1]) if row < both else " ")
        rows.append(Content.assemble(*parts).simplify())
    return rows


def _levels(pair: tuple[float, float], top: float, height: int) -> tuple[int, int]:
    """How many whole cells the lower one, and both together, are high."""
    if top <= 0:
        return 0, 0
    low, both = round(pair[0] / top * height), round(sum(pair) / top * height)
    return low, max(both, low)


def shares(parts: Sequence[tuple[float, str, str]], width: int) -> Content:
    """One bar of several parts, each with its sign and tone, together ``width`` cells at most."""
    total = sum(amount for amount, _, _ in parts)
    drawn: list[tuple[str, str] | str] = []
    done = 0.0
    for amount, sign, tone in parts:
        start = round(done / total * width) if total else 0
        done += amount
        drawn.append((sign * (round(done / total * width) - start if total else 0), tone))
    return Content.assemble(*drawn)


@dataclass(frozen=True, slots=True)
class Section:
    """One plot: its name, what it says now, and how it is drawn."""

    name: str
    said: str
    draw: Callable[[int, int], list[Content]]
    """The plot itself, from its width and its height in cells."""

    def head(self, width: int) -> Content:
        """Its line of words."""
        room = max(0, width - len(self.name) - 2)
        said = self.said if len(self.said) <= room else f"{self.said[: max(0, room - 1)]}…"
        return Content.assemble((self.name, "bold $text-primary"), "  ", (said, "$text"))


class Plots(Widget):
    """Drawn anew at most once a second, and only where a figure changed."""

    DEFAULT_CSS = """
    Plots { height: 1fr; padding: 0 2; display: none; }
    """

    def __init__(self) -> None:
        super().__init__(id="plots")
        self._history = History()
        self._snapshot: Snapshot | None = None
        self._second = 0
        self._shown = Content("")

    def show(self, snapshot: Snapshot, history: History) -> None:
        """Follow the figures."""
        self._history = history
        second, before = int(snapshot.moment), self._snapshot
        if before is None or second != self._second or _turned(before, snapshot):
            self._snapshot, self._second = snapshot, second
            self._follow()

    def on_resize(self) -> None:
        """Fit the plots to the new room."""
        self._follow()

    def render(self) -> Content:
        """All of them."""
        return self._shown

    def _follow(self) -> None:
        width, height = self.content_region.size
        if self._snapshot is None or not self.display or width < 20:
            return
        shown = drawn(self._snapshot, self._history, width, height)
        if not shown.is_same(self._shown):
            self._shown = shown
            self.refresh()


def drawn(snapshot: Snapshot, history: History, width: int, height: int) -> Content:
    """As many plots as fit, two beside each other where there is room for that."""
    sections = _sections(snapshot, history)
    beside = width >= _BESIDE
    rows = -(-len(sections) // 2) if beside else len(sections)
    if height < rows:
        rows, sections = height, sections[: height * (2 if beside else 1)]
    if not rows:
        return Content("")
    own = (width - _GAP) // 2 if beside else width
    each = height // rows
    blocks = [_block(section, own, each) for section in sections]
    if not beside:
        blocks[-1] = _block(sections[-1], own, height - each * (rows - 1))
        return Content("\n").join([line for block in blocks for line in block])
    lines: list[Content] = []
    for left, right in zip(blocks[::2], [*blocks[1::2], []], strict=False):
        lines += _side_by_side(left, right, own)
    return Content("\n").join(lines)


def _turned(one: Snapshot, other: Snapshot) -> bool:
    return (one.running, one.paused) != (other.running, other.paused)


def _sections(snapshot: Snapshot, history: History) -> list[Section]:
    now, signs = history.last, glyphs()
    most = max(history.values(_rate, 60), default=0.0)
    rate = f"{signs.down} {figures.rate(now.rate)}" if now.rate else "nothing comes in"
    back = f", most {figures.rate(most)} in {figures.span(history.span)}" if most else ""
    work = figures.rate(now.images, "images") if now.images else "none at work"
    used = f"{figures.size(now.used)} used, " if now.used else ""
    disk = f"{used}{figures.size(now.needed)} needed, {figures.size(snapshot.disk_free)} free"

    def over_time(of: Callable[[Figures], float]) -> Callable[[int, int], list[Content]]:
        return lambda width, rows: plot(
            history.values(of, width), width, rows, signs, "$text-accent"
        )

    def on_disk(width: int, rows: int) -> list[Content]:
        used, needed = history.values(_used, width), history.values(_needed, width)
        return stacked(used, needed, width, rows, signs, ("$text-primary", "$text-muted"))

    counts = ", ".join(f"{amount} {word}" for _, word, amount in _counts(snapshot))
    return [
        Section("Download", rate + back, over_time(_rate)),
        Section("Images", work, over_time(_images)),
        Section("Disk", disk, on_disk),
        Section("Queue", counts, lambda width, rows: _queue(snapshot, width, rows)),
    ]


def _block(section: Section, width: int, height: int) -> list[Content]:
    """One plot in exactly ``height`` rows, a blank one below it where there is room."""
    rows = max(0, height - 1 - (height > 4))
    lines = [section.head(width), *(section.draw(width, rows) if rows else [])]
    return [*lines, *[Content("")] * (height - len(lines))]


def _side_by_side(left: list[Content], right: list[Content], width: int) -> list[Content]:
    blank = [Content("")] * (len(left) - len(right))
    pairs = zip(left, [*right, *blank], strict=True)
    return [one.pad_right(width - one.cell_length + _GAP) + other for one, other in pairs]


def _rate(then: Figures) -> float:
    return then.rate


def _images(then: Figures) -> float:
    return then.images


def _used(then: Figures) -> float:
    return then.used


def _needed(then: Figures) -> float:
    return then.needed


def _counts(snapshot: Snapshot) -> Iterable[tuple[State, str, int]]:
    states = [step.state for step in snapshot.steps]
    for state, word in _QUEUE:
        if amount := states.count(state):
            yield state, word, amount


def _queue(snapshot: Snapshot, width: int, rows: int) -> list[Content]:
    """A bar of all steps by state, then what runs and what comes next."""
    if not rows:
        return []
    signs = glyphs()
    parts = [
        (float(amount), signs.full if state == "done" else signs.states[state], TONES[state])
        for state, _, amount in sorted(_counts(snapshot), key=lambda each: each[0] != "done")
    ]
    titles = {view.id: view.title for view in snapshot.datasets}
    coming = [*_in(snapshot, "running"), *_in(snapshot, "partial"), *_in(snapshot, "todo")]
    lines = [_coming(step, titles.get(step.dataset, step.dataset), width) for step in coming]
    return [shares(parts, width), *lines[: rows - 1]]


def _in(snapshot: Snapshot, state: State) -> list[StepView]:
    return [step for step in snapshot.steps if step.state == state]


def _coming(step: StepView, title: str, width: int) -> Content:
    said = f"{title}: {step.title}"
    share = f" {figures.percent(step.done / step.total)}" if step.done and step.total else ""
    room = max(8, width - 2 - len(share))
    said = said if len(said) <= room else f"{said[: room - 1]}…"
    tone = TONES[step.state]
    return Content.assemble((f"{glyphs().states[step.state]} ", tone), said, (share, tone))
