"""Failures grouped by cause, each with what to do."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from wizard import figures
from wizard.engine.views import FailureGroup
from wizard.tui.glyphs import glyphs

EXAMPLES = 3
"""Examples shown of a group; the report holds all of them."""


def lines(groups: tuple[FailureGroup, ...]) -> Content:
    """Every group: how many, of what, for example which, and what to do."""
    signs = glyphs()
    parts: list[tuple[str, str] | str] = []
    for group in groups:
        tone = "$text-error" if group.fatal else "$text-warning"
        sign = signs.states["failed" if group.fatal else "waiting"]
        kind = "failure" if group.fatal else "note"
        cause = group.cause.replace("-", " ")
        parts += [(f"{sign} {cause}", f"bold {tone}")]
        parts += [(f"  {figures.count(group.count, kind)}\n", "$text-muted")]
        parts += [f"  {example}\n" for example in group.examples[:EXAMPLES]]
        if group.count > EXAMPLES and len(group.examples) > EXAMPLES:
            parts += [
                (f"  and {group.count - EXAMPLES:,} more, all in the report\n", "$text-muted")
            ]
        if group.hint:
            parts += [(f"  {signs.arrow} {group.hint}\n", "$text-accent")]
    return Content.assemble(*parts).rstrip()


class FailureList(Widget):
    """What went wrong in a stage; takes no room while nothing did."""

    DEFAULT_CSS = """
    FailureList { height: auto; display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._groups: tuple[FailureGroup, ...] = ()

    def show(self, groups: tuple[FailureGroup, ...]) -> None:
        """Draw the groups, if they are new."""
        if groups != self._groups:
            self._groups = groups
            self.display = bool(groups)
            self.refresh(layout=True)

    def render(self) -> Content:
        """All groups, then how to go on."""
        if not self._groups:
            return Content("")
        said = lines(self._groups)
        if any(group.fatal for group in self._groups):
            said = said + Content.styled("\n\nPress r to try again. What is done stays.", "$text")
        return said
