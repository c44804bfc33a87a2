"""The last page: what is there now, how well it is proven, and what to do with it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from wizard import figures
from wizard.errors import WizardError
from wizard.tui.crash import in_thread
from wizard.tui.glyphs import glyphs
from wizard.tui.screens.base import BACK, Page
from wizard.tui.widgets.keyline import KeyLine, TopLine
from wizard.views import Snapshot, checked_words

if TYPE_CHECKING:
    from wizard.app.outcome import InstalledLine, LastPage, VariableLine

_HELP = """\
# Finished

What was installed and how much of it was proven. What is **plausible** was checked by its name,
size and contents alone, as nobody published more to check it by. **y** copies the variables for
training code.
"""
_SHOWN = 3
"""Plausible archives named before the rest is counted."""


def finished(snapshot: Snapshot) -> bool:
    """Whether everything chosen is done."""
    return bool(snapshot.steps) and all(step.state == "done" for step in snapshot.steps)


class FinishedPage(Page):
    """Everything there is to say at the end."""

    HELP = _HELP
    BINDINGS = [
        Binding("y", "copy", "Copy variables", tooltip="Copy what training code is pointed with"),
        Binding("o", "open", "Report", tooltip="Open the report"),
        BACK,
    ]

    def __init__(self) -> None:
        super().__init__()
        self._page: LastPage | None = None

    def compose(self) -> ComposeResult:
        """One page of text."""
        session = self.wizard.open_session
        yield TopLine(f"{session.recipe.title}, finished", str(session.dest))
        with VerticalScroll(id="end"):
            yield Static("Gathering what was proven…", id="said")
        yield KeyLine()

    def on_mount(self) -> None:
        """Gather it without holding up the screen."""
        self.query_one(VerticalScroll).focus()
        self.run_worker(self._gather(), group="gather", exclusive=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what there is."""
        if action == "copy":
            return bool(self._page and variable_lines(self._page))
        return bool(self._page and self._page.report) if action == "open" else True

    def action_copy(self) -> None:
        """The variables, as a shell takes them."""
        if self._page is not None:
            self.wizard.copy_text(variable_lines(self._page))

    def action_open(self) -> None:
        """Open the report in a browser, where there is one."""
        if self._page is not None:
            self.wizard.open_page(f"file://{self._page.report}")

    async def _gather(self) -> None:
        session, bridge = self.wizard.open_session, self.wizard.bridge
        snapshot = bridge.snapshot if bridge else None
        if snapshot is None:
            return
        try:
            page = await in_thread(lambda: self.wizard.host.last_page(session, snapshot))
        except WizardError as error:
            parts = filter(None, (str(error), error.hint))
            said = ". ".join(f"{part[:1].upper()}{part[1:]}" for part in parts)
            self.query_one("#said", Static).update(Content.styled(said, "$text-error"))
            return
        self._page = page
        self.query_one("#said", Static).update(Content("\n").join(_lines(page)))
        self.refresh_bindings()


def variable_lines(page: LastPage) -> str:
    """Lines of shell that point training code to the install."""
    return "\n".join(_export(each) for each in page.variables if each.name)


def _export(variable: VariableLine) -> str:
    return f"export {variable.name}={shlex.quote(variable.value)}"


def _lines(page: LastPage) -> Iterator[Content]:
    sign = glyphs().states["done"]
    head = "Everything you chose is in place" if page.partial else "Everything is in place"
    yield Content.styled(
        f"{sign} {head} and {checked_words(page.plausible)}.", "bold $text-success"
    )
    took = f"Runners were at work for {figures.span(page.seconds)}." if page.seconds else ""
    proven = f"Proven: {page.checked.words()}." if page.checked.words() else ""
    yield Content(" ".join(filter(None, (proven, took))))
    yield from _plausible(page)
    yield from _titled("Installed", [_installed(each) for each in page.installed])
    yield from _titled("For training code", list(_variables(page)))
    nexts = [_command(each.command, each.about) for each in page.commands]
    yield from _titled("What to run next", nexts)
    outs = [_command(each.command, f"adds {each.title}. {each.loss}") for each in page.left_out]
    yield from _titled("Left out", outs)
    if page.report:
        yield from _titled("Report", [Content.styled(page.report, "$text-primary")])


def _plausible(page: LastPage) -> Iterator[Content]:
    if page.plausible:
        more = len(page.plausible) - _SHOWN
        names = ", ".join(page.plausible[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
        said = f"Plausible only, as nobody published more to check by: {names}."
        yield Content.styled(said, "$text-warning")


def _titled(title: str, lines: list[Content]) -> Iterator[Content]:
    if lines:
        yield Content.styled(f"\n{title}", "bold $text-primary")
        yield from lines


def _installed(line: InstalledLine) -> Content:
    sign = glyphs().states["done"]
    return Content.assemble(
        (f"{sign} ", "$text-success"),
        (line.title, "bold"),
        (f"  {line.checked.words() or 'archives in place'}", "$text-muted"),
    )


def _variables(page: LastPage) -> Iterator[Content]:
    for each in page.variables:
        if each.name:
            yield _command(_export(each), each.reader)
        else:
            yield Content(each.reader)


def _command(command: str, about: str) -> Content:
    return Content.assemble((command, "$text-accent"), (f"\n  {about}", "$text-muted"))
