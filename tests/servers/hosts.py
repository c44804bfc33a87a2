"""Hosts on this machine: namespaces of network, mounts, names and processes of their own."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shlex
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_NEW_NET = 0x40000000


def missing_hosts() -> str:
    """Return what this machine lacks for hosts of its own; empty when it can have them."""
    tools = [each for each in ("ip", "unshare", "mount") if not shutil.which(each)]
    if tools:
        return " and ".join(tools)
    if os.geteuid():
        return "root"
    words = ["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--mount-proc", "true"]
    return "" if subprocess.run(words, capture_output=True).returncode == 0 else "namespaces"


@dataclass(frozen=True)
class Host:
    """One host; what runs on it sees the shared folder by a mount of its own."""

    name: str
    share: Path
    seen_as: Path

    def start(
        self, line: list[str], told: Mapping[str, str], output: Path
    ) -> subprocess.Popen[bytes]:
        """Start a program as the first process of the host; with it, all of it is gone."""
        mounted = shlex.join(["mount", "--bind", str(self.share), str(self.seen_as)])
        script = f"hostname {self.name} && {mounted} && exec {shlex.join(line)}"
        parts = ("--mount", "--uts", "--pid", "--fork", "--kill-child=KILL", "--mount-proc")
        with output.open("wb") as file:
            return subprocess.Popen(
                ["ip", "netns", "exec", self.name, "unshare", *parts, "sh", "-c", script],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=dict(told),
            )


@contextlib.contextmanager
def hosts(count: int, share: Path, seen_as: Path, port: int) -> Iterator[list[Host]]:
    """Make hosts that share a folder, and reach a server on this machine's port as their own."""
    seen_as.mkdir()
    with contextlib.ExitStack() as stack:
        made = []
        for number in range(count):
            name = f"segw-{os.getpid()}-{number}"
            subprocess.run(["ip", "netns", "add", name], check=True)
            stack.callback(subprocess.run, ["ip", "netns", "del", name], check=True)
            subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
            stack.enter_context(_relayed(name, port))
            made.append(Host(name, share, seen_as))
        yield made


@contextlib.contextmanager
def _relayed(name: str, port: int) -> Iterator[None]:
    """Lead a port of a host's loopback to the same port of this machine's."""
    listening: list[socket.socket] = []
    thread = threading.Thread(target=lambda: listening.append(_listen_in(name, port)))
    thread.start()
    thread.join()
    with listening[0] as server:
        threading.Thread(target=_serve, args=(server, port), daemon=True).start()
        yield
        server.shutdown(socket.SHUT_RDWR)


def _listen_in(name: str, port: int) -> socket.socket:
    """Listen in a host's network; only the thread that calls this moves there, and ends."""
    with open(f"/run/netns/{name}") as space:
        if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), _NEW_NET):
            raise OSError(ctypes.get_errno(), "setns")
    server = socket.socket()
    server.bind(("127.0.0.1", port))
    server.listen(64)
    return server


def _serve(server: socket.socket, port: int) -> None:
    while True:
        try:
            inner, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_relay, args=(inner, port), daemon=True).start()


def _relay(inner: socket.socket, port: int) -> None:
    with inner, socket.create_connection(("127.0.0.1", port)) as outer:
        back = threading.Thread(target=_copy, args=(outer, inner), daemon=True)
        back.start()
        _copy(inner, outer)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
