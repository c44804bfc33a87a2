"""The one way an httpx client is made here: timeouts set, TLS checked, nothing logged."""

from __future__ import annotations

import logging

import httpx

from wizard.transfer.http.routes import RoutedTransport
from wizard.transfer.retry_policy import RetryPolicy
from wizard.version import __version__

USER_AGENT = f"segwizard/{__version__} (dataset setup; httpx)"

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
