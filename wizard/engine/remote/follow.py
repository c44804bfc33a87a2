"""Watching a destination rather than a runner: through a hand-over, and on to what stays."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from wizard.engine.remote.client import RemoteLink, attach
from wizard.engine.remote.protocol import AnyCommand, Event, Reply, RunnerGone
from wizard.engine.survey import survey
from wizard.steps.install import Install
from wizard.views import Snapshot

HANDOVER = 3.0
"""Seconds after a runner's end in which another may take over, as one in the background does."""
_LOOK = 0.5
"""Seconds between two looks for another runner."""


class Follower:
    """A ``RunnerLink`` to whichever runner works at a destination.

    When the runner ends, the next one is joined as soon as there is one. ``snapshot`` raises
    ``RunnerGone`` for the moments a hand-over takes; after them the disk is shown, looked at once.
    """

    def __init__(
        self,
        install: Install,
        link: RemoteLink,
        *,
        join: Callable[[], RemoteLink | None] | None = None,
    ) -> None:
        self._install = install
        self._link: RemoteLink | None = link
        self._join = join or (lambda: attach(install.place.dest))
        self._last = link.snapshot()
        self._lost = self._looked = 0.0
        self._at_rest = False
        self._events: list[Event] = []

    @property
    def at_rest(self) -> bool:
        """Whether the runner has ended and no other took over."""
        return self._at_rest

    def snapshot(self) -> Snapshot:
        """The install as it stands now."""
        link = self._line()
        if link is None:
            return self._without_runner()
        try:
            self._last = link.snapshot()
        except RunnerGone:
            self._lose()
            raise _between() from None
        return self._last

    def events(self) -> list[Event]:
        """Events since the last call, oldest first."""
        told, self._events = self._events, []
        if self._link is not None:
            with contextlib.suppress(RunnerGone):
                told += self._link.events()
        return told

    def send(self, command: AnyCommand) -> Reply:
        """Have a command carried out; raises ``RunnerGone`` when it ends meanwhile."""
        if self._link is None:
            return Reply(
                ok=False, text="no runner is at work", hint="segwizard run goes on with it"
            )
        return self._link.send(command)

    def close(self) -> None:
        """Hang up; a runner goes on."""
        if self._link is not None:
            self._link.close()

    def _line(self) -> RemoteLink | None:
        now = time.monotonic()
        if self._link is None and now - self._looked >= _LOOK:
            self._looked = now
            self._link = self._join()
            if self._link is not None:
                self._at_rest = False
                self._say("info", "another runner goes on with it")
        return self._link

    def _lose(self) -> None:
        self.close()
        self._link, self._lost = None, time.monotonic()
        self._say("info", "the runner that was watched here has ended")

    def _without_runner(self) -> Snapshot:
        """Return what the disk holds, as nobody else looks at it now."""
        if not self._at_rest:
            if time.monotonic() - self._lost < HANDOVER:
                raise _between()
            self._last = survey(self._install)
            self._at_rest = True
        return self._last

    def _say(self, level: str, text: str) -> None:
        self._events.append(Event(moment=time.time(), level=level, text=text))


def _between() -> RunnerGone:
    return RunnerGone("it has ended; looking whether another goes on")
