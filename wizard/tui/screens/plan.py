"""The plan: what it takes, dataset by dataset and in sum, before anything happens."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from wizard import figures
from wizard.app.planning import Disk
from wizard.errors import DestinationError, WizardError
from wizard.steps.planned import Plan, PlannedDataset
from wizard.tui.crash import in_thread
from wizard.tui.glyphs import glyphs
from wizard.tui.screens.base import FirstRunPage

_HELP = """\
# The plan

What the run will do. **Download** is what still has to be fetched, **here** what was found on this
machine already, **unpacked** and **labels** what it takes on disk. **Peak** is the most that is
used at any moment. Figures with *about* rest on estimates. **u** shows where everything comes from,
and asks every address whether it still answers, if you tell it to.
"""
TOO_SMALL = """\
Esc goes back: leave datasets out, or choose another folder. Enter goes on to the licence letters, \
which can go out today; nothing starts before there is room"""
SPEED = 12_500_000
"""Bytes a second the hours are told for: a line of 100 Mbit/s."""


class PlanPage(FirstRunPage):
    """The fourth page of the first run."""

    PLACE = "Plan"
    ASK = "This is the plan."
    HELP = _HELP
    BINDINGS = [Binding("u", "app.sources", "Sources", tooltip="Whether every address answers")]

    def body(self) -> ComposeResult:
        """The table, once it is made."""
        with VerticalScroll(classes="body"):
            yield Static("Working it out…", id="plan")

    def on_mount(self) -> None:
        """Plan without holding up the screen."""
        self.query_one(VerticalScroll).focus()
        self.run_worker(self._plan(), group="plan", exclusive=True)

    def action_next(self) -> None:
        """Go on, where the disk cannot take it as well: letters to owners are sent today."""
        choices = self.wizard.setup
        if choices.plan is None or choices.recipe is None:
            self.say("Not yet: the plan is still being worked out.")
            return
        asked = [dataset for dataset in choices.plan.datasets if dataset.request]
        self.wizard.go("requests" if asked else choices.after_requests)

    async def _plan(self) -> None:
        choices, host = self.wizard.setup, self.wizard.host
        recipe, dest = choices.recipe, choices.dest
        choices.plan = None
        if recipe is None or dest is None:
            return
        try:
            plan = await in_thread(lambda: host.plan(recipe, dest, choices.only))
            disk = await in_thread(lambda: host.disk(dest))
            self.query_one("#plan", Static).update(plan_table(plan, disk))
            choices.terms = await in_thread(lambda: host.terms(plan))
        except WizardError as error:
            self.fault(error)
            return
        try:
            await in_thread(lambda: host.check(plan))
        except DestinationError as error:
            self.fault(DestinationError(error.message, hint=TOO_SMALL))
        choices.plan = plan


def plan_table(plan: Plan, disk: Disk) -> Content:
    """Datasets, sums, hours, and what is left of the disk."""
    width = max(len(dataset.title) for dataset in plan.datasets) + 1
    head = f"{'':<{width}}{'download':>10}{'here':>10}{'unpacked':>10}{'labels':>10}"
    lines = [*_sums(plan, disk), Content(""), Content.styled(head, "$text-muted")]
    lines += [_row(dataset, width) for dataset in plan.datasets]
    return Content("\n").join(lines)


def _row(dataset: PlannedDataset, width: int) -> Content:
    here, fetch = dataset.present_bytes, max(0, dataset.fetch_bytes - dataset.present_bytes)
    return Content.assemble(
        f"{dataset.title:<{width}}{_amount(fetch)}",
        (_amount(here), "$text-success"),
        f"{_amount(dataset.unpacked_bytes)}{_amount(dataset.label_bytes)}",
    )


def _amount(size: int) -> str:
    """One cell of the table; nothing is left blank."""
    return f"{figures.size(size) if size else '':>10}"


def _sums(plan: Plan, disk: Disk) -> list[Content]:
    near = "about " if plan.estimated else ""
    left = disk.free - plan.peak_bytes
    cores = figures.span(plan.core_seconds) or "no time"
    rows = [
        (
            "Download",
            f"{near}{figures.size(plan.fetch_bytes)}",
            f"{figures.span(plan.fetch_bytes / SPEED)} at 100 Mbit/s",
        ),
        ("Processor work", f"{near}{cores}", "on one core; all cores share it"),
        (
            "Disk at the peak",
            f"{near}{figures.size(plan.peak_bytes)}",
            f"{figures.size(plan.end_bytes)} at the end",
        ),
        (
            "Free then",
            figures.size(left) if left > 0 else "too little",
            f"of {figures.size(disk.free)} free now",
        ),
        ("Files", f"{near}{round(plan.inodes, -3) or plan.inodes:,}", ""),
    ]
    lines = [
        Content.assemble(
            (f"{name:<18}", "$text-muted"), (f"{value:<18}", "bold"), (note, "$text-muted")
        )
        for name, value, note in rows
    ]
    if plan.left_out:
        said = f"{glyphs().states['waiting']} Partial install, without {', '.join(plan.left_out)}"
        lines.append(Content.styled(said, "$text-warning"))
    return lines
