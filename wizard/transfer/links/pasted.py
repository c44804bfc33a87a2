"""Links people paste: cleaned, named, and checked for how long they stay valid.

A terminal cuts long addresses at line breaks and people copy the ``wget`` or ``curl`` line, the
quotes or half a mail along with them (fact sheet pain_points rows 21 and 22).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from wizard import figures
from wizard.credentials.secret import Secret
from wizard.errors import UsageError
from wizard.transfer.links.signatures import check_signature, expiry, signed_fields
from wizard.transfer.links.wrappings import carried, tidied, unwrapped

_QUOTED = re.compile(r"""["'<(“‘`](https?://[^"'<>|”’`]+)(?:\|[^>]*)?["'>)”’`]""", re.IGNORECASE)
_START = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_BASE_LINE = re.compile(r"""\bBASE_URL\s*=\s*["']?\s*([^"'\s]+)""")
_WORDS_END = re.compile(r"[,!:;)\]]$")
_FAREWELLS = frozenset(
    ["regards", "thanks", "cheers", "best", "sincerely", "greetings", "bye", "yours", "hi", "hello"]
)
"""What stands alone on the line behind a link in a mail."""
_ARCHIVE = re.compile(r"\.(zip|tar|tgz|gz|bz2|xz|7z)$", re.IGNORECASE)
_MARKDOWN = re.compile(r"\]\(\s*<?(https?://[^\s()<>]+(?:\([^\s()]*\)[^\s()<>]*)*)", re.IGNORECASE)
_UNPRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NEVER = frozenset('<>"“”„«»「」『』【】')
_PAIR = {")": "(", "]": "[", "}": "{"}


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
    names = tuple(names)
    link = _parse(carried(clean(text), frozenset(name.lower() for name in names)))
    if page and _bare(link.address.reveal()) == _bare(page):
        raise UsageError(
            "this is the page the link comes from, not the link to the file",
            hint="start the download there, then copy the address of the file itself",
        )
    _check_name(link, names)
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
    text = tidied(text)
    found = _MARKDOWN.search(text) or _QUOTED.search(text)
    if found:
        return _unpunctuated(unwrapped(_cut(re.sub(r"\\?\s+", "", found.group(1)))))
    start = _START.search(text)
    if start is None:
        raise UsageError(
            "this holds no web address", hint="copy the whole link, beginning with https://"
        )
    return _unpunctuated(unwrapped(_cut(_join_lines(text[start.start() :]))))


def _cut(address: str) -> str:
    """End an address before what none holds as it is: tags, quotes, brackets nothing opened."""
    address = address.partition("[/")[0]
    for place, sign in enumerate(address):
        opened = _PAIR.get(sign) if sign in "]}" else None
        if sign in _NEVER or (
            opened and address.count(sign, 0, place + 1) > address.count(opened, 0, place)
        ):
            return address[:place]
    return address


def _unpunctuated(address: str) -> str:
    """Cut what a sentence puts behind an address; a bracket only where none was opened."""
    while address and (
        address[-1] in ".,;:!'\"`*>”’»|"
        or (address[-1] in ")]}" and address.count(address[-1]) > address.count(_PAIR[address[-1]]))
    ):
        address = address[:-1]
    return address


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
        if address and words[0] == address:
            break
        if address and _START.match(line):
            raise UsageError("this holds two links", hint="give one link for one file")
        address += words[0]
        if len(words) > 1:
            break
    return address


def _is_prose(words: list[str]) -> bool:
    return len(words) > 1 or bool(_WORDS_END.search(words[0])) or words[0].lower() in _FAREWELLS


def _parse(address: str) -> PastedLink:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise UsageError("this is no web address", hint="copy the whole link again") from None
    if _UNPRINTED.search(address):
        raise UsageError(
            "this is no web address: it holds signs that none has", hint="copy the whole link again"
        )
    if parts.scheme.lower() not in ("http", "https"):
        raise UsageError(
            f"{parts.scheme}:// addresses cannot be fetched",
            hint="copy a link that begins with https:// or http://",
        )
    if not parts.hostname:
        raise UsageError("this link names no host", hint="copy the whole link again")
    query = signed_fields(address)
    check_signature(query)
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


def _bare(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.hostname}{parts.path.rstrip('/')}?{parts.query}"
