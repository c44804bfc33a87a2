"""Where to: a folder, with what its disk can take and what would be left."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, Static

from wizard import figures
from wizard.app.planning import Disk
from wizard.errors import DestinationError
from wizard.steps.planned import Plan
from wizard.tui.crash import in_thread
from wizard.tui.glyphs import glyphs
from wizard.tui.screens.base import FirstRunPage
from wizard.tui.widgets.field import TextField

_HELP = """\
# Choose a destination

The folder everything goes to; it is made if it is not there. Large local disks work best. On
network disks the many small files of the datasets take longer.

If an install already lives in the folder, the wizard goes on with it.
"""
_PAUSE = 0.25
"""Seconds after the last key before the disk is looked at."""


class DestinationPage(FirstRunPage):
    """The second page of the first run."""

    PLACE = "Destination"
    ASK = "Where should it go?"
    HELP = _HELP

    def __init__(self) -> None:
        super().__init__()
        self._disk: Disk | None = None
        self._timer: Timer | None = None

    @property
    def dest(self) -> Path:
        """The folder as typed, made absolute."""
        return Path(self.query_one(Input).value.strip() or ".").expanduser().absolute()

    def body(self) -> ComposeResult:
        """The field and what is known of the place."""
        start = self.wizard.setup.dest or Path.home() / "datasets"
        with Vertical(classes="body"):
            yield TextField(str(start), placeholder="/path/to/a/large/disk", id="dest")
            yield Static("", id="facts")

    def on_mount(self) -> None:
        """Look at the place that stands there."""
        self.query_one(Input).focus()
        self._look_soon()

    def on_input_changed(self) -> None:
        """Look again when typing stops."""
        self._look_soon()

    def action_next(self) -> None:
        """Go on if the place can be used."""
        self.run_worker(self._next(), group="next", exclusive=True)

    async def _next(self) -> None:
        await self._look()
        if self._disk is None or self._disk.problem:
            problem = self._disk.problem if self._disk else "the folder cannot be looked at"
            self.fault(DestinationError(problem, hint="Choose another folder"))
            return
        dest = self.dest
        self.fault(None)
        self.wizard.setup.dest = dest
        if await in_thread(lambda: self.wizard.host.find(dest)):
            await self.wizard.reopen(dest)
            return
        self.wizard.go("datasets")

    def _look_soon(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_PAUSE, self._look)

    async def _look(self) -> None:
        dest, recipe, host = self.dest, self.wizard.setup.recipe, self.wizard.host
        disk = await in_thread(lambda: host.disk(dest))
        self._disk = disk
        if recipe is None:
            return
        plan = await in_thread(lambda: host.plan(recipe, dest, ()))
        if self.is_attached and dest == self.dest:
            self.query_one("#facts", Static).update(disk_facts(disk, plan, recipe.title))


def disk_facts(disk: Disk, plan: Plan, title: str) -> Content:
    """What the disk has, what the whole collection takes, what would be left."""
    if disk.problem:
        return Content.styled(f"{glyphs().states['failed']} {disk.problem}", "$text-error")
    left = disk.free - plan.end_bytes
    kind = f"{disk.kind}, {'network' if disk.network else 'local'}" if disk.kind else "unknown"
    rows = [
        ("Free now", figures.size(disk.free), ""),
        (f"All of {title}", f"about {figures.size(plan.end_bytes)}", "in the end"),
        ("At the fullest", f"about {figures.size(plan.peak_bytes)}", "while it is unpacked"),
        ("Left then", figures.size(left) if left > 0 else "nothing", ""),
        ("File system", kind, "small files will be slow here" if disk.network else ""),
        ("Room for files", f"{disk.inodes:,}" if disk.inodes is not None else "not limited", ""),
    ]
    lines = [
        Content.assemble(
            (f"{name:<24}", "$text-muted"), (f"{value:<18}", "bold"), (note, "$text-muted")
        )
        for name, value, note in rows
    ]
    return Content("\n").join([*lines, Content(""), _verdict(disk.free, plan)])


def _verdict(free: int, plan: Plan) -> Content:
    if free > plan.peak_bytes:
        said = f"{glyphs().states['done']} There is room for all of it."
        return Content.styled(said, "$text-success")
    what = "Enough in the end, but not while it is unpacked"
    said = what if free > plan.end_bytes else "Not enough for everything"
    advice = "leave datasets out on the next page, or choose another disk."
    return Content.styled(f"{glyphs().states['waiting']} {said}: {advice}", "$text-warning")
