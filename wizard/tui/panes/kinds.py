"""What each kind of stage says above its steps, and where the panes of all stages stand."""

from __future__ import annotations

import shlex
from types import MappingProxyType

from textual.containers import Vertical
from textual.content import Content

from wizard import figures
from wizard.recipes.model import Archive
from wizard.tui.panes.stage import StagePane
from wizard.tui.stages import LEFT_OUT, Focus, Stage
from wizard.tui.sums import waiting_so_far
from wizard.views import Role


class TermsPane(StagePane):
    """The licence: what it allows, in our words, and the button to accept it."""

    def words(self, focus: Focus) -> Content:
        """Whether the data may be used commercially; the whole licence once it is accepted."""
        terms = focus.dataset.terms
        if terms is None:
            return Content("This dataset asks for no licence of its own.")
        tone = "$text" if terms.commercial else "$text-warning"
        use = "Commercial use is allowed." if terms.commercial else "Not for commercial use."
        if focus.stage.request is not None:
            return Content.styled(use, tone)
        return Content.assemble(
            (terms.title, "bold"),
            f"\n{terms.summary.strip()}\n",
            (use, tone),
            ("\n" + terms.url, "$text-primary"),
        )

    def after(self, focus: Focus) -> Content | None:
        """How to cite the dataset."""
        cited = focus.dataset.citation.strip()
        if not cited:
            return None
        return Content.assemble(("If you publish, cite: ", "$text-muted"), cited)


class FetchPane(StagePane):
    """Archives: where they come from and how they are coming along."""

    def words(self, focus: Focus) -> Content | None:
        """The ways there are and, before anything moves, what waits to be fetched."""
        if focus.stage.request:
            return None
        names = {step.address.partition(":")[2] for step in focus.stage.steps}
        waiting = () if focus.transfers else focus.dataset.archives
        archives = [archive_line(archive) for archive in waiting if archive.name in names]
        return (
            Content("\n").join([part for part in (alternatives_said(focus), *archives) if part])
            or None
        )

    def after(self, focus: Focus) -> Content | None:
        """Below a form: how long the owner's answer takes, a reminder, and the ways there are."""
        if focus.stage.request is None:
            return None
        parts = [alternatives_said(focus)]
        if (request := focus.dataset.request) is not None:
            said, late = waiting_so_far(request, focus.asked, focus.snapshot.moment)
            parts.insert(0, Content.styled(said, "$text-warning" if late else "$text-muted"))
        return Content("\n").join([part for part in parts if part]) or None


class LabelsPane(StagePane):
    """Label work, and the invitation to look at it."""

    def words(self, focus: Focus) -> Content | None:
        """How to look at a label, once there is one."""
        if focus.stage.state in ("running", "done", "partial"):
            return Content.styled("Press v to look at an image and its labels.", "$text-muted")
        return None


class CheckPane(StagePane):
    """What was looked at, and which way the files came."""

    def after(self, focus: Focus) -> Content | None:
        """Which of several ways the files came."""
        return alternatives_said(focus) or None


class ProofPane(CheckPane):
    """The proof that everything is in place."""

    def words(self, focus: Focus) -> Content | None:
        """What was proven."""
        if focus.stage.state == "done" and not focus.stage.failures:
            said = "Every path, label and relabelled segment is there and right."
            return Content.styled(said, "$text-success")
        return None


def alternatives_said(focus: Focus) -> Content:
    """The way a dataset's files came; until then the first, and those that stand by."""
    alternatives = [alternative.title for alternative in focus.dataset.alternatives]
    taken = next(
        (own.alternative for own in focus.snapshot.datasets if own.id == focus.dataset.id), ""
    )
    if taken:
        lines = [f"The files came from: {taken}"]
    else:
        lines = [f"First source: {title}" for title in alternatives[:1]]
        lines += [f"Another source: {title}" for title in alternatives[1:]]
    return Content("\n").join([Content.styled(line, "$text-muted") for line in lines])


def archive_line(archive: Archive) -> Content:
    """One archive with its size and what is known of it."""
    about = archive.size or archive.size_about
    size = figures.size(about) if about else "size unknown"
    near = "" if archive.size or not about else "about "
    note = f"\n  {archive.note}" if archive.note else ""
    return Content.assemble((archive.name, "bold"), f"  {near}{size}", (note, "$text-muted"))


class LeftOutPane(StagePane):
    """A dataset that is no part of the install: what it lacks so, and how to add it."""

    def words(self, focus: Focus) -> Content | None:
        """What is missing without it, and two ways to take it in."""
        lacks = focus.dataset.leaving_out.strip()
        place = shlex.quote(focus.snapshot.dest)
        command = (
            f"segwizard run {focus.snapshot.collection} --dest {place} --only {focus.dataset.id}"
        )
        return Content.assemble(
            ("This dataset was left out of the install.", "bold"),
            f" {lacks}" if lacks else "",
            "\n\nTo add it, open segwizard again and press a on its first page, or in a shell:\n",
            (command, "$text-accent"),
        )


PANES: MappingProxyType[Role, type[StagePane]] = MappingProxyType(
    {
        "accept": TermsPane,
        "fetch": FetchPane,
        "labels": LabelsPane,
        "check": CheckPane,
        "prove": ProofPane,
    }
)


def pane_for(stage: Stage) -> type[StagePane]:
    """The pane of a stage, by what it is for; those without words of their own share the plain."""
    return LeftOutPane if stage is LEFT_OUT else PANES.get(stage.role, StagePane)


class Panes(Vertical):
    """Makes a pane on the first visit of its stage."""

    def __init__(self) -> None:
        super().__init__(id="panes")
        self._panes: dict[tuple[str, int | type[StagePane]], StagePane] = {}
        self.shown: StagePane | None = None
        """The pane in view; the others keep what was typed into them."""

    def of(self, dataset: str, place: int, stage: Stage) -> StagePane:
        """The pane of a stage.

        One that has asked for something is the stage's own; the others share one of their kind.
        """
        own, kind = (dataset, place), pane_for(stage)
        key = own if own in self._panes or stage.request else ("", kind)
        pane = self._panes.get(key)
        if pane is None:
            pane = self._panes[key] = kind()
            pane.display = False
            self.mount(pane)
        return pane

    def switch(self, pane: StagePane) -> None:
        """Show this one."""
        if self.shown is not pane:
            if self.shown is not None:
                self.shown.display = False
            self.shown = pane
            pane.display = True
