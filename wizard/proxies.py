"""Which proxy an address goes through, by the variables and in the forms that curl accepts.

Pure: it is handed the variables and asks nothing of the system. Sources of the rules: the pages
"ENVIRONMENT" of curl(1) and ``--noproxy``; ``HTTP_PROXY`` counts too, as with every other client,
except where a web server runs us and the name may be a visitor's header.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from wizard.errors import EnvironmentFault

SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
"""Kinds of proxies; the ones with ``a`` and ``h`` look names up themselves."""

_PORTS = {"https": 443}
_USUAL_PORT = 1080
_BY_SCHEME = {"http": ("http_proxy", "HTTP_PROXY"), "https": ("https_proxy", "HTTPS_PROXY")}
_FOR_ALL = ("all_proxy", "ALL_PROXY")
_EXCEPTIONS = ("no_proxy", "NO_PROXY")
_TARGET_PORTS = {"http": 80, "https": 443}
_HINT = (
    "write it as http://host:port or socks5h://host:port, unset it, or list the hosts that are "
    "reached without it in NO_PROXY"
)


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy, and the variable that names it."""

    scheme: str
    host: str
    port: int
    variable: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def address(self) -> str:
        """The proxy without its login."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def is_socks(self) -> bool:
        """Whether it speaks SOCKS rather than HTTP."""
        return self.scheme.startswith("socks")

    @property
    def resolves(self) -> bool:
        """Whether it is handed names rather than numbers."""
        return self.scheme in ("socks4a", "socks5h")


@dataclass(frozen=True, slots=True)
class ProxyRules:
    """The proxies and exceptions of one environment."""

    variables: Mapping[str, str] = field(default_factory=dict, repr=False)

    def proxy_for(self, address: str) -> Proxy | None:
        """Return the proxy of an address, None for a direct connection.

        Raises ``EnvironmentFault`` when the variable that applies cannot be understood.
        """
        parts = urlsplit(address)
        variable = self._variable(parts.scheme.lower())
        if not variable or self._is_exempt(parts):
            return None
        return read_proxy(variable, self.variables[variable])

    def faults(self) -> Iterator[EnvironmentFault]:
        """Return what cannot be understood, one fault for each variable."""
        names = dict.fromkeys(self._variable(scheme) for scheme in _TARGET_PORTS)
        for variable in names:
            if variable:
                try:
                    read_proxy(variable, self.variables[variable])
                except EnvironmentFault as fault:
                    yield fault

    def _variable(self, scheme: str) -> str:
        names = (*_BY_SCHEME.get(scheme, ()), *_FOR_ALL)
        if "REQUEST_METHOD" in self.variables:
            names = tuple(name for name in names if name != "HTTP_PROXY")
        return next((name for name in names if self.variables.get(name, "").strip()), "")

    def _is_exempt(self, parts: SplitResult) -> bool:
        said = next((text for name in _EXCEPTIONS if (text := self.variables.get(name))), "")
        host = (parts.hostname or "").rstrip(".")
        port = parts.port or _TARGET_PORTS.get(parts.scheme, 0)
        return any(_covers(entry, host, port) for entry in re.split(r"[\s,]+", said) if entry)


def read_proxy(variable: str, value: str) -> Proxy:
    """Understand the value of a proxy variable; raises ``EnvironmentFault`` without its login."""
    text = value.strip()
    text = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(text)
        scheme, host, port = parts.scheme.lower(), parts.hostname, parts.port
    except ValueError:
        raise _unreadable(variable, text) from None
    if scheme == "socks":
        scheme = "socks4"
    if scheme not in SCHEMES or not host:
        raise _unreadable(variable, text)
    return Proxy(
        scheme=scheme,
        host=host,
        port=port or _PORTS.get(scheme, _USUAL_PORT),
        variable=variable,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def without_login(value: str) -> str:
    """Return an address as it may be shown: user and password cut, whatever its form."""
    scheme, mark, rest = value.strip().rpartition("://")
    return f"{scheme.rpartition('@')[2]}{mark}{rest.rpartition('@')[2]}"


def _unreadable(variable: str, value: str) -> EnvironmentFault:
    kinds = ", ".join(SCHEMES)
    return EnvironmentFault(
        f"this is no proxy that can be used: {without_login(value)!r} (kinds: {kinds})",
        where=variable,
        hint=_HINT,
    )


def _covers(entry: str, host: str, port: int) -> bool:
    """Tell whether one entry of ``NO_PROXY`` names a host: ``*``, suffix, address or network."""
    if entry == "*":
        return True
    name, wanted = _entry_port(entry)
    if wanted not in {None, port}:
        return False
    address = _as_address(host)
    if address is not None:
        return _in_network(name, address)
    name = name.lower().removeprefix("*").strip(".")
    return bool(name) and (host.lower() == name or host.lower().endswith(f".{name}"))


def _entry_port(entry: str) -> tuple[str, int | None]:
    """Split ``host:port``, ``[::1]:port`` and their likes; an IPv6 address has no port."""
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?", entry)
    if not found:
        return entry, None
    return found[1].strip("[]"), int(found[2]) if found[2] else None


def _as_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _in_network(name: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return address in ipaddress.ip_network(name.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return False
