"""How a front end talks to a runner, in this process or another: snapshots, events, commands.

Between processes they are JSON lines over a Unix socket. It lies in a folder only its owner may
enter, and is itself readable by its owner only; answers with secrets take no other road.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import tempfile
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct

from wizard.environment import variable
from wizard.errors import DestinationError, WizardError
from wizard.files import is_private
from wizard.views import Snapshot, View

_LARGEST_LINE = 64 << 20
_LONGEST_FOLDER = 80
"""Bytes; the whole path of a socket may have about a hundred."""
decode_snapshot = msgspec.json.Decoder(Snapshot).decode
encode = msgspec.json.Encoder().encode


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


class AskSnapshot(msgspec.Struct, frozen=True, tag_field="ask", tag="snapshot"):
    """How does the install stand?"""


class AskEvents(msgspec.Struct, frozen=True, tag_field="ask", tag="events"):
    """What happened since this connection last asked?"""


class Ask(msgspec.Struct, frozen=True, tag_field="ask", tag="command"):
    """Carry this out."""

    command: AnyCommand


Message = AskSnapshot | AskEvents | Ask

decode_message = msgspec.json.Decoder(Message).decode
decode_events = msgspec.json.Decoder(list[Event]).decode
decode_reply = msgspec.json.Decoder(Reply).decode


class RunnerGone(WizardError):
    """The runner has ended or does not answer."""


class Connection:
    """One connection: whole lines out, whole lines in."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = bytearray()

    def write(self, line: bytes) -> None:
        """Send one line."""
        self._connection.sendall(line + b"\n")

    def read(self) -> bytes | None:
        """Return the next line, or None when the other side hung up."""
        while (end := self._buffer.find(b"\n")) < 0:
            received = self._connection.recv(1 << 16)
            if not received or len(self._buffer) > _LARGEST_LINE:
                return None
            self._buffer += received
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def close(self) -> None:
        """Hang up, also on a ``read`` that waits in another thread."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()


def socket_path(dest: Path) -> Path:
    """Return where the runner of a destination listens; short, as such paths must be."""
    name = hashlib.sha256(os.fsencode(dest.resolve())).hexdigest()[:16]
    return _runtime_folder() / f"{name}.sock"


def _runtime_folder() -> Path:
    """Return a folder only this user may enter; raises ``DestinationError`` when there is none."""
    given = variable("XDG_RUNTIME_DIR", "")
    parents = [Path(given)] if given else []
    parents.append(Path(tempfile.gettempdir()))
    for parent in parents:
        folder = parent / ("segwizard" if str(parent) == given else f"segwizard-{os.getuid()}")
        if len(os.fsencode(folder)) <= _LONGEST_FOLDER and is_private(folder):
            return folder
    raise DestinationError(
        "no private folder for the runner's socket could be made",
        where=str(parents[-1]),
        hint="set XDG_RUNTIME_DIR to a folder of your own with mode 0700",
    )
