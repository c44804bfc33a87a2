"""What the doubles of member sites share: accounts, session cookies, and files behind them."""

from __future__ import annotations

import contextlib
import http.cookies
import re
import secrets
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass
class Members:
    """A site's state; tests set the switches and read the counters."""

    user: str = "ada@example.org"
    password: str = "p&ss wörd%+="
    files: dict[str, bytes] = field(default_factory=dict)
    sessions: set[str] = field(default_factory=set)
    logins: int = 0
    refused_logins: int = 0
    seen_passwords: list[str] = field(default_factory=list)
    expire_at: int | None = None
    """Bytes of a body after which every session ends and the connection breaks, once."""
    approval: bool = True
    licence: bool = True

    def cookie(self) -> str:
        token = secrets.token_hex(8)
        self.sessions.add(token)
        return token


class Handler(BaseHTTPRequestHandler):
    """One request at a member site."""

    protocol_version = "HTTP/1.1"
    server: MemberServer

    @property
    def members(self) -> Members:
        return self.server.members

    @property
    def query(self) -> dict[str, str]:
        pairs = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        return {name: values[0] for name, values in pairs.items()}

    @property
    def route(self) -> str:
        return urlsplit(self.path).path.rstrip("/")

    def cookies(self) -> dict[str, str]:
        jar = http.cookies.SimpleCookie(self.headers.get("Cookie", ""))
        return {name: morsel.value for name, morsel in jar.items()}

    def logged_in(self) -> bool:
        return self.cookies().get("session", "") in self.members.sessions

    def form(self) -> dict[str, str]:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        pairs = parse_qs(body, keep_blank_values=True, strict_parsing=bool(body))
        return {name: values[0] for name, values in pairs.items()}

    def accepts(self, form: dict[str, str]) -> bool:
        self.members.seen_passwords.append(form.get("password", ""))
        good = (form.get("username"), form.get("password")) == (
            self.members.user,
            self.members.password,
        )
        if good:
            self.members.logins += 1
        else:
            self.members.refused_logins += 1
        return good

    def say(
        self,
        status: int,
        body: str = "",
        kind: str = "text/html; charset=utf-8",
        **headers: str,
    ) -> None:
        data = body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def guarded(self, login: str) -> bool:
        """Send strangers to the login page and the unapproved away; True when all is well."""
        if not self.logged_in():
            self.say(302, Location=login)
        elif not self.members.approval:
            self.say(403, "<html><title>Sorry</title>Your request is pending approval.</html>")
        elif not self.members.licence:
            self.say(200, "<html><title>Licence</title>You must agree to the terms.</html>")
        else:
            return True
        return False

    def send_file(self, name: str) -> None:
        data = self.members.files[name]
        found = _RANGE.fullmatch(self.headers.get("Range", ""))
        start = int(found[1]) if found else 0
        end = min(len(data), int(found[2]) + 1 if found and found[2] else len(data))
        if found and start >= len(data):
            self.say(416, Content_Range=f"bytes */{len(data)}")
            return
        self.send_response(206 if found else 200)
        if found:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(data)}")
        self.send_header("Content-Type", "application/zip")
        self.send_header("Content-Disposition", f'attachment; filename="{name}"')
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", f'"{len(data):x}"')
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        self._send_body(data[start:end])

    def _send_body(self, data: bytes) -> None:
        limit = self.members.expire_at
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            if limit is not None and len(data) > limit:
                self.members.expire_at = None
                self.members.sessions.clear()
                self.wfile.write(data[:limit])
                self.wfile.flush()
                self.close_connection = True
                self.connection.close()
                return
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


class MemberServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, handler: type[Handler], members: Members) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.members = members
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        pass

    def __enter__(self) -> MemberServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()
