"""What a file really is, by its first bytes: an archive, or a web page posing as one."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Literal

from wizard.errors import ArchiveError, reason_of
from wizard.foreign import open_foreign

Format = Literal["zip", "tar", "tar.gz"]

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP = b"\x1f\x8b\x08"
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_HEAD = 8 * 1024
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
        with open_foreign(archive) as file:
            return file.read(_HEAD)
    except OSError as error:
        raise unreadable(error, str(archive)) from error


def unreadable(error: OSError, archive: str) -> ArchiveError:
    """Return the error for an archive the system does not let us read."""
    return ArchiveError(
        f"cannot be read: {reason_of(error)}",
        where=archive,
        hint="Fetch or copy the archive to this place and run again.",
    )


def not_understood(error: Exception, archive: Path) -> ArchiveError:
    """Return the error for an archive that broke its reader: the last line of defence."""
    return ArchiveError(
        f"cannot be understood ({type(error).__name__}: {str(error)[:80]})",
        where=str(archive),
        hint="It is damaged or made to do harm. Delete it and fetch it again.",
    )


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
