"""What the query of a signed link says: until when it is good, and whether its end is missing."""

from __future__ import annotations

import base64
import binascii
import calendar
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from wizard.errors import UsageError


@dataclass(frozen=True, slots=True)
class _Scheme:
    """One way of signing: the field that gives it away, the one it ends with, and its form."""

    mark: str
    signature: str
    form: str = ""
    """Pattern of a whole signature; empty where its length tells nothing."""


_SCHEMES = (
    _Scheme("x-amz-algorithm", "x-amz-signature", r"[0-9a-fA-F]{64}"),
    _Scheme("x-amz-credential", "x-amz-signature", r"[0-9a-fA-F]{64}"),
    _Scheme("x-amz-signature", "x-amz-signature", r"[0-9a-fA-F]{64}"),
    _Scheme("x-goog-algorithm", "x-goog-signature", r"(?:[0-9a-fA-F]{2}){32,}"),
    _Scheme("awsaccesskeyid", "signature", r"[A-Za-z0-9+/ ]{27}="),
    _Scheme("googleaccessid", "signature"),
    _Scheme("key-pair-id", "signature"),
    _Scheme("skoid", "sig"),
    _Scheme("srt", "sig"),
)
_MOST_FIELDS = 500
_HINT = "copy the whole link, in quotes where a shell sees it; or save it in a file and use --file"


def signed_fields(address: str) -> dict[str, str]:
    """Return the fields of an address's query by lower-case name; none where it is no address."""
    try:
        pairs = parse_qsl(urlsplit(address).query, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}
    return {name.lower(): value for name, value in pairs}


def check_signature(query: Mapping[str, str]) -> None:
    """Raise ``UsageError`` when the end of a signed link is missing; keys are lower case."""
    for scheme in _SCHEMES:
        signature = query.get(scheme.signature)
        if scheme.mark not in query:
            continue
        if signature is None:
            raise _cut(query, scheme.signature)
        if scheme.form and not re.fullmatch(scheme.form, signature):
            raise UsageError(
                "the end of this link is missing: its signature is cut short", hint=_HINT
            )
    dated = "sv" in query and "se" in query
    bare = set(query) == {"expires"} and bool(re.fullmatch(r"\d{9,11}", query["expires"]))
    bare = bare or (_cloudfront(query) is not None and "signature" not in query)
    if (dated and "sig" not in query) or bare:
        raise _cut(query, "sig" if dated else "signature")


def _cut(query: Mapping[str, str], missing: str) -> UsageError:
    if len(query) == 1:
        return UsageError(
            "this link is cut short at its first '&': a shell took the rest for another command",
            hint="put the link in quotes, or save it in a file and use --file",
        )
    return UsageError(
        f"the end of this link is missing: it is cut short before its signature ({missing})",
        hint=_HINT,
    )


def expiry(query: Mapping[str, str]) -> float | None:
    """Read when a signed link ends, seconds since the epoch; keys of ``query`` are lower case."""
    moments = [moment for read in _READERS if (moment := read(query)) is not None]
    return min(moments) if moments else None


def _dated(prefix: str) -> Callable[[Mapping[str, str]], float | None]:
    def read(query: Mapping[str, str]) -> float | None:
        try:
            start = time.strptime(query[f"{prefix}-date"], "%Y%m%dT%H%M%SZ")
            return calendar.timegm(start) + float(query[f"{prefix}-expires"])
        except (KeyError, ValueError):
            return None

    return read


def _plain(query: Mapping[str, str]) -> float | None:
    value = query.get("expires", "")
    return float(value) if re.fullmatch(r"\d{9,11}", value) else None


def _cloudfront(query: Mapping[str, str]) -> float | None:
    """CloudFront custom policy: base64 in which ``+=/`` are written ``-_~``."""
    text = query.get("policy", "").translate(str.maketrans("-_~", "+=/"))
    try:
        policy = json.loads(base64.b64decode(text))
        return float(policy["Statement"][0]["Condition"]["DateLessThan"]["AWS:EpochTime"])
    except (binascii.Error, ValueError, KeyError, IndexError, TypeError):
        return None


def _azure(query: Mapping[str, str]) -> float | None:
    if "sig" not in query:
        return None
    try:
        return datetime.fromisoformat(query["se"]).timestamp()
    except (KeyError, ValueError):
        return None


_READERS = (_dated("x-amz"), _dated("x-goog"), _plain, _cloudfront, _azure)
