"""Addresses as people may see them: without query, user or anything that opens a door."""

from __future__ import annotations

from urllib.parse import SplitResult, unquote, urlsplit

from wizard.credentials.secret import Secret
from wizard.errors import TransferError

_DEFAULT_PORTS = {"http": 80, "https": 443}


def reveal(address: str | Secret) -> str:
    """Return the address to connect to."""
    return address.reveal() if isinstance(address, Secret) else address


def _split(address: str | Secret) -> SplitResult:
    """Take an address apart; raises ``TransferError``, without showing it, when it is none."""
    try:
        parts = urlsplit(reveal(address))
        _ = parts.port
    except ValueError:
        hint = "Addresses start with http:// or https:// and a host name."
        raise TransferError("this is not an address to fetch from", hint=hint) from None
    return parts


def shown(address: str | Secret) -> str:
    """Return an address fit for screens, logs and state files.

    Query, fragment and user are cut; of a secret address only host and file name are left,
    since mailed base addresses hide their secret in the path. Like its neighbours it raises
    ``TransferError`` for what is no address.
    """
    parts = _split(address)
    place = f"{parts.scheme}://{host(address)}"
    if isinstance(address, Secret):
        return f"{place}/.../{parts.path.rsplit('/', 1)[-1]}"
    return f"{place}{parts.path}"


def host(address: str | Secret) -> str:
    """Return host name and any unusual port, without user and password."""
    return _split(address).netloc.rpartition("@")[2].lower()


def origin(address: str | Secret) -> str:
    """Return ``scheme://host[:port]``, lower case, default ports left out: who gets secrets."""
    parts = _split(address)
    name, port = (parts.hostname or "").lower(), parts.port
    name = f"[{name}]" if ":" in name else name
    usual = port is None or port == _DEFAULT_PORTS.get(parts.scheme)
    return f"{parts.scheme}://{name}" if usual else f"{parts.scheme}://{name}:{port}"


def file_name(address: str | Secret) -> str:
    """Return the last part of the path, decoded; empty when the path ends in a slash."""
    return unquote(_split(address).path.rsplit("/", 1)[-1])
