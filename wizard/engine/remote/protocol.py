"""How a front end talks to a runner, in this process or another: snapshots, events, commands."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from wizard.views import Snapshot, View


class Event(View, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened, rare enough to print: one line of the log."""

    moment: float
    level: str
    """``info``, ``warning`` or ``error``."""
    text: str
    address: str = ""
    """Step it concerns."""


class Command(Struct, frozen=True, kw_only=True, tag_field="do"):
    """Base of what a front end may ask of a runner."""


class Pause(Command, frozen=True, kw_only=True, tag="pause"):
    """Pause everything, or one archive."""

    archive: str = ""


class Resume(Command, frozen=True, kw_only=True, tag="resume"):
    """Go on with everything, or one archive."""

    archive: str = ""


class Retry(Command, frozen=True, kw_only=True, tag="retry"):
    """Run failed steps again: one, or all."""

    address: str = ""


class Stop(Command, frozen=True, kw_only=True, tag="stop"):
    """Stop cleanly; the runner ends."""


class LimitRate(Command, frozen=True, kw_only=True, tag="limit-rate"):
    """Change the limit over all transfers, bytes a second; 0 lifts it."""

    rate: int


class Answer(Command, frozen=True, kw_only=True, tag="answer"):
    """Give a step what it needs: accepted terms, a link, a base address, a login, a token.

    ``values`` holds fields such as ``accepted_by``, ``link``, ``user``, ``password``, ``path``;
    they go to the vault or the install and are never logged.
    """

    address: str
    values: dict[str, str]

    def __repr__(self) -> str:
        return f"Answer({self.address!r}, {sorted(self.values)})"


class KeepLogin(Command, frozen=True, kw_only=True, tag="keep-login"):
    """Keep the login of a site: fields such as ``user``, ``password``, ``token``; never logged."""

    site: str
    values: dict[str, str]

    def __repr__(self) -> str:
        return f"KeepLogin({self.site!r}, {sorted(self.values)})"


class ClearLogins(Command, frozen=True, kw_only=True, tag="clear-logins"):
    """Forget what is kept for a site, or all that is kept."""

    site: str = ""


AnyCommand = Pause | Resume | Retry | Stop | LimitRate | Answer | KeepLogin | ClearLogins


class Reply(View, frozen=True, kw_only=True, omit_defaults=True):
    """Whether a command was carried out, and a sentence for the user."""

    ok: bool
    text: str = ""
    hint: str = ""


class RunnerClient(Protocol):
    """A line to a runner."""

    def snapshot(self) -> Snapshot:
        """The install as it stands now; cheap, called ten times a second."""
        ...

    def events(self) -> list[Event]:
        """Events since the last call, oldest first."""
        ...

    def send(self, command: AnyCommand) -> Reply:
        """Ask for something; answers within a second."""
        ...

    def close(self) -> None:
        """Hang up; the runner goes on if it lives in a process of its own."""
        ...
