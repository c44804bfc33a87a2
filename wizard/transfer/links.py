"""Links people paste: cleaned, named, and checked for how long they stay valid.

A terminal cuts long addresses at line breaks and people copy the ``wget`` or ``curl`` line, the
quotes or half a mail along with them (fact sheet pain_points rows 21 and 22).
"""

from __future__ import annotations

import base64
import binascii
import calendar
import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit, urlunsplit

from wizard import figures
from wizard.credentials.secret import Secret
from wizard.errors import UsageError

_QUOTED = re.compile(r"""["'<(“‘`](https?://[^"'<>”’`]+)["'>)”’`]""", re.IGNORECASE)
_START = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_BASE_LINE = re.compile(r"""\bBASE_URL\s*=\s*["']?\s*([^"'\s]+)""")
_WORDS_END = re.compile(r"[,!:;)\]]$")
_ARCHIVE = re.compile(r"\.(zip|tar|tgz|gz|bz2|xz|7z)$", re.IGNORECASE)
_AMPERSAND = re.compile(r"&(?:amp|#38|#x26);", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PastedLink:
    """A cleaned link: what may be shown of it, and the address itself as a secret."""

    address: Secret
    host: str
    name: str
    """File name at the end of the path; empty when there is none."""
    expires: float | None = None
    """Seconds since the epoch, read from the signature; None when it says nothing."""

    def shown(self) -> str:
        """Return host and file name, all that may be printed."""
        return f"{self.name or 'a link'} from {self.host}"


@dataclass(frozen=True, slots=True)
class Validity:
    """How long a link is good for against how long the download needs, in seconds."""

    left: float | None
    needed: float | None
    """None before any transfer has shown how fast the network is."""
    size: int = 0
    """Bytes to fetch, 0 for unknown."""

    @property
    def expired(self) -> bool:
        """Whether the link is of no use any more."""
        return self.left is not None and self.left <= 0

    @property
    def enough(self) -> bool:
        """Whether the download can be over before the link is."""
        return self.left is None or self.left > (self.needed or 0.0)

    def words(self) -> str:
        """Say it in a sentence."""
        if self.left is None:
            return "The link does not say how long it is valid."
        if self.expired:
            return f"The link expired {figures.span(-self.left)} ago."
        return f"The link is valid for {figures.span(self.left)}{self._against()}."

    def _against(self) -> str:
        if self.needed and self.enough:
            return f", the download needs about {figures.span(self.needed)}"
        if self.needed:
            return f", but the download needs about {figures.span(self.needed)} at this speed"
        if self.size and self.left:
            return f"; the download has to run at {figures.rate(self.size / self.left)} or more"
        return ""


def validity(link: PastedLink, *, size: int, rate: float | None, now: float) -> Validity:
    """Compare a link's time left with a download of ``size`` bytes at ``rate`` bytes a second."""
    left = None if link.expires is None else link.expires - now
    return Validity(left, size / rate if rate and size else None, size)


def read_link(text: str, *, names: Iterable[str] = (), page: str = "") -> PastedLink:
    """Make a link out of pasted text.

    ``names`` are the file names it may have, empty for any; ``page`` is the page people get it
    from. Raises ``UsageError`` when it is no link, another file's, or cut short.
    """
    link = _parse(clean(text))
    if page and _bare(link.address.reveal()) == _bare(page):
        raise UsageError(
            "this is the page the link comes from, not the link to the file",
            hint="start the download there, then copy the address of the file itself",
        )
    _check_name(link, tuple(names))
    return link


def read_base_address(text: str) -> PastedLink:
    """Make a base address, ending in ``/``, out of pasted text or a script with ``BASE_URL=``."""
    line = _BASE_LINE.search(text)
    address = clean(line.group(1) if line else text)
    parts = urlsplit(address)
    if parts.query or parts.fragment:
        raise UsageError(
            "a base address has nothing after a '?'", hint="paste the value of BASE_URL alone"
        )
    path = parts.path if parts.path.endswith("/") else parts.path + "/"
    return _parse(urlunsplit(parts._replace(path=path)))


def below(base: Secret, suffix: str) -> Secret:
    """Join a path to a base address by the rules of addresses, never by file system rules."""
    return Secret(urljoin(base.reveal(), suffix.lstrip("/")))


def clean(text: str) -> str:
    """Return the one address in pasted text; raises ``UsageError`` when there is none or two."""
    text = _AMPERSAND.sub("&", text.strip())
    quoted = _QUOTED.search(text)
    if quoted:
        return re.sub(r"\\?\s+", "", quoted.group(1))
    start = _START.search(text)
    if start is None:
        raise UsageError(
            "this holds no web address", hint="copy the whole link, beginning with https://"
        )
    return _join_lines(text[start.start() :])


def _join_lines(text: str) -> str:
    """Follow an address over line breaks up to the first blank or the end of the paste."""
    # A backslash before a line break is the shell's: the word ends there.
    lines = [line.strip() for line in re.sub(r"\\\r?\n", " \n", text).splitlines()]
    if text.splitlines()[0].rstrip().endswith("\\"):
        return lines[0].split()[0].rstrip("\\")
    address = ""
    for line in lines:
        words = line.split()
        if not words or (address and _is_prose(words)):
            break
        if address and _START.match(line):
            raise UsageError("this holds two links", hint="give one link for one file")
        address += words[0]
        if len(words) > 1:
            break
    return address.rstrip(".,;") if "?" not in address else address


def _is_prose(words: list[str]) -> bool:
    return len(words) > 1 or bool(_WORDS_END.search(words[0]))


def _parse(address: str) -> PastedLink:
    parts = urlsplit(address)
    if parts.scheme.lower() not in ("http", "https"):
        raise UsageError(
            f"{parts.scheme}:// addresses cannot be fetched",
            hint="copy a link that begins with https:// or http://",
        )
    if not parts.hostname:
        raise UsageError("this link names no host", hint="copy the whole link again")
    query = {name.lower(): value for name, value in parse_qsl(parts.query)}
    _check_signature(query)
    name = _file_name(parts.path, query)
    return PastedLink(Secret(address), parts.hostname, name, expiry(query))


def _file_name(path: str, query: Mapping[str, str]) -> str:
    said = re.search(r'filename="?([^";]+)', query.get("response-content-disposition", ""))
    return said.group(1).strip() if said else PurePosixPath(unquote(path)).name


def _check_name(link: PastedLink, names: tuple[str, ...]) -> None:
    known = {name.lower() for name in names}
    if names and _ARCHIVE.search(link.name) and link.name.lower() not in known:
        raise UsageError(
            f"this link is for {link.name}, not for {' or '.join(names)}",
            where=link.host,
            hint="copy the link of the right file; if the host only renamed it, add --any-name",
        )


def _check_signature(query: Mapping[str, str]) -> None:
    """AWS v4 signatures are 64 hexadecimal digits; a cut link loses some of them."""
    signature = query.get("x-amz-signature")
    cut = signature is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", signature)
    unsigned = "x-amz-algorithm" in query and signature is None
    if cut or unsigned:
        raise UsageError(
            "the end of this link is missing: its signature is cut short",
            hint="copy the whole link; or save it in a file and use --file",
        )


def _bare(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.hostname}{parts.path.rstrip('/')}?{parts.query}"


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
