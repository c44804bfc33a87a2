"""What to fetch, with what login, and the proof that comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from wizard.credentials.secret import Secret
from wizard.errors import TransferError

if TYPE_CHECKING:
    import httpx

Address = str | Secret
"""A URL; a ``Secret`` when knowing it is enough to get the file (signed and mailed links)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is not the file: an error status, or a web page in its place."""

    status: int
    url: str
    """Address that answered, without its query."""
    headers: Mapping[str, str]
    """Names in lower case."""
    page: bytes
    """First 64 KiB of the body."""


class LoginSession(Protocol):
    """A login on one site: the only thing that sends cookies, tokens or passwords.

    Implementations are called from several threads at once.
    """

    @property
    def origins(self) -> frozenset[str]:
        """Origins its client is used for, as ``addresses.origin`` writes them."""
        ...

    def client(self) -> httpx.Client:
        """Return the client that carries the login, logging in first where needed.

        Build it with ``wizard.transfer.http.client.make_client``. Raises ``LoginRefused``,
        ``LicenceNotAccepted``, ``ApprovalMissing`` or another ``TransferError``.
        """
        ...

    def refresh(self, used: httpx.Client) -> None:
        """Log in again because ``used`` met ``SessionExpired``.

        Does nothing when ``client()`` is another one by now. Raises like ``client``.
        """
        ...

    def classify(self, refusal: Refusal) -> TransferError | None:
        """Say what a refusal from one of the origins means; None leaves it to the general rules.

        ``SessionExpired`` makes the download refresh once and go on where it was.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """One file: its addresses in the order to try, and all that is known to prove it."""

    name: str
    """File name; decides which magic bytes are expected, and names it in messages."""
    urls: tuple[Address, ...]
    size: int | None = None
    """Exact size in bytes."""
    md5: str = ""
    sha1: str = ""
    sha256: str = ""
    also: frozenset[str] = frozenset()
    """More algorithms to hash with on the way, for whoever wants to compare."""
    session: LoginSession | None = field(default=None, repr=False)
    page: str = ""
    """Page where a person gets a fresh link or asks for access; named in hints."""

    @property
    def hashes(self) -> dict[str, str]:
        """The known hashes by algorithm, lower-case hexadecimal."""
        known = {"md5": self.md5, "sha1": self.sha1, "sha256": self.sha256}
        return {name: value.lower() for name, value in known.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadProof:
    """What is known of a file that stands whole under its final name."""

    size: int
    sha256: str
    md5: str = ""
    """Only when the request named one; the same for ``sha1``."""
    sha1: str = ""
    url: str = ""
    """Address it came from, fit to be shown; empty when it was there already."""
    against: tuple[str, ...] = ()
    """What it was compared with, of ``size``, ``md5``, ``sha1`` and ``sha256``."""
