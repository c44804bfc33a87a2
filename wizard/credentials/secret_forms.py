"""The forms a secret is written in by scripts, shells and logs, and two ways to look for it.

``Needles`` writes a value in every form and looks for those: it also says where they are.
``reads_secret`` goes the other way round: it undoes the forms of a text and looks for the value.
Neither knows what the other does, so that one proves the other.
"""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus, unquote_to_bytes

from wizard.credentials.secret import Secret

TAKEN_OUT = "[removed]"
"""What stands in a text where a secret was."""

_SHORT = 6
"""Letters below which a value is no proof of itself: ``test`` stands in every log."""
_NAMED = rb"(?i:pass\w*|pwd|pw|token|secret|key)[\"']?\s*[=:\s]\s*[\"']?"
_SHELL_SIGNS = re.compile(r"([^\w@%+=:,./-])")
_DOUBLE_QUOTED = re.compile(r'(["\\$`])')
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{8,}={0,2}")
_JSON_ESCAPE = re.compile(rb"((?:\\u[0-9a-fA-F]{4})+)|\\(.)", re.DOTALL)


class Needles:
    """The written forms of some values, as bytes, the longest first."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        values = {secret.reveal() for secret in secrets} - {""}
        long = {form for value in values if len(value) >= _SHORT for form in _forms(value)}
        self._forms = sorted(long, key=len, reverse=True)
        self._short = [
            re.compile(b"(" + _NAMED + b")" + re.escape(value.encode()) + rb"(?![\w])")
            for value in values
            if len(value) < _SHORT
        ]

    def __bool__(self) -> bool:
        return bool(self._forms or self._short)

    def __repr__(self) -> str:
        return "Needles([secret])"

    def found_in(self, data: bytes) -> bool:
        """Tell whether any value is written in some bytes."""
        return any(form in data for form in self._forms) or any(
            pattern.search(data) for pattern in self._short
        )

    def taken_out_of(self, data: bytes) -> bytes:
        """Return the bytes without the values."""
        for form in self._forms:
            data = data.replace(form, TAKEN_OUT.encode(_encoding_of(form)))
        for pattern in self._short:
            data = pattern.sub(rb"\1" + TAKEN_OUT.encode(), data)
        return data


def _encoding_of(form: bytes) -> str:
    if form[1:2] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if form[:1] == b"\0" else "utf-8"


def _forms(value: str) -> Iterator[bytes]:
    written = {
        value,
        quote(value),
        quote(value, safe=""),
        quote_plus(value),
        re.sub(r"%..", lambda found: found[0].lower(), quote(value, safe="")),
        html.escape(value),
        shlex.quote(value)[1:-1] if "'" in value else value,
        value.replace("'", "'\\''"),
        _SHELL_SIGNS.sub(r"\\\1", value),
        re.sub(r"(\W)", r"\\\1", value),
        _DOUBLE_QUOTED.sub(r"\\\1", value),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
    }
    for text in written:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            yield text.encode(encoding)
    yield from _base64_forms(value.encode())


def _base64_forms(value: bytes) -> Iterator[bytes]:
    """Yield what base64 makes of a value wherever it begins in what is encoded.

    ``user:password`` of a header has it at any of three places; letters that also depend on what
    stands before or behind it are left out.
    """
    for before in range(3):
        skipped = (0, 2, 3)[before]
        whole = (before + len(value)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            form = encode(b"\0" * before + value)[skipped:whole]
            if len(form) >= _SHORT:
                yield form


def reads_secret(data: bytes, secrets: Iterable[Secret]) -> bool:
    """Tell whether a text says any value once its forms are undone."""
    views = list(_views(data))
    values = (secret.reveal() for secret in secrets)
    long = [value.encode() for value in values if len(value) >= _SHORT]
    return any(value in view for value in long for view in views)


def _views(data: bytes) -> Iterator[bytes]:
    yield data
    yield data.replace(b"\0", b"")
    yield unquote_to_bytes(data)
    yield unquote_to_bytes(data.replace(b"+", b" "))
    yield html.unescape(data.decode("utf-8", errors="surrogateescape")).encode(
        "utf-8", errors="surrogateescape"
    )
    yield _JSON_ESCAPE.sub(_unescaped, data)
    for joint in (b"'\\''", b"'\"'\"'"):
        yield data.replace(joint, b"'")
    yield re.sub(rb"\\(.)", rb"\1", data)
    for token in _BASE64.findall(data):
        plain = token.translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
        for start in range(4):
            # One letter too many is the first of a next three bytes.
            part = plain[start:] if len(plain[start:]) % 4 != 1 else plain[start:-1]
            yield base64.b64decode(part + b"=" * (-len(part) % 4))


def _unescaped(found: re.Match[bytes]) -> bytes:
    if found[1]:
        # Letters beyond 16 bits are written as two.
        halves = "".join(chr(int(part, 16)) for part in found[1].decode().split("\\u")[1:])
        return halves.encode("utf-16", errors="surrogatepass").decode("utf-16", "replace").encode()
    return {b"n": b"\n", b"t": b"\t", b"r": b"\r"}.get(found[2], found[2])
