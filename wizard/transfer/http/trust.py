"""Whom to trust over TLS: the authorities the environment names, else the system's and certifi's.

Certificates are always checked. ``wizard.environment`` has taken away the variables that name
nothing usable, and has told so.
"""

from __future__ import annotations

import contextlib
import functools
import os
import ssl
from pathlib import Path

import certifi

from wizard import environment
from wizard.errors import EnvironmentFault


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
