"""The demo's own little internet: a server on this machine with every kind of access."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import msgspec

from wizard.credentials.secret import Secret
from wizard.demo.guards import (
    PASSWORD,
    TOKEN,
    USER,
    BearerGuard,
    BelowGuard,
    Guard,
    NumberedGuard,
    OpenGuard,
    PagesGuard,
    SignedGuard,
    TokenGuard,
    Visit,
)
from wizard.demo.miniature import MiniArchive, Miniature
from wizard.demo.serving import Served, page
from wizard.files import link_or_copy

_FORM_MOST = 64 * 1024


class DemoServer:
    """Serves a miniature on loopback while its ``with`` block lasts.

    ``site_toml()`` points the collection's recipe at it and ``answers`` is all it asks a person
    for, except for archives that only a browser gets: ``download_by_hand`` stands in for that.
    """

    def __init__(self, miniature: Miniature, *, port: int = 0) -> None:
        self.miniature = miniature
        by_name = {archive.name: archive for archive in miniature.archives}
        packages = {
            archive.access.package: archive
            for archive in miniature.archives
            if archive.access.site == "cityscapes"
        }
        self._signed = SignedGuard(by_name)
        self._below = BelowGuard(by_name)
        self.guards: dict[str, Guard] = {
            "open": OpenGuard(by_name),
            "cityscapes": NumberedGuard("/cityscapes", packages),
            "wilddash": TokenGuard("/wilddash", by_name),
            "huggingface": BearerGuard(by_name),
            "mailed": self._signed,
            "scans": self._below,
            "pages": PagesGuard(by_name),
        }
        self._http = _Server(("127.0.0.1", port), self.guards)
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, name="demo-server"
        )

    @property
    def url(self) -> str:
        """Address of the server, without a slash at the end."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> DemoServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def answers(self) -> dict[str, dict[str, Secret]]:
        """What a person would give: per login site or dataset id, by the vault's field names."""
        login = {"user": Secret(USER), "password": Secret(PASSWORD)}
        below = {"base-url": Secret(f"{self.url}/scans/{self._below.secret}/")}
        found: dict[str, dict[str, Secret]] = {}
        for archive in self.miniature.archives:
            match archive.access.kind:
                case "login":
                    found[archive.access.site] = login
                case "token":
                    found[archive.access.site] = {"token": Secret(TOKEN)}
                case "base-url":
                    found[archive.dataset] = below
                case "link":
                    found[archive.dataset] = {"link": Secret(self.link(archive.name))}
                case _:
                    pass
        return found

    def link(self, name: str, *, seconds: float = 24 * 3600.0) -> str:
        """Mint a signed link that is good for ``seconds``; negative for a stale one."""
        return f"{self.url}/mailed{self._signed.link(name, seconds=seconds)}"

    def download_by_hand(self, inbox: Path, name: str = "") -> tuple[Path, ...]:
        """Put archives that only a browser gets into the inbox, as a person would: all, or one."""
        brought = []
        for archive in self.miniature.archives:
            if archive.access.kind == "browser" and name in ("", archive.name):
                link_or_copy(archive.path, inbox / archive.name)
                brought.append(inbox / archive.name)
        return tuple(brought)

    def site_toml(self, *, gated: bool = True) -> str:
        """Return a site file for the collection's recipe.

        ``gated`` keeps every kind of access; otherwise all archives are open, as on a lab's
        mirror.
        """
        tables = [self._table(archive, gated=gated) for archive in self.miniature.archives]
        if gated:
            sites = sorted({each.access.site for each in self.miniature.archives} - {""})
            bases = {site: f"{self.url}/{site}" for site in sites}
            tables += [f"[sites.{site}]\nbase = {_quoted(base)}\n" for site, base in bases.items()]
        return "\n".join(tables)

    def _table(self, archive: MiniArchive, *, gated: bool) -> str:
        access = archive.access.kind if gated else "open"
        prefix = {"open": "open", "token": archive.access.site}.get(access)
        urls = [f"{self.url}/{prefix}/{quote(archive.name)}"] if prefix else []
        return (
            f"[archives.{_quoted(f'{self.miniature.collection}/{archive.dataset}/{archive.name}')}]\n"
            f"urls = [{', '.join(map(_quoted, urls))}]\n"
            f"access = {_quoted(access)}\n"
            f"size = {archive.size}\n"
            f"sha256 = {_quoted(archive.sha256)}\n"
            f"{self._rehearsal(archive) if gated else ''}"
        )

    def _rehearsal(self, archive: MiniArchive) -> str:
        """What to type when asked for an archive, as the line of a site file."""
        if archive.access.kind == "open":
            return ""
        if archive.access.kind == "browser":
            said = {"path": str(archive.path)}
        elif archive.access.kind == "link":
            said = {"link": self.link(archive.name)}
        else:
            given = self.answers[archive.access.site or archive.dataset]
            said = {name: secret.reveal() for name, secret in given.items()}
        pairs = ", ".join(f"{name} = {_quoted(value)}" for name, value in said.items())
        return f"rehearsal = {{ {pairs} }}\n"


def _quoted(text: str) -> str:
    """Write a TOML string; JSON's are a subset."""
    return msgspec.json.encode(text).decode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], guards: Mapping[str, Guard]) -> None:
        super().__init__(address, _Handler)
        self.guards = guards

    def handle_error(self, request: object, client_address: object) -> None:
        """Let visitors hang up in the middle: that is what a stopped download does."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 30
    disable_nagle_algorithm = True

    def do_GET(self) -> None:  # noqa: N802 - the name http.server calls
        """Answer a request for a page or file."""
        self._answer({})

    def do_HEAD(self) -> None:  # noqa: N802 - the name http.server calls
        """Answer with the headers alone."""
        self._answer({})

    def do_POST(self) -> None:  # noqa: N802 - the name http.server calls
        """Answer a form."""
        size = int(self.headers.get("Content-Length") or 0)
        if size > _FORM_MOST:
            self.close_connection = True
            return
        self._answer(dict(parse_qsl(self.rfile.read(size).decode("utf-8", "replace"))))

    def _answer(self, form: Mapping[str, str]) -> None:
        parts = urlsplit(self.path)
        name, _, rest = unquote(parts.path).lstrip("/").partition("/")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        guard = self.server.guards.get(name)
        headers = {key.title(): value for key, value in self.headers.items()}
        visit = Visit(self.command, f"/{rest}", query, headers, form)
        self._send(guard.answer(visit) if guard else _front_page(self.server.guards))

    def _send(self, answer: Served) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: nobody reads a demo server's log."""


def _front_page(guards: Mapping[str, Guard]) -> Served:
    items = "".join(f"<li>{name}</li>" for name in guards)
    return page("segwizard demo", f"<p>A miniature, behind these doors:</p><ul>{items}</ul>")
