"""The road to one archive: what is missing to take it, the request, and what a refusal means."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from wizard import figures
from wizard.credentials.secret import Secret
from wizard.errors import CredentialError, TransferError, UsageError, WizardError
from wizard.kinds.fetching.adopt import known_hashes, wanted_hashes
from wizard.kinds.fetching.gateway import Gateway
from wizard.kinds.fetching.requests import browser_request, link_request, login_request
from wizard.recipes.model import Archive
from wizard.steps.step import PersonNeeded
from wizard.transfer.errors import (
    AccessDenied,
    AllMirrorsFailed,
    ApprovalMissing,
    DeadLink,
    HashMismatch,
    LicenceNotAccepted,
    LoginRefused,
    QuotaUsedUp,
    SizeMismatch,
    WrongContent,
)
from wizard.transfer.http.client import make_client
from wizard.transfer.links import drive
from wizard.transfer.links.pasted import below, read_base_address, read_link, validity
from wizard.transfer.logins.cityscapes import CityscapesLogin
from wizard.transfer.logins.session import LoginMissing, fill
from wizard.transfer.request import Address, FetchRequest
from wizard.views import Request

_BAD_LINK = (AccessDenied, DeadLink, WrongContent, SizeMismatch, HashMismatch)
_SITE_SAYS_NO = (LicenceNotAccepted, ApprovalMissing, AccessDenied, WrongContent)

_FIRST_REST, _LONGEST_REST = 3600.0, 24 * 3600.0
"""Seconds between tries where a day's downloads are used up: doubled each time, a day at most."""
_REST_HOW = """\
Too many people fetched this file today. While a run goes on (--wait 2d, or --detach) it is tried
again by itself: after 1, 2, 4, 8 and 16 hours, then once a day. A file you bring is taken at once.
"""


@dataclass(frozen=True, slots=True)
class _Setback:
    """What was refused, so that it is not tried again before it has changed."""

    request: Request
    given: tuple[tuple[str, str, Secret | None], ...] = field(repr=False)
    """Site, field and the value that was refused."""


@dataclass(frozen=True, slots=True)
class Given:
    """Something a person gave, checked: what may be said of it, and where it belongs."""

    words: str
    site: str
    field: str
    secret: Secret


@dataclass(slots=True)
class ArchiveAccess:
    """How one archive is gained: by address, link, base address, login, token or by hand."""

    gateway: Gateway
    dataset: str
    archive: Archive
    target: Path
    link_field: str
    _setback: _Setback | None = None
    _rests: int = 0
    """How often it was put off since this process began."""

    def missing(self) -> Request | None:
        """Return what a person has to give first, None when the road is open; asks no network."""
        try:
            if self._setback and not self._changed(self._setback):
                return self._setback.request
            self._setback = None
            return self._missing()
        except CredentialError as error:
            return self._ask(f"{error.message} ({error.hint})")

    def request(self) -> FetchRequest:
        """Return what to fetch; may ask the site for its package number and md5 sum."""
        archive, access = self.archive, self.archive.access
        hashes = known_hashes(archive) if _one_release(archive) else {}
        session = self.gateway.session(access.site) if access.site else None
        if isinstance(session, CityscapesLogin) and not known_hashes(archive):
            hashes = {"md5": session.server_md5(archive)}
        return FetchRequest(
            name=archive.name,
            urls=tuple(self._addresses()),
            size=archive.size if _one_release(archive) else None,
            md5=hashes.get("md5", ""),
            sha1=hashes.get("sha1", ""),
            sha256=hashes.get("sha256", ""),
            also=frozenset(wanted_hashes(archive)),
            session=session,
            page=access.page,
        )

    def explain(self, error: WizardError, told: str = "") -> WizardError:
        """Turn a failed transfer into what a person can do; remembers what was refused.

        ``told`` names the release that came instead, when it was recognised.
        """
        cause = _telling(error)
        reason = told or str(cause)
        if isinstance(cause, CredentialError | LoginMissing | LoginRefused):
            return self._refuse(self._login_fields(), self._ask(told or cause.message))
        if self._handed_address() and isinstance(cause, _BAD_LINK):
            ask = f"{reason}. A fresh {'link' if self._link() else 'base address'} is needed"
            return self._refuse(self._address_fields(), self._ask(ask))
        if self.archive.access.site and isinstance(cause, _SITE_SAYS_NO):
            how = f"{cause.hint}\nThen try again."
            request = browser_request(self.archive, self.gateway.dest, self.target, reason, how)
            return PersonNeeded(request, where=self.archive.name)
        if any(isinstance(each, QuotaUsedUp) for each in _every(error)):
            return self._rest(reason)
        if isinstance(error, TransferError):
            by_hand = f"put the file into {self.gateway.inbox} by hand."
            what = f"{told}. " if told and told not in error.message else ""
            hint = f"{error.hint} Or {by_hand}" if error.hint else by_hand.capitalize()
            error.hint = f"{what}{hint}"
        return error

    def _rest(self, reason: str) -> PersonNeeded:
        """Try again much later, longer each time; the file may be brought by hand meanwhile."""
        pause = min(_FIRST_REST * 2**self._rests, _LONGEST_REST)
        self._rests += 1
        again = time.time() + pause
        ask = f"{reason}; next try in {figures.span(pause)}, {figures.moment(again)}"
        request = browser_request(self.archive, self.gateway.dest, self.target, ask, _REST_HOW)
        return PersonNeeded(msgspec.structs.replace(request, again=again), where=self.archive.name)

    def answer(self, values: Mapping[str, Secret]) -> str:
        """Keep a link, base address, login or token and say where; raises ``UsageError``."""
        vault, given = self.gateway.vault, self.read(values)
        places = [vault.put(each.site, each.field, each.secret) for each in given]
        self._setback = None
        kept = " and ".join(dict.fromkeys(places))
        return f"{' '.join(each.words for each in given)} Kept in {kept}."

    def read(self, values: Mapping[str, Secret]) -> tuple[Given, ...]:
        """Clean and check what a person gave; raises ``UsageError`` when it cannot be right."""
        names = () if "any-name" in values else self._names()
        given = tuple(
            self._read(name, value, names) for name, value in values.items() if name in _KEPT
        )
        if not given:
            raise UsageError(
                "this answers nothing that is asked",
                where=self.archive.name,
                hint="give a link, a login, a token or the path of the file",
            )
        return given

    def _read(self, name: str, value: Secret, names: tuple[str, ...]) -> Given:
        site = self.archive.access.site
        if name == "link":
            link = read_link(value.reveal(), names=names, page=self.archive.access.page)
            span = validity(link, size=self._bytes(), rate=self.gateway.rate, now=time.time())
            if span.expired:
                raise UsageError(span.words(), hint="get a fresh one and give it soon")
            words = f"{link.shown()}. {span.words()}"
            return Given(words, self.dataset, self.link_field, link.address)
        if name == "base-url":
            base = read_base_address(value.reveal())
            return Given(f"A base address on {base.host}.", self.dataset, name, base.address)
        if not site:
            raise UsageError(f"{self.archive.name} needs no login", where=self.dataset)
        return Given(f"{name.capitalize()} of {self.gateway.site(site).title}.", site, name, value)

    def _missing(self) -> Request | None:
        archive, vault = self.archive, self.gateway.vault
        link = self._link()
        if link is not None:
            left = validity(read_link(link.reveal()), size=0, rate=None, now=time.time())
            return self._ask(f"{left.words()} A fresh one is needed") if left.expired else None
        match archive.access.kind:
            case "login":
                known = all(vault.has(archive.access.site, name) for name in ("user", "password"))
            case "token":
                known = vault.has(archive.access.site, "token")
            case "base-url":
                known = vault.has(self.dataset, "base-url") or bool(archive.urls)
            case _:
                known = bool(archive.urls)
        return None if known else self._ask()

    def _ask(self, ask: str = "") -> Request:
        archive, dest = self.archive, self.gateway.dest
        if archive.access.kind in ("login", "token"):
            site = self.gateway.site(archive.access.site)
            return login_request(archive, site, dest, self.target, ask)
        if archive.access.kind in ("link", "base-url"):
            return link_request(archive, self.dataset, dest, self.target, ask)
        return browser_request(archive, dest, self.target, ask)

    def _addresses(self) -> list[Address]:
        archive, access = self.archive, self.archive.access
        addresses: list[Address] = []
        link = self._link()
        if link is not None:
            addresses.append(link)
        base = self._base()
        if base is not None:
            addresses.append(below(base, access.suffix or archive.name))
        if access.kind == "login":
            addresses.append(self._file_address())
        return [*addresses, *(self._direct(address) for address in archive.urls)]

    def _direct(self, address: str) -> str:
        """Return where a Drive share link leads; one that leads nowhere is asked to tell why."""
        name = drive.file_id(address)
        if not name:
            return address
        with contextlib.suppress(TransferError):
            return drive.resolve(name, lambda: make_client(self.gateway.policy))
        return drive.direct(name)

    def _file_address(self) -> str:
        session = self.gateway.session(self.archive.access.site)
        package = ""
        if isinstance(session, CityscapesLogin):
            package = session.package_id(self.archive)
        return fill(session.site.file_url, self.archive, package)

    def _link(self) -> Secret | None:
        return self.gateway.vault.get(self.dataset, self.link_field)

    def _base(self) -> Secret | None:
        if self.archive.access.kind != "base-url":
            return None
        return self.gateway.vault.get(self.dataset, "base-url")

    def _handed_address(self) -> bool:
        return self._link() is not None or self._base() is not None

    def _address_fields(self) -> tuple[tuple[str, str], ...]:
        return ((self.dataset, self.link_field), (self.dataset, "base-url"))

    def _login_fields(self) -> tuple[tuple[str, str], ...]:
        site = self.archive.access.site
        return ((site, "user"), (site, "password"), (site, "token"))

    def _refuse(self, fields: tuple[tuple[str, str], ...], request: Request) -> PersonNeeded:
        given = tuple((site, name, self._value(site, name)) for site, name in fields)
        self._setback = _Setback(request, given)
        return PersonNeeded(request, where=self.archive.name)

    def _changed(self, setback: _Setback) -> bool:
        return any(self._value(site, name) != value for site, name, value in setback.given)

    def _value(self, site: str, name: str) -> Secret | None:
        try:
            return self.gateway.vault.get(site, name)
        except CredentialError:
            return None

    def _names(self) -> tuple[str, ...]:
        return (self.archive.name, *self.archive.aliases)

    def _bytes(self) -> int:
        return self.archive.size or self.archive.size_about


_KEPT = frozenset({"link", "base-url", "user", "password", "token"})


def _one_release(archive: Archive) -> bool:
    """Whether only one size and hash will do; else the file is judged after it came."""
    return not any(
        version.accepted and (version.size or version.md5 or version.sha256)
        for version in archive.versions
    )


def _every(error: WizardError) -> tuple[WizardError, ...]:
    """The error itself and those of all mirrors."""
    return (error, *error.causes) if isinstance(error, AllMirrorsFailed) else (error,)


def _telling(error: WizardError) -> WizardError:
    """Return the cause that says most: of several mirrors' causes the one a person can mend."""
    if not isinstance(error, AllMirrorsFailed) or not error.causes:
        return error
    for kind in (LoginRefused, *_SITE_SAYS_NO, *_BAD_LINK):
        for cause in error.causes:
            if isinstance(cause, kind):
                return cause
    return error.causes[0]
