"""Text of others on its way to people: no control characters, no endless lines.

File names, labels in JSON, titles from servers may hold sequences that rename a window, move the
cursor or pretend to be our own lines. Whoever writes to a terminal, a log or a report asks here.
"""

from __future__ import annotations

import unicodedata

LONGEST = 2000
"""Characters a line may have; enough for any path, too few to flood a terminal."""
_ORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
"""Marks that turn the order of what is read around, which file names hide their endings by."""


def harmless(text: str, *, longest: int = LONGEST) -> str:
    r"""Return a text line by line without what acts on a terminal, each line cut in its middle.

    A tab becomes a blank, anything else that cannot be printed its escape, as ``\x1b``.
    """
    if text.isascii() and text.isprintable() and len(text) <= longest:
        return text
    return "\n".join(harmless_line(line, longest=longest) for line in text.split("\n"))


def harmless_line(text: str, *, longest: int = LONGEST) -> str:
    """Return a text as one line, line breaks told by their escapes."""
    if len(text) > longest:
        half = (longest - 1) // 2
        text = f"{text[:half]}…{text[-half:]}"
    return text if is_harmless_text(text) else "".join(_sign(sign) for sign in text)


def is_harmless_text(text: str) -> bool:
    """Tell whether a text holds nothing but what prints, in the order it stands in."""
    return text.isprintable() and (text.isascii() or _ORDERING.isdisjoint(text))


def _sign(sign: str) -> str:
    if sign == "\t":
        return " "
    if is_harmless_text(sign):
        return sign
    if unicodedata.category(sign) == "Zs":
        return " "
    return sign.encode("unicode_escape").decode("ascii")
