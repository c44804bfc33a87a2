"""How the wizard ends: by its own door while work runs, or because the work ended elsewhere."""

from __future__ import annotations

from typing import Literal

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from wizard import figures
from wizard.engine.remote.protocol import Reply, Stop
from wizard.tui import crash
from wizard.tui.modals import Modal
from wizard.tui.shell import Shell
from wizard.views import Snapshot

Leaving = Literal["background", "stop"]
AfterEnd = Literal["here", "leave"]


def _choice(title: str, said: str) -> Content:
    return Content.assemble((title, "bold"), "\n  ", (said, "$text-muted"))


class LeaveModal(Modal[Leaving]):
    """Returns what should become of the work; None stays."""

    def __init__(self, snapshot: Snapshot, *, background: bool, lasting: bool = True) -> None:
        super().__init__()
        self._snapshot = snapshot
        self._background = background
        self._lasting = lasting
        """Whether a runner may outlive this terminal: a rehearsal's servers do not."""

    def compose(self) -> ComposeResult:
        """What runs, and three ways on."""
        left = self._snapshot.eta
        span = f", about {figures.span(left)} to go" if left is not None else ""
        share = figures.percent(self._snapshot.fraction)
        with Vertical(classes="box") as box:
            box.border_title = "Work is still running"
            box.border_subtitle = "Esc stays"
            yield Static(f"{share} is done{span}. Nothing finished is lost either way.\n")
            yield OptionList(*self._choices(), markup=False)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer."""
        chosen: dict[str | None, Leaving] = {"background": "background", "stop": "stop"}
        self.dismiss(chosen.get(event.option_id))

    def _choices(self) -> list[Option]:
        go_on = "Keep going in the background"
        how = "It survives closing the terminal, SSH and the laptop lid."
        if self._background:
            go_on, how = "Leave it running", "It goes on where it was started."
        lasting = [Option(_choice(go_on, how), id="background")] if self._lasting else []
        return [
            *lasting,
            Option(_choice("Stop now", "Start segwizard again to go on from here."), id="stop"),
            Option(_choice("Stay here", "Go on watching."), id="stay"),
        ]


class EndedModal(Modal[AfterEnd]):
    """Returns what to do now; None looks around."""

    def compose(self) -> ComposeResult:
        """What happened, and three ways on."""
        with Vertical(classes="box") as box:
            box.border_title = "The work has stopped"
            box.border_subtitle = "Esc looks around"
            yield Static(
                "The runner was stopped from another terminal, or has ended there. What is "
                "finished stays; this is how the disk looks now.\n"
            )
            yield OptionList(
                Option("Go on with it here", id="here"),
                Option("Look around", id="look"),
                Option("Leave", id="leave"),
                markup=False,
            )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer."""
        chosen: dict[str | None, AfterEnd] = {"here": "here", "leave": "leave"}
        self.dismiss(chosen.get(event.option_id))


class Departure:
    """Asks what should become of the work, sees to it, and closes the app."""

    farewell: str = ""
    """What to say once the terminal is back."""

    def __init__(self, app: Shell) -> None:
        self._app = app
        self._at_work = False
        self._under_way = False

    def forget(self) -> None:
        """Another install is followed from now on."""
        self._at_work = False

    def begin(self) -> None:
        """Leave at once when nothing runs, else ask."""
        app = self._app
        snapshot = app.bridge.snapshot if app.bridge else None
        over = snapshot is None or not (snapshot.running and _left(snapshot))
        if snapshot is None or over or isinstance(app.screen, LeaveModal):
            app.finish(0)
            return
        session = app.open_session
        modal = LeaveModal(snapshot, background=session.background, lasting=not session.private)
        app.push_screen(modal, self._leave)

    def watch(self, snapshot: Snapshot) -> None:
        """Notice that the work has ended, when it was not from here."""
        if self._under_way:
            return
        before, self._at_work = self._at_work, snapshot.running
        if before and not snapshot.running and _left(snapshot):
            self._app.push_screen(EndedModal(), self._after_end)

    def _leave(self, leaving: Leaving | None) -> None:
        self._under_way = leaving is not None
        if leaving == "background":
            self._app.run_worker(self._go_to_background(), group="leave", exclusive=True)
        elif leaving == "stop":
            self._app.run_worker(self._stop(), group="leave", exclusive=True)

    async def _go_to_background(self) -> None:
        app, session = self._app, self._app.open_session
        reply = Reply(ok=True)
        if not session.background:
            reply = await crash.in_thread(lambda: app.host.detach(session))
        if not reply.ok:
            self._under_way = False
            app.tell(reply)
            return
        where = "where it was started" if session.background else "in the background"
        self.farewell = f"segwizard goes on {where}: segwizard attach --dest {session.dest}"
        app.finish(0)

    async def _stop(self) -> None:
        """Let the runner put down what it holds; two seconds at most."""
        self._app.say("Stopping. What is finished stays.")
        if self._app.bridge is not None:
            await self._app.bridge.ask(Stop())
        self._app.finish(0)

    def _after_end(self, chosen: AfterEnd | None) -> None:
        if chosen == "leave":
            self._app.finish(0)
        elif chosen == "here":
            self._app.run_worker(self._go_on_here(), group="leave", exclusive=True)

    async def _go_on_here(self) -> None:
        """Open the install anew, from the first page on: the others look at the old runner."""
        await self._app.start()


def _left(snapshot: Snapshot) -> bool:
    """Whether anything is left to do."""
    return any(step.state != "done" for step in snapshot.steps)
