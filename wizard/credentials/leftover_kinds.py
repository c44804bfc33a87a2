"""What gives a file of other scripts away when its secret is not known: its name and its form."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from wizard.credentials.secret_forms import TAKEN_OUT

Action = Literal["shred", "scrub"]
"""Overwrite and delete the whole file, or take out the secret lines and keep the rest."""

# What editors, rotation and templates put around a name.
_BEFORE = r"(?:\.?#|\.)?"
_AFTER = r"(?:~|#|\.(?:sw[a-p]|bak|orig|old|save|tmp|rej|template|txt|\d+|gz|bz2|xz))*"

ANY = re.compile(".*")
"""Any name: what the file holds says enough."""

_FORM = re.compile(
    rf"((?:^|[?&\s\"'])(?:user(?:name)?|login|email)=)(?!{re.escape(TAKEN_OUT)})[^&\s\"']+"
    rf"|(\b(?:password|passwd|pwd)=)(?!{re.escape(TAKEN_OUT)}|[\"']?[<${{*\[]|\s|$)"
    r"(?:.*?(?=&submit=)|[^\n]*)",
    re.MULTILINE | re.IGNORECASE,
)
_PASSWORD = re.compile(
    rf"\b(?:password|passwd|pwd)=(?!{re.escape(TAKEN_OUT)}|[\"']?[<${{*\[]|\s|$)", re.IGNORECASE
)
_POSTED = re.compile(
    r"\b(?:user(?:name)?|login|email)=[^&\s]*&(?:\S*&)?pass\w*=" rf"(?!{re.escape(TAKEN_OUT)})",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    r"""(?mi)^(\s*(?:export\s+)?\w*(?:PASSWORD|USERNAME|ZIP_URL|_URL|BASE_URL|LINK)\w*\s*=[ \t]*)"""
    r"""(?!["']?(?:url-goes-here|your[-_ ][^\n]*|<[^\n]*)?["']?\s*$)"""
    r"""(?:"[^"\n]+"|'[^'\n]+'|[^\s"'#$][^\s#]*)"""
)
_SIGNED = re.compile(
    r"(https?://[^\s?\"'<>]+\?)[^\s\"'<>]*(?:X-Amz-|Signature=|Policy=|Expires=)[^\s\"'<>]*"
)


@dataclass(frozen=True, slots=True)
class LeftoverKind:
    """One kind of file, by name and by what it holds."""

    what: str
    action: Action
    named: re.Pattern[str]
    holds: Callable[[str], bool]


def _named(pattern: str) -> re.Pattern[str]:
    return re.compile(f"{_BEFORE}(?:{pattern}){_AFTER}", re.IGNORECASE)


def _credentials(text: str) -> bool:
    return bool(_ASSIGNED.search(text))


def _cookies(text: str) -> bool:
    return "HTTP Cookie File" in text[:200] or text.count("\t") >= 6


def _cookie_file(text: str) -> bool:
    return bool(re.match(r"\s*# (?:Netscape )?HTTP Cookie File", text))


def _login_page(text: str) -> bool:
    return "password" in text.lower()


def _log(text: str) -> bool:
    return bool(_PASSWORD.search(text) or _SIGNED.search(text))


def _posted(text: str) -> bool:
    return bool(_POSTED.search(text) or _SIGNED.search(text))


def _script(text: str) -> bool:
    return bool(_ASSIGNED.search(text) or _SIGNED.search(text))


LEFTOVER_KINDS = (
    LeftoverKind("user name and password", "shred", _named(r"set_credentials\.sh"), _credentials),
    LeftoverKind("session cookies", "shred", _named(r"(?:wd_)?cookies(?:_downl)?\.txt"), _cookies),
    LeftoverKind("a saved login page", "shred", _named(r"index\.html"), _login_page),
    LeftoverKind("a link or base address", "scrub", _named(r"mseg_download_\w+\.sh"), _script),
    LeftoverKind("session cookies", "shred", ANY, _cookie_file),
    LeftoverKind(
        "password or signed link in a log",
        "scrub",
        _named(r".+\.(?:log|out|err)|nohup\.out|(?:wget|curl)[-\w.]*|typescript"),
        _log,
    ),
    LeftoverKind("password or signed link in a text", "scrub", _named(r".+\.(?:txt|md)"), _posted),
)
"""In the order in which they are tried."""


def scrubbed(name: str, text: str) -> str:
    """Return a text of a file of this name without what looks like a secret."""
    text = _SIGNED.sub(rf"\1{TAKEN_OUT}", text)
    text = _FORM.sub(lambda found: f"{found[1] or found[2]}{TAKEN_OUT}", text)
    if ".sh" in name:
        text = _ASSIGNED.sub(r'\1""', text)
    return text
