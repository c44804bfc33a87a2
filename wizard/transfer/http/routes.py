"""How a connection leaves this machine: directly, or through the proxy of its address."""

from __future__ import annotations

import ssl
import threading

import httpcore
import httpx

from wizard import environment
from wizard.proxies import Proxy
from wizard.transfer.http.socks import SocksBackend
from wizard.transfer.http.trust import tls_context

_IDLE_CONNECTIONS = 8


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
