"""Debian's nginx as a real range server on loopback: http, https, and slow for each connection."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import TIME_LIMIT, until

_TRIES = 5

_CONFIG = """
{user}
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  sendfile on;
  client_body_temp_path {folder}/t1;
  proxy_temp_path {folder}/t2;
  fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4;
  scgi_temp_path {folder}/t5;
  root {files};
  server {{ listen 127.0.0.1:{plain}; }}
  server {{ listen 127.0.0.1:{slow}; limit_rate {rate}; }}
  server {{
    listen 127.0.0.1:{tls} ssl;
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
  }}
}}
"""


def missing_tools() -> str:
    """Return which of nginx and openssl this machine lacks, empty when both are there."""
    return " and ".join(tool for tool in ("nginx", "openssl") if not _which(tool))


def _which(tool: str) -> str | None:
    return shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/usr/local/sbin")


@dataclass(frozen=True)
class Nginx:
    """A running server; each address serves the same folder."""

    http: str
    https: str
    slow: str
    """The same over http, limited for each connection."""
    certificate: Path
    """For ``SSL_CERT_FILE``."""


@contextlib.contextmanager
def nginx(files: Path, folder: Path, rate: str = "20m") -> Iterator[Nginx]:
    """Serve ``files``; ``folder`` takes configuration and logs. ``rate`` in nginx's notation."""
    _make_certificate(folder)
    process, (plain, slow, tls) = _started(files, folder, rate)
    try:
        yield Nginx(
            http=f"http://127.0.0.1:{plain}",
            https=f"https://127.0.0.1:{tls}",
            slow=f"http://127.0.0.1:{slow}",
            certificate=folder / "cert.pem",
        )
    finally:
        process.terminate()
        process.wait(TIME_LIMIT)


def _started(files: Path, folder: Path, rate: str) -> tuple[subprocess.Popen[bytes], list[int]]:
    """Start on free ports; on others when somebody takes one of them in between."""
    config = folder / "nginx.conf"
    command = [_which("nginx") or "nginx", "-e", "stderr", "-p", str(folder), "-c", str(config)]
    # Workers of a root nginx drop to another user, who may not read private test folders.
    user = "user root;" if os.geteuid() == 0 else ""
    for _ in range(_TRIES):
        ports = _free_ports(3)
        values = dict(zip(("plain", "slow", "tls"), ports, strict=True))
        config.write_text(
            _CONFIG.format(user=user, folder=folder, files=files, rate=rate, **values)
        )
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        until(functools.partial(_is_decided, process, ports))
        if process.poll() is None:
            return process, ports
    raise AssertionError(f"nginx did not start in {_TRIES} tries")


def _make_certificate(folder: Path) -> None:
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    subprocess.run(
        ["openssl", "req", *kind, "-days", "2", *subject, *files], check=True, capture_output=True
    )


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _is_decided(process: subprocess.Popen[bytes], ports: list[int]) -> bool:
    return process.poll() is not None or all(map(_is_open, ports))


def _is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
