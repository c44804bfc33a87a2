"""What programs put around a link on its way to the clipboard, and how it is taken off.

Mail quotes lines and folds them (RFC 2045, 3676), chat adds letters of no width, browsers copy
whole commands for three kinds of shell, and each shell continues lines and hides signs its own way.
"""

from __future__ import annotations

import quopri
import re
import unicodedata

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
