"""The one way an httpx client is made here: whom to trust, by which proxy, nothing logged."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import ssl
import threading
from pathlib import Path

import certifi
import httpcore
import httpx

from wizard import environment
from wizard.errors import EnvironmentFault
from wizard.proxies import Proxy
from wizard.transfer.http.socks import SocksBackend
from wizard.transfer.retry_policy import RetryPolicy
from wizard.version import __version__

_IDLE_CONNECTIONS = 8
USER_AGENT = f"segwizard/{__version__} (dataset setup; httpx)"


def tls_context() -> ssl.SSLContext:
    """Return the context of all connections, made once for each set of authorities.

    Raises ``EnvironmentFault`` when the authorities that a variable names cannot be read.
    """
    named = tuple((name, environment.variable(name)) for name in environment.CERTIFICATES)
    return _context(named, environment.variable("SSLKEYLOGFILE"))


@functools.lru_cache(maxsize=4)
def _context(named: tuple[tuple[str, str], ...], key_log: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    given = [(name, value) for name, value in named if value]
    if given:
        _load_named(context, given)
    else:
        _load_usual(context)
    if key_log:
        with contextlib.suppress(OSError):
            context.keylog_filename = key_log
    return context


def _load_named(context: ssl.SSLContext, given: list[tuple[str, str]]) -> None:
    """Load every bundle and folder that is named: one tool asks for this, another for that."""
    read = set[str]()
    for name, value in given:
        try:
            for place in value.split(os.pathsep) if name == "SSL_CERT_DIR" else (value,):
                if place in read:
                    continue
                read.add(place)
                folder = Path(place).is_dir()
                context.load_verify_locations(**{"capath" if folder else "cafile": place})
        except (OSError, ssl.SSLError) as error:
            raise EnvironmentFault(
                f"no certificates can be read from {value!r}: {error}",
                where=name,
                hint="name a file of PEM certificates, or unset it to use the system's",
            ) from None


def _load_usual(context: ssl.SSLContext) -> None:
    places = ssl.get_default_verify_paths()
    for place in ({"cafile": places.openssl_cafile}, {"capath": places.openssl_capath}):
        with contextlib.suppress(OSError, ssl.SSLError):
            context.load_verify_locations(**place)
    context.load_verify_locations(cafile=certifi.where())


class RoutedTransport(httpx.BaseTransport):
    """Sends each request by the route of its address; one pool of connections for each route."""

    def __init__(self) -> None:
        self._transports: dict[tuple[Proxy | None, bool], httpx.HTTPTransport] = {}
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; raises ``EnvironmentFault`` where a proxy cannot be understood."""
        proxy = environment.proxies().proxy_for(str(request.url))
        return self._transport(proxy, tls=request.url.scheme == "https").handle_request(request)

    def close(self) -> None:
        """Close idle connections."""
        with self._lock:
            for transport in self._transports.values():
                transport.close()
            self._transports.clear()

    def _transport(self, proxy: Proxy | None, *, tls: bool) -> httpx.HTTPTransport:
        with self._lock:
            route = proxy, tls
            if route not in self._transports:
                # Reading authorities takes longer than a small file; without any, TLS is refused.
                tls = tls or (proxy is not None and proxy.scheme == "https")
                context = tls_context() if tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                self._transports[route] = _made(proxy, context)
            return self._transports[route]


def _made(proxy: Proxy | None, context: ssl.SSLContext) -> httpx.HTTPTransport:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=_IDLE_CONNECTIONS)
    if proxy is None or proxy.is_socks:
        transport = httpx.HTTPTransport(verify=context, trust_env=False, limits=limits)
        if proxy is not None:
            # httpx lets a transport choose no network of its own; httpcore, below it, does.
            transport._pool = httpcore.ConnectionPool(
                ssl_context=context,
                max_connections=None,
                max_keepalive_connections=_IDLE_CONNECTIONS,
                network_backend=SocksBackend(proxy),
            )
        return transport
    login = (proxy.user, proxy.password) if proxy.user or proxy.password else None
    return httpx.HTTPTransport(
        verify=context,
        trust_env=False,
        limits=limits,
        proxy=httpx.Proxy(
            proxy.address, auth=login, ssl_context=context if proxy.scheme == "https" else None
        ),
    )


# httpx logs full addresses at INFO and httpcore headers at DEBUG: both may hold secrets.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


def make_client(
    policy: RetryPolicy | None = None,
    *,
    headers: dict[str, str] | None = None,
    cookies: httpx.Cookies | None = None,
) -> httpx.Client:
    """Return a client with our timeouts that never follows a redirect by itself.

    Proxies and certificate authorities come from ``wizard.environment``. Bodies are asked for
    unencoded, and HTTP/2 is off because it is four times slower for them.
    """
    policy = policy or RetryPolicy()
    return httpx.Client(
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **(headers or {})},
        cookies=cookies,
        timeout=httpx.Timeout(policy.head, connect=policy.connect, pool=policy.connect),
        transport=RoutedTransport(),
        follow_redirects=False,
        trust_env=False,
    )


def read_at_most(answer: httpx.Response, largest: int) -> bytes:
    """Return the first bytes of an open answer, decoded; the rest is never read."""
    data = b""
    for chunk in answer.iter_bytes():
        data += chunk[: largest - len(data)]
        if len(data) >= largest:
            break
    return data
