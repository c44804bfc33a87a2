"""Files over HTTP as real servers send them: ranges, validators, and when to start over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import quote

from wizard.demo.miniature import MiniArchive

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class Served:
    """One HTTP answer."""

    status: HTTPStatus
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def page(title: str, body: str, status: HTTPStatus = HTTPStatus.OK) -> Served:
    """Answer with a small web page; ``body`` is HTML."""
    text = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>{body}</body></html>\n"
    return Served(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"})


def redirect(place: str, **headers: str) -> Served:
    """Send the visitor elsewhere."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Served(HTTPStatus.FOUND, headers={"Location": place, **named})


def file(archive: MiniArchive, wanted: Mapping[str, str], *, attachment: bool = False) -> Served:
    """Answer with an archive, or the range of it that the request's headers ask for.

    ``If-Range`` must name the current validator for a range to be given (RFC 9110 section 13.1.5);
    a range past the end is answered with 416 and the size.
    """
    tag, modified = (
        f'"{archive.sha256[:16]}"',
        formatdate(archive.path.stat().st_mtime, usegmt=True),
    )
    headers = {
        "Content-Type": "application/octet-stream",
        "Accept-Ranges": "bytes",
        "ETag": tag,
        "Last-Modified": modified,
    }
    if attachment:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(archive.name)}"
    span = None
    if wanted.get("If-Range", tag) in (tag, modified):
        span = _span(wanted.get("Range", ""), archive.size)
    if span is None:
        return Served(HTTPStatus.OK, archive.path.read_bytes(), headers)
    first, end = span
    if first >= archive.size:
        headers["Content-Range"] = f"bytes */{archive.size}"
        return Served(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, b"", headers)
    headers["Content-Range"] = f"bytes {first}-{end - 1}/{archive.size}"
    with archive.path.open("rb") as opened:
        opened.seek(first)
        return Served(HTTPStatus.PARTIAL_CONTENT, opened.read(end - first), headers)


def _span(text: str, size: int) -> tuple[int, int] | None:
    """Return first byte and end of a single range; None for none, several or nonsense."""
    match = _RANGE.fullmatch(text.strip())
    if match is None or match[0] == "bytes=-":
        return None
    if not match[1]:
        return max(0, size - int(match[2])), size
    first = int(match[1])
    end = min(size, int(match[2]) + 1) if match[2] else size
    return (first, end) if end > first or first >= size else None
