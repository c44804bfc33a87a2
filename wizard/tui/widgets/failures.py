"""Failures and notes grouped by cause, each with what to do."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content
from textual.widget import Widget

from wizard import figures
from wizard.engine.views import FailureGroup
from wizard.tui.glyphs import TONES, glyphs

EXAMPLES = 3
"""Examples shown of a group; the report holds all of them."""
NOTES = "Notes, nothing has to be done"
"""Stands above what is only worth knowing, so that nobody takes it for a failure."""


def fatal(groups: Iterable[FailureGroup]) -> tuple[FailureGroup, ...]:
    """What has to be mended."""
    return tuple(group for group in groups if group.fatal)


def harmless(groups: Iterable[FailureGroup]) -> tuple[FailureGroup, ...]:
    """What is only worth knowing."""
    return tuple(group for group in groups if not group.fatal)


def lines(group: FailureGroup, where: str = "") -> Content:
    """One group: what, how often, where, for example which, and what to do."""
    signs = glyphs()
    sign, tone = _sign(group)
    times = figures.count(group.count, "failure" if group.fatal else "note")
    parts: list[tuple[str, str] | str] = [
        (f"{sign} {group.cause.replace('-', ' ')}", f"bold {tone}"),
        (f"  {times}\n", "$text-muted"),
    ]
    parts += [(f"  {where}\n", "$text-muted")] if where else []
    parts += [f"  {example}\n" for example in group.examples[:EXAMPLES]]
    if group.count > EXAMPLES and len(group.examples) > EXAMPLES:
        parts += [(f"  and {group.count - EXAMPLES:,} more, all in the report\n", "$text-muted")]
    if group.hint:
        parts += [(f"  {signs.arrow} {group.hint}\n", "$text-accent")]
    return Content.assemble(*parts).rstrip()


def _sign(group: FailureGroup) -> tuple[str, str]:
    signs = glyphs()
    return (signs.states["failed"], TONES["failed"]) if group.fatal else (signs.bullet, "$text")


class FailureList(Widget):
    """What went wrong in a stage, then what is worth knowing; empty, it takes no room."""

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
        """Failures and how to go on, then notes."""
        broken, noted = fatal(self._groups), harmless(self._groups)
        parts = [lines(group) for group in broken]
        if broken:
            parts.append(Content.styled("\nPress r to try again. What is done stays.", "$text"))
        if noted:
            head = f"\n{NOTES}" if broken else NOTES
            parts += [Content.styled(head, "bold $text-muted"), *map(lines, noted)]
        return Content("\n").join(parts)
