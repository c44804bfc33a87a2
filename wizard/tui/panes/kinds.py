"""What each kind of stage says above its steps, and which pane shows it."""

from __future__ import annotations

from types import MappingProxyType

from textual.content import Content

from wizard import figures
from wizard.recipes.model import Archive
from wizard.tui.asked import sentence
from wizard.tui.panes.stage import StagePane
from wizard.tui.stages import Focus


class TermsPane(StagePane):
    """The licence: what it allows, in our words, and the button to accept it."""

    def words(self, focus: Focus) -> Content:
        """Whether the data may be used commercially; the whole licence once it is accepted."""
        terms = focus.dataset.terms
        if terms is None:
            return Content("This dataset asks for no licence of its own.")
        tone = "$text" if terms.commercial else "$text-warning"
        use = "Commercial use is allowed." if terms.commercial else "Not for commercial use."
        if focus.stage.need is not None:
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
        if focus.stage.need:
            return None
        names = {step.address.partition(":")[2] for step in focus.stage.steps}
        waiting = () if focus.transfers else focus.dataset.archives
        archives = [archive_line(archive) for archive in waiting if archive.name in names]
        return Content("\n").join([part for part in (ways_said(focus), *archives) if part]) or None

    def after(self, focus: Focus) -> Content | None:
        """Below a form: how long the owner's answer takes, a reminder, and the ways there are."""
        if focus.stage.need is None:
            return None
        parts = [ways_said(focus)]
        if (request := focus.dataset.request) is not None:
            said, late = sentence(request, focus.asked, focus.snapshot.moment)
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
        return ways_said(focus) or None


class ProofPane(CheckPane):
    """The proof that everything is in place."""

    def words(self, focus: Focus) -> Content | None:
        """What was proven."""
        if focus.stage.state == "done" and not focus.stage.failures:
            said = "Every path, label and relabelled segment is there and right."
            return Content.styled(said, "$text-success")
        return None


def ways_said(focus: Focus) -> Content:
    """The way a dataset's files came; until then the first, and those that stand by."""
    ways = [way.title for way in focus.dataset.ways]
    taken = next((own.way for own in focus.snapshot.datasets if own.id == focus.dataset.id), "")
    if taken:
        lines = [f"The files came this way: {taken}"]
    else:
        lines = [f"First way: {title}" for title in ways[:1]]
        lines += [f"Another way: {title}" for title in ways[1:]]
    return Content("\n").join([Content.styled(line, "$text-muted") for line in lines])


def archive_line(archive: Archive) -> Content:
    """One archive with its size and what is known of it."""
    about = archive.size or archive.size_about
    size = figures.size(about) if about else "size unknown"
    near = "" if archive.size or not about else "about "
    note = f"\n  {archive.note}" if archive.note else ""
    return Content.assemble((archive.name, "bold"), f"  {near}{size}", (note, "$text-muted"))


PANES: MappingProxyType[str, type[StagePane]] = MappingProxyType(
    {
        "terms": TermsPane,
        "fetch": FetchPane,
        "labels": LabelsPane,
        "check": CheckPane,
        "verify": ProofPane,
    }
)


def pane_for(kind: str) -> type[StagePane]:
    """The pane of a kind of stage; kinds without words of their own share the plain one."""
    return PANES.get(kind, StagePane)
