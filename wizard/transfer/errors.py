"""Everything that can go wrong between a server and a proven file, told apart by class.

TransferError
 ├─ Passing                    trying again may help
 │   ├─ Unreachable            refused, reset, timed out, ended early
 │   ├─ NameNotResolved        no address for the host
 │   ├─ Stalled                connected, but no bytes
 │   │   └─ TooSlow            bytes, but so few that another try or address will do better
 │   ├─ ServerBusy             429 and 5xx, with the wait the server asked for
 │   └─ SessionExpired         log in again and go on
 ├─ InsecureConnection         TLS or proxy trouble
 ├─ DeadLink                   404, 410
 ├─ AccessDenied               401, 403 and other refusals
 │   ├─ LoginRefused           wrong user name or password
 │   ├─ LicenceNotAccepted     terms still to be accepted on the site
 │   ├─ ApprovalMissing        access requested, or to be requested, and not granted
 │   ├─ LinkExpired            a signed link ran out; the bytes are kept
 │   └─ LinkRefused            a signed link is not opened for another reason; the bytes are kept
 ├─ WrongContent               a web page or another kind of file where the archive should be
 │   └─ QuotaUsedUp            too many downloads of the file today; it is there tomorrow
 ├─ SizeMismatch               another size than the recipe's
 ├─ HashMismatch               the right name with other bytes; kept as ``.rejected``
 ├─ FileChanged                another version on the server than the bytes we have
 ├─ PartBusy                   another process is fetching the same file
 ├─ DiskFull                   no space or quota left; a pause rather than a failure
 └─ AllMirrorsFailed           every address failed, each for its own reason
"""

from __future__ import annotations

from typing import Literal

from wizard.errors import TransferError

PageKind = Literal["login", "licence", "quota", "gone", "blocked", "expired", "other"]
"""What a web page says that came in place of a file."""


class Passing(TransferError):
    """A fault that may be gone at the next try."""


class Unreachable(Passing):
    """The connection was refused, reset, timed out or ended before the last byte."""


class NameNotResolved(Passing):
    """The name service knows no address for the host."""


class Stalled(Passing):
    """The server is connected but has sent nothing for a while."""


class TooSlow(Stalled):
    """The server sends so little that asking anew, or elsewhere, will do better."""


class ServerBusy(Passing):
    """The server asks to come back later (429, 503) or failed (5xx)."""

    def __init__(
        self, message: str, *, where: str = "", hint: str = "", after: float | None = None
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.after = after
        """Seconds the server asked to wait, None when it did not say."""


class SessionExpired(Passing):
    """The login is no longer valid; ``Session.refresh`` logs in again."""


class InsecureConnection(TransferError):
    """The server's certificate cannot be checked, or the proxy refused; never bypassed."""


class DeadLink(TransferError):
    """The server says the file is not there (404, 410)."""


class AccessDenied(TransferError):
    """The server refuses this file to us (401, 403)."""


class LoginRefused(AccessDenied):
    """The site did not accept the user name and password."""


class LicenceNotAccepted(AccessDenied):
    """The site wants its terms accepted first."""


class ApprovalMissing(AccessDenied):
    """The site has not granted access to this account yet."""


class LinkExpired(AccessDenied):
    """A signed link no longer opens; the bytes so far are kept for a fresh one."""


class LinkRefused(AccessDenied):
    """A signed link does not open, though not for its age; the bytes so far are kept."""


class WrongContent(TransferError):
    """Something else than the archive came: mostly a web page."""

    def __init__(
        self,
        message: str,
        *,
        where: str = "",
        hint: str = "",
        page: PageKind | None = None,
        title: str = "",
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.page = page
        """What kind of web page it is, None when it is none."""
        self.title = title


class QuotaUsedUp(WrongContent):
    """The server hands the file out no more today, because too many fetched it."""


class SizeMismatch(TransferError):
    """The file on the server has another size than expected; nothing was kept of it."""


class HashMismatch(TransferError):
    """The bytes are not the expected ones; they are kept as ``<name>.rejected``."""


class FileChanged(TransferError):
    """The bytes so far cannot be continued: the file changed or the server serves no segments."""


class PartBusy(TransferError):
    """Another process is fetching this very file into this very folder."""


class DiskFull(TransferError):
    """No space or quota is left; the bytes so far are kept."""


class AllMirrorsFailed(TransferError):
    """Every address failed; ``causes`` holds one error for each."""

    def __init__(
        self,
        message: str,
        *,
        where: str = "",
        hint: str = "",
        causes: tuple[TransferError, ...] = (),
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.causes = causes
