"""Going somewhere by typing: the command palette, and a dataset by letters of its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from textual.app import ComposeResult
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from wizard.app.machine import remember_theme
from wizard.tui.glyphs import STATE_WORDS, TONES, glyphs
from wizard.tui.modals import Modal
from wizard.tui.screens.base import Page
from wizard.tui.themes import THEMES
from wizard.tui.widgets.field import TextField
from wizard.views import DatasetView

_Entry = tuple[str, str, Callable[[], object]]


class WizardCommands(Provider):
    """Commands of the screen in front, then the datasets to go to, then the themes."""

    async def discover(self) -> Hits:
        """Everything, before a letter is typed."""
        for name, said, call in self._entries():
            yield DiscoveryHit(name, call, help=said)

    async def search(self, query: str) -> Hits:
        """What fits the letters."""
        matcher = self.matcher(query)
        for name, said, call in self._entries():
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, matcher.highlight(name), call, help=said)

    def _entries(self) -> Iterator[_Entry]:
        yield from self._keys()
        yield from self._datasets()
        for theme in THEMES:
            yield f"Colours: {theme.name}", "Change the colours", self._painter(theme.name)

    def _keys(self) -> Iterator[_Entry]:
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.tooltip and active.enabled:
                key = binding.key_display or binding.key
                yield binding.tooltip, f"key {key}", self._runner(binding.action)

    def _datasets(self) -> Iterator[_Entry]:
        if not isinstance(self.screen, Page) or self.screen.wizard.bridge is None:
            return
        wizard = self.screen.wizard
        snapshot = wizard.bridge.snapshot if wizard.bridge else None
        for view in snapshot.datasets if snapshot else ():
            yield f"Go to {view.title}", "Show this dataset", self._jumper(view.id)

    def _runner(self, action: str) -> Callable[[], object]:
        async def act() -> None:
            await self.screen.run_action(action)

        return act

    def _painter(self, theme: str) -> Callable[[], object]:
        def paint() -> None:
            self.app.theme = theme
            remember_theme(theme)

        return paint

    def _jumper(self, dataset: str) -> Callable[[], object]:
        def go() -> None:
            if isinstance(self.screen, Page):
                self.screen.go_to(dataset)

        return go


class JumpModal(Modal[str]):
    """Returns the id of the dataset."""

    DEFAULT_CSS = """
    JumpModal > .box { width: 48; padding: 0 1;  }
    """

    def __init__(self, datasets: tuple[DatasetView, ...]) -> None:
        super().__init__()
        self._datasets = datasets

    def compose(self) -> ComposeResult:
        """A field and the datasets that fit."""
        with Vertical(classes="box") as box:
            box.border_title = "Go to"
            box.border_subtitle = "Enter goes, Esc stays"
            yield TextField(placeholder="type a few letters")
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        """All datasets first."""
        self._fill("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Only those that fit."""
        self._fill(event.value.strip().lower())

    def on_input_submitted(self) -> None:
        """Take the highlighted one."""
        self.query_one(OptionList).action_select()

    def on_key(self, event: Key) -> None:
        """Arrows move in the list while the field keeps the letters."""
        moves = {"down": "cursor_down", "up": "cursor_up"}
        choices = self.query_one(OptionList)
        if event.key in moves and not choices.has_focus:
            event.stop()
            choices.action_cursor_down() if event.key == "down" else choices.action_cursor_up()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go."""
        self.dismiss(event.option_id)

    def _fill(self, letters: str) -> None:
        choices = self.query_one(OptionList)
        choices.clear_options()
        for view in self._datasets:
            if letters in view.title.lower() or letters in view.id.lower():
                choices.add_option(Option(_row(view), id=view.id))
        if choices.option_count:
            choices.highlighted = 0


def _row(view: DatasetView) -> Content:
    tone = TONES[view.state]
    sign = glyphs().states[view.state]
    return Content.assemble(
        (f"{sign} ", tone), f"{view.title:<26} ", (STATE_WORDS[view.state], tone)
    )
