"""What is wrapped around a link on its way: by mail gateways, chats and clipboards."""

from __future__ import annotations

import base64
import binascii
import contextlib
import quopri
import re
import unicodedata
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, unquote, urlsplit

from wizard.errors import UsageError

LONGEST_PASTE = 1 << 20
"""Letters of a paste that are looked at."""

_ENTITY = re.compile(r"&(?:amp|#0*38|#x0*26);", re.IGNORECASE)
_OTHER_ENTITY = re.compile(r"&(?:lt|gt|quot|apos|#0*39|#x0*27);", re.IGNORECASE)
_ENTITIES = {"lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_ESCAPE = re.compile(r"=(?:[0-9A-Fa-f]{2}|[ \t]*\r?\n)")
_FOLD = re.compile(r"=[ \t]*\r?\n")
_PLACE = re.compile(r"https?://\S+", re.IGNORECASE)
_BEGIN = re.compile(r"[/?&;][^/?&;=]+=(..)")
"""The two letters behind the name of a field of an address, or of a part of its path."""
_LONGEST_LINE = 76
"""Of quoted-printable, the sign that folds it included (RFC 2045 section 6.7, rule 5)."""
_QUOTED_LINE = re.compile(r"^[ \t]*(?:[>|][ \t]?)+", re.MULTILINE)
_HEADERS = re.compile(
    r"""\s(?:-H|--header|-e|--referer|-A|--user-agent|-b|--cookie)(?:[ \t]+|=)"""
    r"""(?:\$?'(?:[^'\\]|\\.|'\\'')*'|\^?"(?:[^"\\]|\\.)*"|\S+)"""
)
_UNICODE = re.compile(r"\\u([0-9a-fA-F]{4})")
_URI = re.compile(r"""-(?:Uri|Source)\s+["']([^"']+)["']""", re.IGNORECASE)
_MOST_WRAPS = 5
_IN_QUERY: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("safelinks.protection.outlook.com", ("url",)),
    ("safelinks.protection.office365.us", ("url",)),
    ("google.com", ("q", "url")),
    ("linkprotect.cudasvc.com", ("a",)),
    ("clicktime.symantec.com", ("u",)),
    ("trendmicro.com", ("url",)),
    ("fireeye.com", ("u",)),
    ("urldefense.proofpoint.com", ("u",)),
    ("urldefense.proofpoint.us", ("u",)),
    ("l.facebook.com", ("u",)),
    ("slack-redir.net", ("url",)),
    ("linkedin.com", ("url",)),
    ("t.umblr.com", ("z",)),
    ("duckduckgo.com", ("uddg",)),
    ("protection.sophos.com", ("u",)),
    ("statics.teams.cdn.office.net", ("url",)),
    ("vk.com", ("to",)),
)
"""Hosts, with those below them, and the names the wrapped address goes by in the query."""
_WRAPPING_PATHS = {
    "google.com": ("/url",),
    "linkedin.com": ("/redir/redirect", "/safety/go"),
    "duckduckgo.com": ("/l/",),
    "vk.com": ("/away.php",),
}
"""Paths at hosts that do other things as well."""
_SEALED = (
    "mimecast.com",
    "mimecastprotect.com",
    "bit.ly",
    "t.co",
    "tinyurl.com",
    "lnkd.in",
    "hornetsecurity.com",
)
"""Hosts whose links say nothing of where they lead."""
_WITHIN = re.compile(r"(?<=.)https?://", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9_-]{16,}={0,2}")
_DEFENSE = frozenset({"urldefense.com", "urldefense.us"})
_GOOGLE = re.compile(r"(?:www\.)?google(?:\.com?)?\.[a-z]{2,3}")
_DEFENSE_3 = re.compile(r"/v3/__(.+?)__;([^!]*)!")


def tidied(text: str) -> str:
    """Return a paste without what mail, chat, browsers and shells put around its links.

    Raises ``UsageError`` for a paste that is too long to be one.
    """
    if len(text) > LONGEST_PASTE:
        raise UsageError(
            "this is too long for a link",
            hint="paste the link alone, or the line or mail it stands in",
        )
    text = _visible(text)
    text = _unfolded(text)
    text = _OTHER_ENTITY.sub(_entity, _ENTITY.sub("&", text))
    if _QUOTED_LINE.match(text) or "\n>" in text:
        text = _QUOTED_LINE.sub("", text)
    return _without_shell(text).strip()


def _visible(text: str) -> str:
    """Drop letters of no width and turn other blanks into plain ones."""
    kept = (letter for letter in text if unicodedata.category(letter) != "Cf")
    return "".join(" " if unicodedata.category(letter) == "Zs" else letter for letter in kept)


def _unfolded(text: str) -> str:
    """Undo quoted-printable where a mail's source was pasted."""
    if not _is_mail_source(text):
        return text
    return quopri.decodestring(text.encode(errors="replace")).decode(errors="replace")


def _is_mail_source(text: str) -> bool:
    """Tell quoted-printable from a plain link whose values happen to look like its escapes.

    In mail every ``=`` begins an escape or ends a line, and the one behind a field's name is
    ``=3D`` itself (RFC 2045 section 6.7, rule 1). A value of a plain link may begin with ``3d`` by
    chance, one in 256 of those in hexadecimal does; so several fields have to agree, or a single
    one be written in capitals and in lines as short as rule 5 wants them.
    """
    signs = text.count("=")
    if not signs or signs != len(_ESCAPE.findall(text)):
        return False
    places = _PLACE.findall(_FOLD.sub("", text))
    begins = [begin for place in places for begin in _BEGIN.findall(_with_query(place))]
    if any(begin.upper() != "3D" for begin in begins):
        return False
    if len(begins) == 1 and not (begins[0] == "3D" and _lines_are_short(text)):
        return False
    # A plain link that a terminal broke behind a ``=`` has a ``?`` before it.
    return "=3D" in text.upper() or "?" not in text


def _with_query(place: str) -> str:
    """Return an address with the sign before its fields, which some mail writes as an escape."""
    return place if "?" in place else place.replace("=3F", "?", 1)


def _lines_are_short(text: str) -> bool:
    return all(len(line) <= _LONGEST_LINE for line in _QUOTED_LINE.sub("", text).splitlines())


def _entity(found: re.Match[str]) -> str:
    return _ENTITIES.get(found[0][1:-1].lower(), "'")


def _without_shell(text: str) -> str:
    """Undo what a shell needs: options with other addresses, hidden signs, continued lines."""
    uri = _URI.search(text)
    if uri:
        return re.sub(r"`(.)", r"\1", uri[1])
    if re.match(r"\s*(?:curl|wget|aria2c|http|iwr)(?:\.exe)?\s", text):
        if "^" in text:
            text = re.sub(r"\^\r?\n", " ", text)
            text = re.sub(r"\^(.)", r"\1", text)
        text = _HEADERS.sub(" ", text)
        text = re.sub(r"`\r?\n", " \n", text)
    text = re.sub(r"%%(?=[0-9A-Fa-f]{2})", "%", text)  # in files of commands
    text = _UNICODE.sub(lambda found: chr(int(found[1], 16)), text)
    return re.sub(r"\\([/&?=%_#])", r"\1", text)


def unwrapped(address: str) -> str:
    """Return the address that was meant; raises ``UsageError`` where a gateway keeps it."""
    for _ in range(_MOST_WRAPS):
        inner = _inner(address)
        if inner is None:
            return address
        address = inner
    return address


def carried(address: str, names: frozenset[str]) -> str:
    """Return the one address of a wanted file that an address of something else carries.

    For gateways nobody has told of: whatever they are called, they write where they lead as a
    value, as a part of the path, as it is, or in base64. ``names`` are in small letters.
    """
    try:
        parts = urlsplit(address)
        if _last(address) in names and not _WITHIN.search(parts.path):
            return address
        texts = [unquote(part) for part in parts.path.split("/")]
        for query in (parts.query, parts.fragment):
            texts += (
                value for found in parse_qs(query, max_num_fields=200).values() for value in found
            )
        texts += (
            address[place.start() :].partition("___")[0] for place in _WITHIN.finditer(address)
        )
        found = {inner for text in texts for inner in _readings(text) if _last(inner) in names}
    except ValueError:
        return address
    return found.pop() if len(found) == 1 else address


def _last(address: str) -> str:
    return unquote(urlsplit(address).path.rsplit("/", 1)[-1]).lower()


def _readings(text: str) -> Iterator[str]:
    """Yield the addresses a text may stand for, behind a name such as ``RU=`` too."""
    for value in (text, text.partition("=")[2]):
        if _address(value):
            yield value
    for start in (0, 2):  # some put two letters before it
        letters = text[start:]
        if _BASE64.fullmatch(letters):
            with contextlib.suppress(binascii.Error, UnicodeDecodeError):
                inner = base64.urlsafe_b64decode(letters + "=" * (-len(letters) % 4)).decode()
                if _address(inner):
                    yield inner


def _inner(address: str) -> str | None:
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    host = (parts.hostname or "").lower()
    if _is_below(host, _SEALED):
        raise UsageError(
            f"this link is wrapped by {host}, which hides where it leads",
            hint="open it in a browser, then copy the address of the file itself (of the download)",
        )
    if host in _DEFENSE:
        return _defense_3(address)
    if host == "secure-web.cisco.com":
        return _address(unquote(parts.path.rsplit("/", 1)[-1]))
    host = "google.com" if _GOOGLE.fullmatch(host) else host
    for known, names in _IN_QUERY:
        if _is_below(host, (known,)) and parts.path.startswith(_WRAPPING_PATHS.get(known, ("",))):
            query = parse_qs(parts.query, max_num_fields=200)
            values = [value for name in names for value in query.get(name, ())]
            plain = parts.path.startswith("/v1/")  # Proofpoint's first form is encoded as usual
            reading = _address if plain else _READINGS.get(known, _address)
            return next((found for value in values if (found := reading(value))), None)
    return None


def _is_below(host: str, known: tuple[str, ...]) -> bool:
    return any(host == each or host.endswith(f".{each}") for each in known)


def _address(text: str) -> str | None:
    return text if re.match(r"https?://", text, re.IGNORECASE) else None


def _defense_2(text: str) -> str | None:
    """Proofpoint's second form writes ``-`` for ``%`` and ``_`` for ``/``."""
    return _address(unquote(text.replace("-", "%").replace("_", "/"))) or _address(text)


def _defense_3(address: str) -> str | None:
    """Proofpoint's third form: ``*`` for one letter, ``**X`` for several, kept at the end.

    The letters come as base64; ``X`` counts from ``A`` for two.
    """
    found = _DEFENSE_3.search(address)
    if not found:
        return None
    try:
        letters = base64.urlsafe_b64decode(found[2] + "=" * (-len(found[2]) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    runs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    position = 0

    def put_back(hidden: re.Match[str]) -> str:
        nonlocal position
        count = runs.index(hidden[1]) + 2 if hidden[1] else 1
        position += count
        return letters[position - count : position]

    whole = re.sub(r"\*(?:\*([\w-]))?", put_back, found[1])
    return _address(re.sub(r"^(https?):/+", r"\1://", whole))


def _sophos(text: str) -> str | None:
    try:
        return _address(base64.b64decode(text + "=" * (-len(text) % 4)).decode())
    except (binascii.Error, ValueError):
        return None


_READINGS: dict[str, Callable[[str], str | None]] = {
    "urldefense.proofpoint.com": _defense_2,
    "urldefense.proofpoint.us": _defense_2,
    "protection.sophos.com": _sophos,
}
