"""What reference download scripts leave behind with secrets in it, and how it is removed.

They write passwords into ``set_credentials.sh`` and, through ``echo`` and ``tee``, into logs;
session cookies and a saved login page into the dataset's folder; and signed links and base
addresses into the download scripts (fact sheet mseg section 7). csDownload keeps a plain file.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs

from wizard.errors import CredentialError
from wizard.files import partial_name

Action = Literal["shred", "scrub"]
"""Overwrite and delete the whole file, or take out the secret lines and keep the rest."""

_DEPTH = 3
_LARGEST = 64 << 20
_MARK = "[removed]"

_FORM = re.compile(r"(\b(?:username|password)=)[^&\s\"']+")
_ASSIGNED = re.compile(
    r"""(?mi)^(\s*(?:export\s+)?\w*(?:PASSWORD|USERNAME|ZIP_URL|_URL|BASE_URL|LINK)\w*\s*=[ \t]*)"""
    r"""(?!["']?(?:url-goes-here)?["']?\s*$)(?:"[^"\n]+"|'[^'\n]+'|[^\s"'#$][^\s#]*)"""
)
_SIGNED = re.compile(
    r"(https?://[^\s?\"'<>]+\?)[^\s\"'<>]*(?:X-Amz-|Signature=|Policy=|Expires=)[^\s\"'<>]*"
)


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file with something secret in it that none of our own steps wrote."""

    path: Path
    what: str
    action: Action


@dataclass(frozen=True, slots=True)
class _Kind:
    what: str
    action: Action
    named: re.Pattern[str]
    holds: Callable[[str], bool]


def _credentials(text: str) -> bool:
    return bool(_ASSIGNED.search(text))


def _cookies(text: str) -> bool:
    return "HTTP Cookie File" in text or text.count("\t") >= 6


def _login_page(text: str) -> bool:
    return "password" in text.lower()


def _log(text: str) -> bool:
    return bool(_FORM.search(text.replace(_MARK, "")) or _SIGNED.search(text))


def _script(text: str) -> bool:
    return bool(_ASSIGNED.search(text) or _SIGNED.search(text))


_KINDS = (
    _Kind("user name and password", "shred", re.compile(r"set_credentials\.sh"), _credentials),
    _Kind("session cookies", "shred", re.compile(r"(wd_)?cookies(_downl)?\.txt"), _cookies),
    _Kind("a saved login page", "shred", re.compile(r"index\.html(\.\d+)?"), _login_page),
    _Kind("password or signed link in a log", "scrub", re.compile(r".+\.log(\.\d+)?"), _log),
    _Kind("a link or base address", "scrub", re.compile(r"mseg_download_\w+\.sh"), _script),
)


def find_leftovers(folders: Iterable[Path]) -> tuple[Leftover, ...]:
    """List what lies in and up to three levels below some folders; reads only."""
    found = {item.path.resolve(): item for folder in folders for item in _below(folder)}
    saved = Path(platformdirs.user_data_dir("cityscapesscripts", "cityscapes"), "credentials.json")
    if saved.is_file():
        found[saved.resolve()] = Leftover(saved, "csDownload's plain text login", "shred")
    return tuple(found[path] for path in sorted(found))


def remove_leftover(leftover: Leftover) -> str:
    """Shred or scrub a file, read again to prove it, and say what was done.

    Raises ``CredentialError``. On file systems that never write in place (btrfs, ZFS, most
    network and flash storage) old blocks may live on until they are reused.
    """
    try:
        if leftover.action == "shred":
            _shred(leftover.path)
        else:
            _scrub(leftover.path)
    except OSError as error:
        raise CredentialError(
            f"could not be removed: {error.strerror}",
            where=str(leftover.path),
            hint="delete it by hand",
        ) from None
    if _look(leftover.path) is not None:
        raise CredentialError("the secret is still there", where=str(leftover.path))
    done = "overwritten and deleted" if leftover.action == "shred" else "taken out"
    return f"{leftover.path}: {leftover.what} {done}"


def _below(folder: Path) -> Iterator[Leftover]:
    for place, folders, names in os.walk(folder):
        depth = len(Path(place).relative_to(folder).parts)
        folders[:] = [] if depth >= _DEPTH else [name for name in folders if name[0] != "."]
        for name in names:
            found = _look(Path(place, name))
            if found:
                yield found


def _look(path: Path) -> Leftover | None:
    for kind in _KINDS:
        if kind.named.fullmatch(path.name) and kind.holds(_text(path)):
            return Leftover(path, kind.what, kind.action)
    return None


def _text(path: Path) -> str:
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
            return ""
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def _shred(path: Path) -> None:
    _overwrite(path)
    path.unlink()


def _scrub(path: Path) -> None:
    text = _SIGNED.sub(rf"\1{_MARK}", _text(path))
    text = _FORM.sub("\\1", text)
    if path.name.endswith(".sh"):
        text = _ASSIGNED.sub(r'\1""', text)
    clean = partial_name(path)
    clean.write_text(text, encoding="utf-8", errors="surrogateescape")
    clean.chmod(stat.S_IMODE(path.stat().st_mode))
    _overwrite(path)
    clean.replace(path)


def _overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        left = os.fstat(file.fileno()).st_size
        while left > 0:
            left -= file.write(os.urandom(min(left, 1 << 20)))
        file.flush()
        os.fsync(file.fileno())
