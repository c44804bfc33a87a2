"""Reading a body to the disk: straight from the socket where that is sound, else through httpx.

The fast way takes over once the head has proven HTTP/1.1, no transfer or content encoding and a
plain length: after the first raw chunk httpx holds no byte of the body, so the rest is read from
the connection behind the response's ``network_stream`` extension into one buffer. That is public
API of httpx, twice as fast as its iterator, and the hash of the file guards it. The connection is
closed afterwards, never reused. Anything unusual goes through the iterator.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import httpx

from wizard.progress import CancelToken
from wizard.transfer.errors import Stalled, Unreachable
from wizard.transfer.interrupt import TICK
from wizard.transfer.opening import Answer
from wizard.transfer.pacing import RateLimit
from wizard.transfer.replies import Reply

_BUFFER = 1 << 20

Sink = Callable[[memoryview], None]
"""Takes the next bytes, in order."""


@dataclass(frozen=True, slots=True)
class Flow:
    """How a body may flow: where it stops, how fast, and when silence is too long."""

    token: CancelToken
    rate: RateLimit
    stall: float
    """Seconds."""


def receive(answer: Answer, reply: Reply, limit: int | None, sink: Sink, flow: Flow) -> None:
    """Pass the body to ``sink``, at most ``limit`` bytes of it, whole or not at all.

    Raises ``Unreachable`` when it ends early, ``Stalled``, ``Cancelled``, and what ``sink`` does.
    """
    length = None if reply.end is None else reply.end - reply.start
    wanted = length if limit is None or length is None else min(limit, length)
    if limit is not None and wanted is None:
        wanted = limit
    first = memoryview(answer.first)[:wanted]
    if first:
        sink(first)
        flow.rate.take(len(first), flow.token)
    left = None if wanted is None else wanted - len(first)
    if left == 0:
        if wanted == length:
            _drain(answer)
        return
    connection = _plain_socket(answer.response, reply)
    if connection is not None and left is not None:
        _from_socket(connection, left, sink, flow)
    else:
        _from_iterator(answer, left, sink, flow)


def _drain(answer: Answer) -> None:
    """Let httpx see the end of a body that is already here, so that the connection is reused."""
    with contextlib.suppress(httpx.HTTPError, httpx.StreamError):
        next(answer.rest, None)


def _plain_socket(response: httpx.Response, reply: Reply) -> socket.socket | None:
    plain = (
        response.http_version == "HTTP/1.1"
        and reply.end is not None
        and not reply.encoding
        and "transfer-encoding" not in response.headers
    )
    stream = response.extensions.get("network_stream")
    if not plain or stream is None:
        return None
    connection = stream.get_extra_info("socket")
    if not isinstance(connection, socket.socket):
        return None
    # TLS inside a TLS proxy: the socket is the proxy's, the body is not readable from it.
    if isinstance(stream.get_extra_info("ssl_object"), ssl.SSLObject):
        return None
    return connection


def _from_socket(connection: socket.socket, left: int, sink: Sink, flow: Flow) -> None:
    buffer = memoryview(bytearray(min(_BUFFER, left)))
    fill = _fill_tls if isinstance(connection, ssl.SSLSocket) else _fill
    connection.settimeout(TICK)
    heard = time.monotonic()
    while left:
        flow.token.check()
        count = fill(connection, buffer[: flow.rate.helping(min(len(buffer), left))])
        if count:
            sink(buffer[:count])
            flow.rate.take(count, flow.token)
            left -= count
            heard = time.monotonic()
        elif count == 0:
            raise _ended_early(left)
        elif time.monotonic() - heard > flow.stall:
            raise _stalled(flow.stall)


def _fill(connection: socket.socket, view: memoryview) -> int | None:
    """Read into ``view``; 0 at the end of the stream, None when nothing came for a tick."""
    try:
        return connection.recv_into(view)
    except TimeoutError:
        return None
    except ssl.SSLEOFError:
        return 0
    except OSError as error:
        raise Unreachable("the connection broke", hint="Check the network; run again.") from error


def _fill_tls(connection: socket.socket, view: memoryview) -> int | None:
    """Fill ``view`` as ``_fill`` does, but from many records: TLS gives 16 KiB at a time."""
    due = time.monotonic() + TICK
    filled = 0
    while filled < len(view) and (not filled or time.monotonic() < due):
        count = _fill(connection, view[filled:])
        if not count:
            return filled or count
        filled += count
    return filled


def _from_iterator(answer: Answer, left: int | None, sink: Sink, flow: Flow) -> None:
    with contextlib.closing(_pumped(answer, flow)) as chunks:
        for chunk in chunks:
            view = memoryview(chunk)[:left]
            sink(view)
            flow.rate.take(len(view), flow.token)
            if left is not None:
                left -= len(view)
                if left == 0:
                    return
    if left:
        raise _ended_early(left)


def _pumped(answer: Answer, flow: Flow) -> Generator[bytes, None, None]:
    """Iterate over the rest of a body from a thread of its own, so that waiting can be stopped."""
    pipe: queue.Queue[bytes | BaseException | None] = queue.Queue(maxsize=4)
    over = threading.Event()

    def put(item: bytes | BaseException | None) -> None:
        while not over.is_set():
            with contextlib.suppress(queue.Full):
                pipe.put(item, timeout=TICK)
                return

    def pump() -> None:
        try:
            for chunk in answer.rest:
                if over.is_set():
                    return
                if chunk:
                    put(chunk)
        except BaseException as error:  # noqa: BLE001
            put(error)
        else:
            put(None)

    thread = threading.Thread(target=pump, name="transfer-body", daemon=True)
    thread.start()
    try:
        yield from _drawn(pipe, flow)
    finally:
        over.set()
        if thread.is_alive():
            _wake(answer.response)
        thread.join(1.0)


def _drawn(pipe: queue.Queue[bytes | BaseException | None], flow: Flow) -> Iterator[bytes]:
    heard = time.monotonic()
    while True:
        flow.token.check()
        try:
            item = pipe.get(timeout=TICK)
        except queue.Empty:
            if time.monotonic() - heard > flow.stall:
                raise _stalled(flow.stall) from None
            continue
        if item is None:
            return
        if isinstance(item, httpx.TimeoutException):
            raise _stalled(flow.stall) from None
        if isinstance(item, BaseException):
            raise Unreachable("the connection broke", hint="Check the network; run again.")
        yield item
        heard = time.monotonic()


def _wake(response: httpx.Response) -> None:
    """Shut the connection down so that a thread reading it returns."""
    stream = response.extensions.get("network_stream")
    connection = stream.get_extra_info("socket") if stream is not None else None
    if isinstance(connection, socket.socket):
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


def _stalled(seconds: float) -> Stalled:
    return Stalled(
        f"no bytes for {seconds:.0f} s", hint="The server is slow or down; run again later."
    )


def _ended_early(left: int) -> Unreachable:
    return Unreachable(
        f"the connection ended {left:,} bytes early", hint="Check the network; run again."
    )
