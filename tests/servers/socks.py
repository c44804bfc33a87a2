"""A small SOCKS proxy on loopback: versions 4, 4a and 5, with or without a login.

    with SocksProxy(login=("ann", "s3cret")) as proxy:
        proxy.address("socks5h")   # socks5h://ann:s3cret@127.0.0.1:PORT
        proxy.asked                # what clients asked for: names or numbers

Its answers can be sent a byte at a time, to try clients that expect whole packets.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading


class SocksProxy:
    def __init__(self, login: tuple[str, str] | None = None, *, drip: bool = False) -> None:
        self.login = login
        self.drip = drip
        self.names: dict[str, str] = {}
        self.asked: list[tuple[int, str, int]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def address(self, scheme: str) -> str:
        login = f"{self.login[0]}:{self.login[1]}@" if self.login else ""
        return f"{scheme}://{login}127.0.0.1:{self.port}"

    def __enter__(self) -> SocksProxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError), client:
            version = _take(client, 1)[0]
            target = self._five(client) if version == 5 else self._four(client)
            if target is not None:
                with socket.create_connection(target) as server:
                    _join(client, server)

    def _four(self, client: socket.socket) -> tuple[str, int] | None:
        _, port, number = struct.unpack(">BH4s", _take(client, 7))
        user = _text(client)
        host = socket.inet_ntoa(number)
        if number[:3] == b"\0\0\0" and number[3]:
            host = _text(client)
        self.asked.append((4, host, port))
        wrong = self.login is not None and user != self.login[0]
        self._send(client, b"\0" + (b"\x5d" if wrong else b"\x5a") + b"\0" * 6)
        return None if wrong else (self.names.get(host, host), port)

    def _five(self, client: socket.socket) -> tuple[str, int] | None:
        ways = _take(client, _take(client, 1)[0])
        way = 2 if self.login else 0
        if way not in ways:
            self._send(client, b"\x05\xff")
            return None
        self._send(client, bytes([5, way]))
        if self.login and not self._admitted(client):
            return None
        _, _, _, kind = _take(client, 4)
        host = {
            1: lambda: socket.inet_ntoa(_take(client, 4)),
            3: lambda: _take(client, _take(client, 1)[0]).decode(),
            4: lambda: socket.inet_ntop(socket.AF_INET6, _take(client, 16)),
        }[kind]()
        port = struct.unpack(">H", _take(client, 2))[0]
        self.asked.append((5, host, port))
        # Bound to a name: its length is part of the answer.
        self._send(client, b"\x05\x00\x00\x03\x05proxy\x00\x00")
        return self.names.get(host, host), port

    def _admitted(self, client: socket.socket) -> bool:
        _take(client, 1)
        user = _take(client, _take(client, 1)[0]).decode()
        password = _take(client, _take(client, 1)[0]).decode()
        right = (user, password) == self.login
        self._send(client, b"\x01" + (b"\0" if right else b"\x01"))
        return right

    def _send(self, client: socket.socket, answer: bytes) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        step = 1 if self.drip else len(answer)
        for start in range(0, len(answer), step):
            client.sendall(answer[start : start + step])


def _take(client: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = client.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def _text(client: socket.socket) -> str:
    text = b""
    while (letter := _take(client, 1)) != b"\0":
        text += letter
    return text.decode()


def _join(client: socket.socket, server: socket.socket) -> None:
    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    back = threading.Thread(target=pump, args=(server, client), daemon=True)
    back.start()
    pump(client, server)
    back.join()
