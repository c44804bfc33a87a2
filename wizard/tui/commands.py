"""The command palette: everything a key does, by name, and every dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from textual.command import DiscoveryHit, Hit, Hits, Provider

from wizard.app.machine import remember_theme
from wizard.tui.screens.base import Page
from wizard.tui.themes import THEMES

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
