"""The first and the last line of every page: where am I, and which keys work here."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Click
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Label

LAST = ("help", "app.help", "leave", "app.leave")
"""Actions that stand at the end of the line and never give way, in this order."""


class TopLine(Horizontal):
    """Program and place on the left, a detail such as the destination on the right."""

    DEFAULT_CSS = """
    TopLine {
        height: 1;
        padding: 0 1;
        & #place { width: auto; }
        & #aside { width: 1fr; text-align: right; color: $text-muted; text-wrap: nowrap;
                   text-overflow: ellipsis; padding-left: 2; }
    }
    """

    def __init__(self, place: str, aside: str = "") -> None:
        super().__init__()
        self._place = place
        self._aside = aside

    def compose(self) -> ComposeResult:
        """Two labels."""
        title = Content.assemble(("segwizard", "bold $text-primary"), f"  {self._place}")
        yield Label(title, id="place", markup=False)
        yield Label(self._aside, id="aside", markup=False)

    def aside(self, text: str) -> None:
        """Change the detail on the right."""
        if text != self._aside:
            self._aside = text
            self.query_one("#aside", Label).update(text)


class KeyLine(Widget):
    """One widget for all keys: the toolkit's footer makes one for each, anew at every change."""

    DEFAULT_CSS = """
    KeyLine { dock: bottom; height: auto; max-height: 6; background: $footer-background; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown = Content("")
        self._width = 0
        self._said: Content | None = None
        self._spans: list[tuple[int, int, str, object]] = []

    def on_mount(self) -> None:
        """Follow the keys."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def say(self, text: str, tone: str = "$text", seconds: float = 4.0) -> None:
        """Show a sentence above the keys for a while; it moves the page up and covers nothing."""
        said = self._said = Content.styled(text, tone)
        self.refresh(layout=True)
        self.set_timer(seconds, lambda: self._forget(said))

    def _forget(self, said: Content) -> None:
        if self._said is said:
            self._said = None
            self.refresh(layout=True)

    def render(self) -> Content:
        """The line, below what is said."""
        if self.size.width != self._width:
            self._width = self.size.width
            self._shown = self._drawn(self._width)
        said = () if self._said is None else (self._said,)
        return Content("\n").join([*said, self._shown])

    async def on_click(self, event: Click) -> None:
        """Do what the key does."""
        keys = event.y == self.size.height - 1
        for start, end, action, namespace in self._spans:
            if keys and start <= event.x < end:
                await self.app.run_action(action, default_namespace=namespace)  # type: ignore[arg-type]

    def _changed(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen:
            self._follow()

    def _follow(self) -> None:
        shown = self._drawn(self.size.width)
        if not shown.is_same(self._shown):
            self._shown = shown
            self.refresh()

    def _drawn(self, width: int) -> Content:
        every = self.screen.active_bindings.values()
        typing = isinstance(self.screen.focused, Input)
        shown = [a for a in every if a.binding.show and not (typing and _is_text(a.binding.key))]
        once = list({active.binding.action: active for active in reversed(shown)}.values())[::-1]
        ends = sorted((a for a in once if _last(a)), key=lambda a: LAST.index(a.binding.action))
        room = width - sum(len(self._words(active)) for active in ends)
        taken: list[ActiveBinding] = []
        for active in (active for active in once if not _last(active)):
            room -= len(self._words(active))
            if room < 0:
                break
            taken.append(active)
        self._spans, column, parts = [], 0, []
        for active in [*taken, *ends]:
            length = len(self._words(active))
            if active.enabled:
                self._spans.append((column, column + length, active.binding.action, active.node))
            parts.append(self._part(active))
            column += length
        return Content("").join(parts)

    def _words(self, active: ActiveBinding) -> str:
        return f" {self._key(active)} {active.binding.description}"

    def _key(self, active: ActiveBinding) -> str:
        return self.app.get_key_display(active.binding)

    def _part(self, active: ActiveBinding) -> Content:
        if not active.enabled:
            return Content.styled(self._words(active), "$text-disabled")
        return Content.assemble(
            (f" {self._key(active)}", "bold $footer-key-foreground"),
            f" {active.binding.description}",
        )


def _is_text(key: str) -> bool:
    """Whether a key is a letter or sign, which a field takes for itself."""
    return len(key) == 1 or key in ("question_mark", "space")


def _last(active: ActiveBinding) -> bool:
    return active.binding.action in LAST
