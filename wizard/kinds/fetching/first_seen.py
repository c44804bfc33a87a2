"""The first bytes this user had of each archive that nobody published a hash of.

A later download is compared with them, in whatever install: the same bytes again are a good sign,
others are told, because then a publisher replaced the file or something came between.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from wizard.files import locked
from wizard.state.store import Store
from wizard.state.table import FIRST_SEEN, state_folder


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What came first."""

    sha256: str
    size: int
    moment: float
    """Seconds since the epoch."""


class _File(msgspec.Struct, frozen=True, kw_only=True):
    archives: dict[str, Seen] = {}
    """By dataset and archive name."""


_STORE = Store(FIRST_SEEN, _File)


@dataclass(frozen=True, slots=True)
class FirstSeen:
    """The record, shared by all installs of this user; losing it costs the comparison only."""

    path: Path

    @classmethod
    def usual(cls) -> FirstSeen:
        """Return the record at its usual place."""
        return cls(state_folder() / FIRST_SEEN.name)

    def compared(self, key: str, sha256: str, size: int) -> str:
        """Note the bytes of an archive if they are the first; return what a second look says."""
        first = (_STORE.read(self.path) or _File()).archives.get(key)
        if first is None:
            self._note(key, Seen(sha256=sha256, size=size, moment=time.time()))
            return ""
        day = time.strftime("%d %B %Y", time.localtime(first.moment))
        if first.sha256 == sha256:
            return f", the same bytes as on {day}"
        return f"; but other bytes than on {day}, whose sha256 began {first.sha256[:12]}"

    def _note(self, key: str, seen: Seen) -> None:
        try:
            with locked(self.path):
                file = _STORE.read(self.path) or _File()
                _STORE.write(self.path, _File(archives={key: seen, **file.archives}))
        except OSError:
            return
