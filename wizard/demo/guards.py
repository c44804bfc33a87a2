"""The doors archives lie behind: open, two kinds of login, signed links, a base address.

Each answers for the addresses below its own prefix, the way the real sites do.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import Protocol
from urllib.parse import quote

from wizard.demo.miniature import MiniArchive
from wizard.demo.serving import Served, file, page, redirect

USER = "demo"
PASSWORD = "open sesame"  # noqa: S105 - protects nothing: it is printed by the demo itself
"""What both login sites of the demo accept."""
TOKEN = "demo-token"  # noqa: S105 - as above
"""What its hub accepts."""

_MISSING = page("Not found", "<p>There is nothing here.</p>", HTTPStatus.NOT_FOUND)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: what was asked for, below a guard's prefix."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    form: Mapping[str, str]

    @property
    def cookies(self) -> dict[str, str]:
        """The visitor's cookies."""
        jar = SimpleCookie(self.headers.get("Cookie", ""))
        return {name: morsel.value for name, morsel in jar.items()}


class Guard(Protocol):
    """Whatever answers below one prefix."""

    def answer(self, visit: Visit) -> Served:
        """Answer a visit."""
        ...


@dataclass(frozen=True, slots=True)
class OpenGuard:
    """Hands out archives by name to anybody."""

    archives: Mapping[str, MiniArchive]

    def answer(self, visit: Visit) -> Served:
        """Answer with the file named at the end of the path."""
        archive = self.archives.get(visit.path.strip("/"))
        return file(archive, visit.headers) if archive else _MISSING


@dataclass(slots=True)
class Sessions:
    """Who is logged in."""

    cookie: str
    known: set[str] = field(default_factory=set)

    def begin(self, form: Mapping[str, str]) -> str:
        """Return a new session for the right name and password, else nothing."""
        if (form.get("username"), form.get("password")) != (USER, PASSWORD):
            return ""
        session = secrets.token_hex(12)
        self.known.add(session)
        return session

    def holds(self, visit: Visit) -> bool:
        """Tell whether the visitor is logged in."""
        return visit.cookies.get(self.cookie, "") in self.known


@dataclass(frozen=True, slots=True)
class NumberedGuard:
    """A site like Cityscapes': a login, then packages by number with sizes and md5 sums."""

    prefix: str
    packages: Mapping[str, MiniArchive]
    sessions: Sessions = field(default_factory=lambda: Sessions("PHPSESSID"))

    def answer(self, visit: Visit) -> Served:
        """Answer the pages and files of the site."""
        if visit.path == "/login/":
            return self._log_in(visit) if visit.method == "POST" else _login_page("Login", "")
        if not self.sessions.holds(visit):
            return redirect(f"{self.prefix}/login/")
        archive = self.packages.get(visit.query.get("packageID", ""))
        if visit.path == "/downloads/" and "list" in visit.query:
            return self._list()
        if archive and visit.path == "/file-handling/":
            return file(archive, visit.headers, attachment=True)
        if archive and visit.path == "/md5-sum/":
            text = f"{archive.md5}  {archive.name}\n"
            return Served(HTTPStatus.OK, text.encode(), {"Content-Type": "text/plain"})
        return _MISSING

    def _log_in(self, visit: Visit) -> Served:
        session = self.sessions.begin(visit.form)
        if not session:
            return _login_page("Login", "<p>The name or password is wrong.</p>")
        cookie = f"{self.sessions.cookie}={session}; Path={self.prefix}; HttpOnly"
        return redirect(f"{self.prefix}/downloads/", Set_Cookie=cookie)

    def _list(self) -> Served:
        listed = [
            {"name": archive.name, "packageID": number, "size": f"{archive.size}B"}
            for number, archive in self.packages.items()
        ]
        return Served(
            HTTPStatus.OK, json.dumps(listed).encode(), {"Content-Type": "application/json"}
        )


@dataclass(frozen=True, slots=True)
class TokenGuard:
    """A site like WildDash's: a login form with a hidden token, then files by name."""

    prefix: str
    archives: Mapping[str, MiniArchive]
    sessions: Sessions = field(default_factory=lambda: Sessions("sessionid"))

    def answer(self, visit: Visit) -> Served:
        """Answer the pages and files of the site."""
        if visit.path == "/accounts/login":
            return self._log_in(visit) if visit.method == "POST" else self._form("")
        if not self.sessions.holds(visit):
            return redirect(f"{self.prefix}/accounts/login?next={quote(visit.path)}")
        archive = self.archives.get(visit.path.removeprefix("/download/"))
        return file(archive, visit.headers, attachment=True) if archive else _MISSING

    def _form(self, note: str) -> Served:
        token = secrets.token_hex(16)
        hidden = f'<input type="hidden" name="csrfmiddlewaretoken" value="{token}">'
        form = _login_page("Sign in", note, hidden)
        cookie = f"csrftoken={token}; Path={self.prefix}"
        return Served(form.status, form.body, {**form.headers, "Set-Cookie": cookie})

    def _log_in(self, visit: Visit) -> Served:
        token = visit.form.get("csrfmiddlewaretoken", "")
        if not token or token != visit.cookies.get("csrftoken"):
            return page("Forbidden", "<p>CSRF verification failed.</p>", HTTPStatus.FORBIDDEN)
        session = self.sessions.begin(visit.form)
        if not session:
            return self._form("<p>Please enter a correct name and password.</p>")
        cookie = f"{self.sessions.cookie}={session}; Path={self.prefix}; HttpOnly"
        return redirect(f"{self.prefix}/download", Set_Cookie=cookie)


@dataclass(frozen=True, slots=True)
class BearerGuard:
    """A hub like Hugging Face: gated files by name, for whoever sends a token."""

    archives: Mapping[str, MiniArchive]

    def answer(self, visit: Visit) -> Served:
        """Answer with the file, or with 401 and the cause as the hub names it."""
        if visit.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Served(HTTPStatus.UNAUTHORIZED, b"", {"X-Error-Code": "GatedRepo"})
        if visit.path.startswith("/api/"):
            text = json.dumps({"name": USER}).encode()
            return Served(HTTPStatus.OK, text, {"Content-Type": "application/json"})
        archive = self.archives.get(visit.path.strip("/"))
        return file(archive, visit.headers) if archive else _MISSING


@dataclass(frozen=True, slots=True)
class SignedGuard:
    """Hands out archives to whoever has a link that is signed and not yet expired."""

    archives: Mapping[str, MiniArchive]
    key: bytes = field(default_factory=lambda: secrets.token_bytes(16), repr=False)

    def link(self, name: str, *, seconds: float = 24 * 3600.0) -> str:
        """Mint a link below the guard's prefix, as a mail would bring it."""
        expires = str(int(time.time() + seconds))
        signature = self._signature(name, expires)
        return f"/{quote(name)}?Expires={expires}&Signature={signature}&Key-Pair-Id=DEMO"

    def answer(self, visit: Visit) -> Served:
        """Answer with the file, or with 403 as object stores do."""
        name, expires = visit.path.strip("/"), visit.query.get("Expires", "")
        given, right = visit.query.get("Signature", ""), self._signature(name, expires)
        if not hmac.compare_digest(given.encode(), right.encode()):
            return _denied("SignatureDoesNotMatch")
        if not expires.isdecimal() or int(expires) < time.time():
            return _denied("Request has expired")
        archive = self.archives.get(name)
        return file(archive, visit.headers) if archive else _MISSING

    def _signature(self, name: str, expires: str) -> str:
        return hmac.new(self.key, f"{name} {expires}".encode(), hashlib.sha256).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class BelowGuard:
    """Hands out archives below an address only told by mail."""

    archives: Mapping[str, MiniArchive]
    secret: str = field(default_factory=lambda: secrets.token_hex(8), repr=False)
    suffix: str = "v2/tasks/"

    def answer(self, visit: Visit) -> Served:
        """Answer with the file at its place below the address."""
        start = f"/{self.secret}/{self.suffix}"
        name = visit.path.removeprefix(start) if visit.path.startswith(start) else ""
        archive = self.archives.get(name)
        return file(archive, visit.headers) if archive else _MISSING


@dataclass(frozen=True, slots=True)
class PagesGuard:
    """The page of an archive that only a browser can fetch, and the browser's way to it."""

    archives: Mapping[str, MiniArchive]

    def answer(self, visit: Visit) -> Served:
        """Answer with a page whose link needs a click; only the click gets the file."""
        archive = self.archives.get(visit.path.strip("/"))
        if archive is None:
            return _MISSING
        if visit.query.get("clicked") == "yes":
            return file(archive, visit.headers, attachment=True)
        name = archive.name
        return page("Downloads", f'<p><a href="{quote(name)}?clicked=yes">{name}</a></p>')


def _login_page(title: str, note: str, hidden: str = "") -> Served:
    fields = '<input name="username"><input type="password" name="password">'
    button = '<input type="submit" name="submit" value="Login">'
    return page(title, f'{note}<form method="post">{hidden}{fields}{button}</form>')


def _denied(code: str) -> Served:
    body = f"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>{code}</Message></Error>"
    return Served(HTTPStatus.FORBIDDEN, body.encode(), {"Content-Type": "application/xml"})
