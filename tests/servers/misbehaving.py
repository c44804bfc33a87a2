"""A loopback server that misbehaves on demand.

Files are put under a path with a script: each request for that path takes the next manner from
it, and the last manner stays. ``Honest`` serves ranges, ``If-Range`` and validators as a good
server does; every other manner breaks one promise.

    with Misbehaving() as server:
        url = server.put("a.zip", data, Drop(after=1000), Honest())
        ...
        assert server.ranges("a.zip") == [None, "bytes=1000-"]
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol
from urllib.parse import urlsplit

_RANGE = re.compile(r"bytes=(\d+)-(\d*)\Z")


@dataclass(frozen=True)
class File:
    """What is under a path, and how it is described."""

    data: bytes
    etag: str = ""
    modified: str = ""
    kind: str = "application/octet-stream"


@dataclass(frozen=True)
class Seen:
    """One request as it arrived; header names in lower case."""

    path: str
    query: str
    headers: dict[str, str]


class Exchange(BaseHTTPRequestHandler):
    """One request being answered; manners use the methods below."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        double = self.server.double
        entry = double.take(Seen(parts.path, parts.query, headers))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, _Gone):
            if entry is None:
                self.reply(404, b"<html><title>404 Not Found</title></html>", kind="text/html")
            else:
                manner, file = entry
                manner.answer(self, file)

    def wanted(self, size: int) -> tuple[int, int] | None:
        """Return the half-open range asked for, None when there is none to honour."""
        found = _RANGE.match(self.headers.get("Range", ""))
        if not found:
            return None
        return int(found[1]), min(size, int(found[2]) + 1 if found[2] else size)

    def condition_holds(self, file: File) -> bool:
        """Tell whether ``If-Range`` is absent or names this version."""
        condition = self.headers.get("If-Range")
        return condition is None or condition in {file.etag, file.modified}

    def head(self, status: int, headers: dict[str, str], file: File | None = None) -> None:
        """Send status and headers, and those that describe ``file``."""
        self.send_response(status)
        if file is not None:
            said = {"ETag": file.etag, "Last-Modified": file.modified, "Content-Type": file.kind}
            headers = {**{name: value for name, value in said.items() if value}, **headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def body(self, data: bytes) -> None:
        """Send bytes in modest chunks, so that a client that leaves is noticed."""
        for start in range(0, len(data), 65536):
            self.wfile.write(data[start : start + 65536])
            if self.server.double.closing.is_set():
                raise _Gone

    def reply(
        self,
        status: int,
        data: bytes,
        *,
        kind: str = "application/octet-stream",
        headers: dict[str, str] | None = None,
    ) -> None:
        """Send a whole answer."""
        length = {"Content-Type": kind, "Content-Length": str(len(data))}
        self.head(status, {**length, **(headers or {})})
        self.body(data)

    def hang_up(self) -> None:
        """Close the connection at once."""
        self.close_connection = True
        self.wfile.flush()
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def idle(self, seconds: float) -> None:
        """Keep silent for a while, but not longer than the server lives."""
        self.server.double.closing.wait(seconds)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Gone(Exception):
    """The server is being shut down."""


class Manner(Protocol):
    """A way to answer a request for a file."""

    def answer(self, exchange: Exchange, file: File) -> None: ...


@dataclass(frozen=True)
class Honest:
    """Serves as a good server does; ``ranges`` False ignores ranges and says so."""

    ranges: bool = True

    def answer(self, exchange: Exchange, file: File) -> None:
        start, end, status, headers = _honest_head(exchange, file, ranges=self.ranges)
        exchange.head(status, headers, file)
        exchange.body(file.data[start:end])


def _honest_head(
    exchange: Exchange, file: File, *, ranges: bool = True
) -> tuple[int, int, int, dict[str, str]]:
    total = len(file.data)
    wanted = exchange.wanted(total) if ranges and exchange.condition_holds(file) else None
    allowed = {"Accept-Ranges": "bytes"} if ranges else {}
    if wanted is None:
        return 0, total, 200, {"Content-Length": str(total), **allowed}
    start, end = wanted
    if start >= total:
        return 0, 0, 416, {"Content-Length": "0", "Content-Range": f"bytes */{total}"}
    content = {"Content-Range": f"bytes {start}-{end - 1}/{total}"}
    return start, end, 206, {"Content-Length": str(end - start), **content, **allowed}


@dataclass(frozen=True)
class Drop:
    """Hangs up after so many bytes of the body."""

    after: int
    ranges: bool = True

    def answer(self, exchange: Exchange, file: File) -> None:
        start, end, status, headers = _honest_head(exchange, file, ranges=self.ranges)
        exchange.head(status, headers, file)
        exchange.body(file.data[start : min(end, start + self.after)])
        exchange.hang_up()


@dataclass(frozen=True)
class Stall:
    """Falls silent after so many bytes of the body; -1 sends not even a head."""

    after: int = -1
    seconds: float = 30.0

    def answer(self, exchange: Exchange, file: File) -> None:
        if self.after >= 0:
            start, end, status, headers = _honest_head(exchange, file)
            exchange.head(status, headers, file)
            exchange.body(file.data[start : min(end, start + self.after)])
            exchange.wfile.flush()
        exchange.idle(self.seconds)
        exchange.hang_up()


@dataclass(frozen=True)
class Throttle:
    """Sends so many bytes a second."""

    rate: int

    def answer(self, exchange: Exchange, file: File) -> None:
        start, end, status, headers = _honest_head(exchange, file)
        exchange.head(status, headers, file)
        step = max(1, self.rate // 50)
        for position in range(start, end, step):
            exchange.body(file.data[position : min(end, position + step)])
            exchange.idle(0.02)


@dataclass(frozen=True)
class OnlyDates:
    """Takes ``If-Range`` with a date alone, and hangs up after so many bytes."""

    after: int

    def answer(self, exchange: Exchange, file: File) -> None:
        if exchange.headers.get("If-Range", file.modified) != file.modified:
            del exchange.headers["Range"]
        Drop(self.after).answer(exchange, file)


@dataclass(frozen=True)
class Reborn:
    """Says with every answer that the file is a new version of the same bytes."""

    after: int

    def answer(self, exchange: Exchange, file: File) -> None:
        moment = f"Mon, 01 Jan 2024 00:00:{len(exchange.server.double.seen):02d} GMT"
        etag = f'"{len(exchange.server.double.seen)}"'
        Drop(self.after).answer(exchange, replace(file, etag=etag, modified=moment))


@dataclass(frozen=True)
class DripHead:
    """Sends a head that never ends, a byte at a time."""

    def answer(self, exchange: Exchange, file: File) -> None:
        exchange.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not exchange.server.double.closing.is_set():
            exchange.wfile.write(b"x")
            exchange.wfile.flush()
            exchange.idle(0.02)


@dataclass(frozen=True)
class Unsatisfied:
    """Answers every range with 416 and the given total, requests without one honestly."""

    total: int

    def answer(self, exchange: Exchange, file: File) -> None:
        if exchange.wanted(1 << 62) is None:
            return Honest().answer(exchange, file)
        return exchange.reply(416, b"", headers={"Content-Range": f"bytes */{self.total}"})


@dataclass(frozen=True)
class Lie:
    """Claims a length that is ``more`` bytes off and hangs up at the real end."""

    more: int

    def answer(self, exchange: Exchange, file: File) -> None:
        exchange.head(200, {"Content-Length": str(len(file.data) + self.more)}, file)
        exchange.body(file.data)
        exchange.hang_up()


@dataclass(frozen=True)
class Changed:
    """Serves another version from now on, under another validator."""

    data: bytes
    etag: str = '"other"'

    def answer(self, exchange: Exchange, file: File) -> None:
        Honest().answer(exchange, replace(file, data=self.data, etag=self.etag))


@dataclass(frozen=True)
class DeafToIfRange:
    """Answers ranges with 206 of another version, whatever ``If-Range`` says."""

    data: bytes
    etag: str = '"other"'

    def answer(self, exchange: Exchange, file: File) -> None:
        del exchange.headers["If-Range"]
        Honest().answer(exchange, replace(file, data=self.data, etag=self.etag))


@dataclass(frozen=True)
class Gzipped:
    """Encodes the body though identity was asked for."""

    def answer(self, exchange: Exchange, file: File) -> None:
        data = gzip.compress(file.data, 1)
        headers = {"Content-Encoding": "gzip", "ETag": file.etag or '"x"'}
        exchange.reply(200, data, kind=file.kind, headers=headers)


@dataclass(frozen=True)
class Chunked:
    """Sends chunks without a length; ``broken`` hangs up before the last."""

    broken: bool = False

    def answer(self, exchange: Exchange, file: File) -> None:
        exchange.head(200, {"Transfer-Encoding": "chunked"}, file)
        half = len(file.data) // 2 + 1
        for data in (file.data[:half], b"" if self.broken else file.data[half:]):
            if data:
                exchange.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        if self.broken:
            return exchange.hang_up()
        exchange.wfile.write(b"0\r\n\r\n")
        return None


@dataclass(frozen=True)
class ByClose:
    """Sends no length at all: the end of the connection is the end of the file."""

    cut: int = 0

    def answer(self, exchange: Exchange, file: File) -> None:
        exchange.head(200, {"Connection": "close"}, file)
        exchange.body(file.data[: len(file.data) - self.cut])
        exchange.hang_up()


@dataclass(frozen=True)
class Elsewhere:
    """Answers ranges with a 206 that starts ``shift`` bytes away, labelled as such."""

    shift: int

    def answer(self, exchange: Exchange, file: File) -> None:
        total = len(file.data)
        wanted = exchange.wanted(total)
        if wanted is None:
            return Honest().answer(exchange, file)
        start = min(max(0, wanted[0] + self.shift), total - 1)
        headers = {
            "Content-Range": f"bytes {start}-{total - 1}/{total}",
            "Content-Length": str(total - start),
        }
        exchange.head(206, headers, file)
        return exchange.body(file.data[start:])


@dataclass(frozen=True)
class Redirect:
    """Sends the client elsewhere."""

    url: str
    status: int = 302

    def answer(self, exchange: Exchange, file: File) -> None:
        exchange.reply(self.status, b"", headers={"Location": self.url})


@dataclass(frozen=True)
class Page:
    """Serves a web page in place of the file."""

    title: str
    text: str = ""
    status: int = 200
    kind: str = "text/html; charset=utf-8"

    def answer(self, exchange: Exchange, file: File) -> None:
        page = f"<!DOCTYPE html><html><head><title>{self.title}</title></head><body>{self.text}"
        exchange.reply(self.status, f"{page}</body></html>".encode(), kind=self.kind)


LOGIN = Page("Sign in", '<form><input name="user"><input type="password" name="pw"></form>')
"""The login page that many sites answer 200 with."""


@dataclass(frozen=True)
class Expired:
    """Answers as object stores do when a signed link ran out."""

    status: int = 403

    def answer(self, exchange: Exchange, file: File) -> None:
        code = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
        exchange.reply(self.status, b"<?xml version='1.0'?>" + code, kind="application/xml")


@dataclass(frozen=True)
class Busy:
    """Asks to come back later."""

    status: int = 503
    after: str = ""

    def answer(self, exchange: Exchange, file: File) -> None:
        headers = {"Retry-After": self.after} if self.after else {}
        exchange.reply(self.status, b"busy", kind="text/plain", headers=headers)


@dataclass(frozen=True)
class HangUp:
    """Closes the connection without a word."""

    def answer(self, exchange: Exchange, file: File) -> None:
        exchange.hang_up()


@dataclass(frozen=True)
class Tell:
    """Decides by the request: for manners that depend on cookies, links or counts."""

    choose: Callable[[Exchange], Manner] = field(repr=False)

    def answer(self, exchange: Exchange, file: File) -> None:
        self.choose(exchange).answer(exchange, file)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    double: Misbehaving

    def handle_error(self, *_: object) -> None:
        """A client that goes away is no news here."""


class Misbehaving:
    """The server; a context manager."""

    def __init__(self) -> None:
        self.closing = threading.Event()
        self.seen: list[Seen] = []
        self._lock = threading.Lock()
        self._entries: dict[str, tuple[File, list[Manner]]] = {}
        self._server = _Server(("127.0.0.1", 0), Exchange)
        self._server.double = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def url(self) -> str:
        """Address of the server, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def put(
        self,
        name: str,
        data: bytes,
        *script: Manner,
        etag: str | None = None,
        modified: str = "",
        kind: str = "application/octet-stream",
    ) -> str:
        """Serve ``data`` as ``/name`` by the script; returns the URL. ``etag`` None makes one."""
        if etag is None:
            etag = f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
        with self._lock:
            self._entries[f"/{name}"] = (
                File(data, etag, modified, kind),
                list(script) or [Honest()],
            )
        return f"{self.url}/{name}"

    def take(self, seen: Seen) -> tuple[Manner, File] | None:
        """Note a request and return how to answer it."""
        with self._lock:
            self.seen.append(seen)
            if seen.path not in self._entries:
                return None
            file, script = self._entries[seen.path]
            return (script.pop(0) if len(script) > 1 else script[0]), file

    def requests(self, name: str) -> list[Seen]:
        """Return the requests for a file so far, in order."""
        with self._lock:
            return [seen for seen in self.seen if seen.path == f"/{name}"]

    def ranges(self, name: str) -> list[str | None]:
        """Return the ranges asked for so far, None for a request of the whole file."""
        return [seen.headers.get("range") for seen in self.requests(name)]

    def __enter__(self) -> Misbehaving:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
