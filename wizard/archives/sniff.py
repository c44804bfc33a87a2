"""What a file really is, by its first bytes: an archive, or a web page posing as one."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Literal

from wizard.errors import ArchiveError

Format = Literal["zip", "tar", "tar.gz"]

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP = b"\x1f\x8b\x08"
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_HEAD = 64 * 1024
_OTHER = {
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ": "xz data",
    b"\x28\xb5\x2f\xfd": "Zstandard data",
    b"%PDF": "a PDF document",
    b"{": "JSON text",
}


def archive_format(archive: Path, where: str = "") -> Format:
    """Return the format of an archive; raises ``ArchiveError`` when it is not one we unpack.

    A web page is named by its title, since it usually says what went wrong: a licence, a login
    or a quota page saved under the archive's name. ``where`` is what errors call the archive.
    """
    head = _head(archive)
    if head.startswith(_ZIP):
        return "zip"
    if head.startswith(_GZIP):
        return "tar.gz"
    if head[257:262] == b"ustar" or _old_tar(head):
        return "tar"
    raise _refusal(where or str(archive), head)


def _head(archive: Path) -> bytes:
    try:
        with archive.open("rb") as file:
            return file.read(_HEAD)
    except OSError as error:
        raise ArchiveError(
            f"cannot be read: {error.strerror}",
            where=str(archive),
            hint="Fetch or copy the archive to this place and run again.",
        ) from error


def _old_tar(head: bytes) -> bool:
    """Tell a tar from before the ``ustar`` mark by the checksum in its first header."""
    if len(head) < 512 or not head[0]:
        return False
    stated = head[148:156].strip(b"\0 ")
    actual = sum(head[:148]) + 8 * ord(" ") + sum(head[156:512])
    return stated.isdigit() and not set(stated) - set(b"01234567") and int(stated, 8) == actual


def _refusal(where: str, head: bytes) -> ArchiveError:
    again = "Delete it and fetch it again."
    if not head.strip(b"\0 \t\r\n"):
        what = "is empty" if not head else "holds only zeros or blanks"
        return ArchiveError(f"{what}, not an archive", where=where, hint=again)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<!--", b"<?xml")):
        title = page_title(head)
        named = f" titled “{title}”" if title else ""
        return ArchiveError(
            f"is a web page{named}, not an archive",
            where=where,
            hint="The link, login or licence did not lead to the file. " + again,
        )
    for magic, name in _OTHER.items():
        if head.startswith(magic):
            return ArchiveError(f"is {name}, not a zip or tar archive", where=where, hint=again)
    return ArchiveError("is neither a zip nor a tar archive", where=where, hint=again)


def page_title(head: bytes) -> str:
    """Return the title of a web page, in one line, or nothing."""
    found = _TITLE.search(head)
    text = html.unescape(found[1].decode("utf-8", "replace")) if found else ""
    return " ".join(text.split())[:120]
