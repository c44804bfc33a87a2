"""Reading a body to the disk: straight from the socket where that is sound, else through httpx.

The fast way takes over once the head has proven HTTP/1.1, no transfer or content encoding and a
plain length: after the first raw chunk httpx holds no byte of the body, so the rest is read from
the connection behind the response's ``network_stream`` extension into one buffer. That is public
API of httpx, twice as fast as its iterator, and the hash of the file guards it. The connection is
closed afterwards, never reused. Anything unusual goes through the iterator.
"""

from __future__ import annotations

import contextlib
import functools
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import cast

import httpx

from wizard import figures
from wizard.progress import CancelToken
from wizard.transfer.errors import Stalled, TooSlow, Unreachable
from wizard.transfer.http.opening import Response
from wizard.transfer.http.refusals import words_of
from wizard.transfer.http.response_head import ResponseHead
from wizard.transfer.interrupt import TICK
from wizard.transfer.retry_policy import RateLimit

_BUFFER = 1 << 20
_GATHER = 1 << 17
"""Bytes to be woken for: a few milliseconds of a usual line."""
_SLOW = "The server is slow or down; run again later."

Sink = Callable[[memoryview], None]
"""Takes the next bytes, in order."""
Lender = Callable[[], memoryview | None]
"""Gives memory in which the sink wants to have them, where it wants that."""


@dataclass(frozen=True, slots=True)
class Flow:
    """How a body may flow: where it stops, how fast, and when silence is too long."""

    token: CancelToken
    rate: RateLimit
    stall: float
    """Seconds."""
    slowest: int = 0
    """Bytes a second, over ``stall`` seconds, below which another try will do better."""


def receive_body(
    answer: Response,
    head: ResponseHead,
    limit: int | None,
    sink: Sink,
    flow: Flow,
    lend: Lender = lambda: None,
) -> None:
    """Pass the body to ``sink``, at most ``limit`` bytes of it, whole or not at all.

    Raises ``Unreachable`` when it ends early, ``Stalled``, ``Cancelled``, and what ``sink`` does.
    """
    length = None if head.end is None else head.end - head.start
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
    connection = _plain_socket(answer.response, head)
    if connection is not None and left is not None:
        _from_socket(connection, left, sink, flow, lend)
    else:
        _from_iterator(answer, left, sink, flow)


def _drain(answer: Response) -> None:
    """Let httpx see the end of a body that is already here, so that the connection is reused."""
    with contextlib.suppress(httpx.HTTPError, httpx.StreamError):
        next(answer.rest, None)


def _plain_socket(response: httpx.Response, head: ResponseHead) -> socket.socket | None:
    plain = (
        response.http_version == "HTTP/1.1"
        and head.end is not None
        and not head.encoding
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


def _from_socket(
    connection: socket.socket, left: int, sink: Sink, flow: Flow, lend: Lender
) -> None:
    own = memoryview(bytearray(min(_BUFFER, left)))
    buffer = lend() or own
    tls = isinstance(connection, ssl.SSLSocket)
    fill = functools.partial(_fill_tls if tls else _fill, connection)
    connection.settimeout(TICK)
    _gather(connection, _GATHER if left > 2 * _GATHER else 1)
    pulse = _Pulse(flow)
    while left:
        flow.token.check()
        count = fill(buffer[: flow.rate.helping(min(len(buffer), left))])
        if count == 0:
            raise _ended_early(left)
        if count:
            sink(buffer[:count])
            flow.rate.take(count, flow.token)
            if left > 2 * _GATHER >= left - count:
                _gather(connection, 1)
            left -= count
            buffer = (lend() if left else None) or own
        pulse.beat(count or 0)


def _gather(connection: socket.socket, size: int) -> None:
    """Be woken for so many bytes rather than for every packet: waking costs more than reading."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)


def _fill(connection: socket.socket, view: memoryview) -> int | None:
    """Read into ``view``; 0 at the end of the stream, None when nothing came for a tick."""
    try:
        return connection.recv_into(view)
    except TimeoutError:
        return _fill_at_once(connection, view)
    except OSError as error:
        raise _broke(error) from error


def _fill_at_once(connection: socket.socket, view: memoryview) -> int | None:
    """Take what came in a tick, too little to be woken for."""
    # With a time limit Python waits for as much as it would be woken for, whatever the flags.
    connection.settimeout(0)
    try:
        return connection.recv_into(view)
    except BlockingIOError:
        return None
    except OSError as error:
        raise _broke(error) from error
    finally:
        connection.settimeout(TICK)


def _fill_tls(connection: socket.socket, view: memoryview) -> int | None:
    """Fill ``view`` as ``_fill`` does, but from many records: TLS gives 16 KiB at a time."""
    filled, size = 0, len(view)
    # Without the layer that ``recv_into`` puts above it: this runs once for each record.
    read = cast("Callable[[int, memoryview], int]", cast(ssl.SSLSocket, connection).read)
    due = time.monotonic() + TICK
    try:
        while filled < size:
            count = read(size - filled, view[filled:])
            filled += count
            if not count or time.monotonic() > due:
                break
    except TimeoutError:
        return filled or None
    except ssl.SSLEOFError:
        return filled
    except OSError as error:
        if not filled:
            raise _broke(error) from error
    return filled


class _Pulse:
    """Sees to it that bytes come, and enough of them."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._heard = self._began = time.monotonic()
        self._count = 0

    def beat(self, count: int) -> None:
        """Count what came since the last beat; raises ``Stalled`` or ``TooSlow``."""
        flow, now = self._flow, time.monotonic()
        self._count += count
        if count:
            self._heard = now
        elif now - self._heard > flow.stall:
            raise Stalled(f"no bytes for {flow.stall:.0f} s", hint=_SLOW)
        passed = now - self._began
        if passed <= flow.stall:
            return
        # With a limit of our own, what is slow is no fault of the server's.
        if self._count < flow.slowest * passed and not flow.rate.rate:
            rate = figures.rate(self._count / passed)
            raise TooSlow(f"only {rate} for {flow.stall:.0f} s", hint=_SLOW)
        self._began, self._count = now, 0


def _from_iterator(answer: Response, left: int | None, sink: Sink, flow: Flow) -> None:
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


def _pumped(answer: Response, flow: Flow) -> Generator[bytes, None, None]:
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
    pulse = _Pulse(flow)
    while True:
        flow.token.check()
        try:
            item = pipe.get(timeout=TICK)
        except queue.Empty:
            pulse.beat(0)
            continue
        if item is None:
            return
        if isinstance(item, httpx.TimeoutException):
            raise Stalled("no bytes in time", hint=_SLOW)
        if isinstance(item, BaseException):
            raise _broke(item)
        yield item
        pulse.beat(len(item))


def _wake(response: httpx.Response) -> None:
    """Shut the connection down so that a thread reading it returns."""
    stream = response.extensions.get("network_stream")
    connection = stream.get_extra_info("socket") if stream is not None else None
    if isinstance(connection, socket.socket):
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


def _broke(error: BaseException) -> Unreachable:
    message = f"the connection broke ({words_of(error)})"
    return Unreachable(message, hint="Check the network; run again.")


def _ended_early(left: int) -> Unreachable:
    return Unreachable(
        f"the connection ended {left:,} bytes early", hint="Check the network; run again."
    )
