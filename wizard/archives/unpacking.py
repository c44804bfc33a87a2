"""One unpacking under way: what is there already, where files wait, which archives lie inside."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wizard.archives.bounds import UnpackLimits
from wizard.archives.deflate import crc32
from wizard.archives.extraction import Present
from wizard.archives.ledger import Ledger
from wizard.archives.specs import Nested
from wizard.archives.staging import Staging
from wizard.archives.writing.workers import WriteWorkers
from wizard.errors import ArchiveError
from wizard.files import new_file, partial_name
from wizard.openat import set_own_time
from wizard.progress import CancelToken, Counter

Settled = Callable[[str], bool]
"""Whether a path that is absent or of another size is as it should be."""

OpenInner = Callable[[Path, str, Nested], None]
"""Unpacks the archive at a path, which is a member by that name of the one being unpacked."""


def never_settled(path: str) -> bool:
    """Say of no path that it may differ."""
    return False


def _never_open(path: Path, name: str, rule: Nested) -> None:
    raise ArchiveError("lies inside an archive that is not being unpacked", where=name)


@dataclass(slots=True)
class Unpacking:
    """What the loops over zip and tar members share."""

    staging: Staging
    nested: Sequence[Nested]
    counter: Counter
    token: CancelToken
    workers: int
    limits: UnpackLimits
    members: Ledger
    trust: bool = True
    settled: Settled = never_settled
    expects: Sequence[str] = ()
    """Patterns of paths that tell where the root of the archive lies."""
    packed: str = ""
    """In words, how the archive was packed otherwise than expected."""
    wrapping: str = ""
    """The same, once the archive turned out to lie inside another."""
    places: WriteWorkers | None = None
    """Where small members of a tar are written, while one is read."""
    submit: Callable[[Callable[[], int]], None] | None = None
    """Has a batch of them written."""
    open_inner: OpenInner = field(default=_never_open)
    """Unpacks an archive found inside; set anew for each archive."""
    _inner: int = 0
    _unpacked: int = 0
    _counted: int = 0
    _final: Present = field(init=False)
    _staged: Present = field(init=False)

    def __post_init__(self) -> None:
        self._final = Present(self.staging.into)
        self._staged = Present(self.staging.tree)

    def account(self, size: int, members: int, archive: str) -> None:
        """Count what an archive, this or one inside, unpacks to; raises ``ArchiveError``."""
        self._unpacked += size
        self._counted += members
        self.limits.check_total(self._unpacked, self._counted, archive=archive)

    def begin_anew(self) -> None:
        """Forget what was staged, for a second pass with other paths."""
        self.staging.remove()
        self.staging.open()
        self.members = self.staging.ledger(self.members.archive)
        self.counter.done, self.counter.total = 0, None
        self._unpacked = self._counted = 0
        self.__post_init__()

    def there(self, path: str, size: int) -> bool:
        """Tell whether a member needs no writing: staged, in its place, or settled otherwise."""
        staged = self._staged.size(path)
        if staged is not None:
            return staged == size
        if not self.trust:
            return False
        return self._final.size(path) == size or self.settled(path)

    def staged(self, path: str) -> str:
        """Return where a member waits until everything is whole."""
        return f"{self.staging.tree}/{path}"

    def make_folders(self, paths: Iterable[str]) -> None:
        """Make the staging folders these members need."""
        for folder in {path.rpartition("/")[0] for path in paths}:
            os.makedirs(self.staged(folder), exist_ok=True)  # noqa: PTH103 (a third of the time)

    def nested_in(self, path: str) -> Nested | None:
        """Return the rule for an archive inside the archive, or None for a plain member."""
        for rule in self.nested:
            if fnmatch.fnmatchcase(path, rule.member):
                return rule
        return None

    def write_inner(self, name: str, rule: Nested, chunks: Iterable[bytes]) -> None:
        """Put an archive that lies inside into the scratch folder, unpack it, and drop it.

        One at a time: the inner archives of a large one together would fill the disk twice.
        """
        self._inner += 1
        path = self.staging.scratch / f"inner-{self._inner}"
        try:
            with new_file(path) as file:
                for chunk in chunks:
                    self.token.check()
                    file.write(chunk)
            self.open_inner(path, name, rule)
        finally:
            path.unlink(missing_ok=True)

    def write_large(self, path: str, chunks: Iterable[bytes]) -> int:
        """Stage a member chunk by chunk, under its name only when whole; returns its CRC."""
        partial = partial_name(self.staging.scratch / "large")
        crc = 0
        try:
            with new_file(partial) as file:
                for chunk in chunks:
                    self.token.check()
                    crc = crc32(chunk, crc)
                    file.write(chunk)
                file.flush()
                set_own_time(file.fileno())
            partial.replace(self.staged(path))
        finally:
            partial.unlink(missing_ok=True)
        return crc


def damage(archive: str, members: Sequence[str]) -> ArchiveError:
    """Return the error that names what of an archive is broken, the first few in full."""
    count = len(members)
    named = "; ".join(members[:3]) + ("; …" if count > 3 else "")
    return ArchiveError(
        f"is damaged: {count:,} {'member is' if count == 1 else 'members are'} broken: {named}",
        where=archive,
        hint="Delete it and fetch it again; if it comes the same way twice, tell its publisher.",
    )
