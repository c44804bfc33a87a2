"""The one way an httpx client is made here: timeouts set, TLS checked, nothing logged."""

from __future__ import annotations

import logging

import httpx

from wizard import __version__
from wizard.transfer.limits import Limits

USER_AGENT = f"segwizard/{__version__} (dataset setup; httpx)"

# httpx logs full addresses at INFO and httpcore headers at DEBUG: both may hold secrets.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


def make_client(
    limits: Limits | None = None,
    *,
    headers: dict[str, str] | None = None,
    cookies: httpx.Cookies | None = None,
) -> httpx.Client:
    """Return a client with our timeouts that never follows a redirect by itself.

    Proxies and own certificate authorities (``SSL_CERT_FILE``) come from the environment. Bodies
    are asked for unencoded, and HTTP/2 is off because it is four times slower for them.
    """
    limits = limits or Limits()
    return httpx.Client(
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **(headers or {})},
        cookies=cookies,
        timeout=httpx.Timeout(limits.reply, connect=limits.connect, pool=limits.connect),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=8),
        follow_redirects=False,
        trust_env=True,
    )
