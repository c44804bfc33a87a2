"""Connections through SOCKS proxies of every version that curl speaks.

RFC 1928 and 1929 (SOCKS 5), the memos of Koblas and Lee (SOCKS 4 and 4a). Every message is read
to its last byte and no further, whatever the packets it comes in. httpx knows version 5 alone,
with names looked up by the proxy.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
import time
from collections.abc import Iterable

import httpcore

from wizard.proxies import Proxy

_NO_LOGIN, _LOGIN, _NONE_FITS = 0, 2, 0xFF
_CONNECT = 1
_NUMBER_4, _NAME, _NUMBER_6 = 1, 3, 4
_GRANTED_4 = 0x5A
_ANSWERS_5 = {
    1: "it failed",
    2: "its rules forbid this host",
    3: "it cannot reach the network",
    4: "it cannot reach the host",
    5: "the host refused the connection",
    6: "the way is too long",
    7: "it cannot connect",
    8: "it does not know this kind of address",
}


class SocksBackend(httpcore.NetworkBackend):
    """Opens connections to any host through one proxy."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._direct = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Return a stream to ``host``; raises ``httpcore.ProxyError`` when the proxy says no."""
        proxy = self._proxy
        address = host if proxy.resolves else _looked_up(host, port, proxy)
        stream = self._direct.connect_tcp(
            proxy.host, proxy.port, timeout, local_address, socket_options
        )
        talk = _Conversation(stream, timeout)
        try:
            if proxy.scheme.startswith("socks5"):
                _greet(talk, proxy)
                _connect_5(talk, address, port)
            else:
                _connect_4(talk, proxy, address, port)
        except BaseException:
            stream.close()
            raise
        return stream


class _Conversation:
    """Whole messages over a stream, within one deadline."""

    def __init__(self, stream: httpcore.NetworkStream, timeout: float | None) -> None:
        self._stream = stream
        self._end = None if timeout is None else time.monotonic() + timeout

    def send(self, message: bytes) -> None:
        self._stream.write(message, self._left())

    def take(self, count: int) -> bytes:
        """Return exactly ``count`` bytes."""
        taken = b""
        while len(taken) < count:
            more = self._stream.read(count - len(taken), self._left())
            if not more:
                raise httpcore.ProxyError("it hung up")
            taken += more
        return taken

    def _left(self) -> float | None:
        if self._end is None:
            return None
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.ConnectTimeout("the proxy did not answer in time")
        return left


def _looked_up(host: str, port: int, proxy: Proxy) -> str:
    """Return the number of a host, of the kind the proxy takes."""
    family = socket.AF_INET if proxy.scheme == "socks4" else socket.AF_UNSPEC
    try:
        found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error
    return str(found[0][4][0])


def _greet(talk: _Conversation, proxy: Proxy) -> None:
    """Agree on how to log in, and log in."""
    methods = bytes([_NO_LOGIN, _LOGIN] if proxy.user else [_NO_LOGIN])
    talk.send(bytes([5, len(methods)]) + methods)
    version, method = talk.take(2)
    if version != 5:
        raise httpcore.ProxyError("it does not speak SOCKS 5")
    if method == _NONE_FITS or method not in methods:
        raise httpcore.ProxyError("it wants a login" if not proxy.user else "no login fits it")
    if method == _LOGIN:
        talk.send(b"\x01" + _counted(proxy.user.encode()) + _counted(proxy.password.encode()))
        if talk.take(2)[1]:
            raise httpcore.ProxyError("it did not accept the login")


def _connect_5(talk: _Conversation, host: str, port: int) -> None:
    talk.send(bytes([5, _CONNECT, 0]) + _address_5(host) + struct.pack(">H", port))
    version, answer, _, kind = talk.take(4)
    if version != 5:
        raise httpcore.ProxyError("it does not speak SOCKS 5")
    if answer:
        raise httpcore.ProxyError(_ANSWERS_5.get(answer, f"it answered {answer}"))
    sizes = {_NUMBER_4: 4, _NUMBER_6: 16}
    talk.take((sizes[kind] if kind in sizes else talk.take(1)[0]) + 2)


def _address_5(host: str) -> bytes:
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return bytes([_NAME]) + _counted(host.encode("idna"))
    return bytes([_NUMBER_4 if number.version == 4 else _NUMBER_6]) + number.packed


def _connect_4(talk: _Conversation, proxy: Proxy, host: str, port: int) -> None:
    name = b""
    try:
        number = ipaddress.IPv4Address(host).packed
    except ValueError:
        # Version 4a: a number that cannot be tells that a name follows.
        number, name = b"\x00\x00\x00\x01", host.encode("idna") + b"\x00"
    request = struct.pack(">BBH", 4, _CONNECT, port) + number
    talk.send(request + proxy.user.encode() + b"\x00" + name)
    answer = talk.take(8)[1]
    if answer != _GRANTED_4:
        raise httpcore.ProxyError(f"it did not connect (answer {answer})")


def _counted(text: bytes) -> bytes:
    if len(text) > 255:
        raise httpcore.ProxyError("a name or login has more than 255 bytes")
    return bytes([len(text)]) + text
