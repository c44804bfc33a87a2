"""Files that may be an archive: in its place, handed in, in the inbox, or known to this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wizard.files import rename
from wizard.kinds.fetching.adopt import ArchiveVerdict, goes_by_name, known_hashes, worth_a_look
from wizard.kinds.fetching.gateway import Gateway
from wizard.kinds.fetching.proofs import Origin, began
from wizard.recipes.model import Archive
from wizard.transfer.inbox import FileIdentity, How, arrivals, file_identity, is_settled


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be the archive."""

    path: Path
    how: How
    origin: Origin
    by_name: bool
    """Whether its name may decide where nothing else can."""
    vouched: bool = False
    """Whether a person takes it by name, whatever its size."""
    known: bool = False
    """Whether it is whole for sure: placed by us, or read through before and unchanged."""

    def ready(self, size: int | None) -> bool:
        """Tell whether the file has all arrived; ``size`` is the archive's, where known."""
        return self.known or is_settled(self.path, size)


@dataclass(slots=True)
class Candidates:
    """Looks for an archive's candidates and remembers which were something else."""

    archive: Archive
    target: Path
    record: Path
    gateway: Gateway
    _offered: list[Path] = field(default_factory=list)
    _refused: dict[Path, tuple[FileIdentity, str]] = field(default_factory=dict)

    def offer(self, path: Path) -> None:
        """Consider a file a person named, even if it was refused before."""
        self._refused.pop(path, None)
        self._offered.append(path)

    def __iter__(self) -> Iterator[Candidate]:
        """Yield the files worth checking, nearest first; files may go while this is read."""
        for candidate in self._all():
            if candidate.path.is_file() and not self._was_refused(candidate.path):
                yield candidate

    def refuse(self, path: Path, verdict: ArchiveVerdict) -> str:
        """Remember a wrong file and say what it is; one in the archive's place is set aside."""
        reason = verdict.words(path.name, self.archive)
        if path == self.target:
            path = rename(path, path.with_name(f"{path.name}.rejected"))
            reason = f"{reason}; kept as {path.name}"
        with contextlib.suppress(FileNotFoundError):
            self._refused[path] = (file_identity(path), reason)
        return reason

    def refusals(self) -> tuple[str, ...]:
        """Say what is wrong with the files that are still there and still wrong."""
        return tuple(
            reason for path, (_, reason) in self._refused.items() if self._was_refused(path)
        )

    def _all(self) -> Iterator[Candidate]:
        ours = began(self.record)
        origin: Origin = "fetched" if ours else "by-hand"
        yield Candidate(self.target, "move", origin, by_name=True, known=ours)
        for path in self._offered:
            yield Candidate(path, "auto", "linked", by_name=True)
        for path in arrivals(self.gateway.inbox):
            if self._worth_a_look(path):
                named = goes_by_name(path, self.archive)
                yield Candidate(path, "move", "moved", by_name=named)
        for path in arrivals(self.target.parent):
            if path != self.target and goes_by_name(path, self.archive):
                yield Candidate(path, "move", "moved", by_name=True)
        for path in self.gateway.cache.find(known_hashes(self.archive)):
            if path != self.target:
                yield Candidate(path, "auto", "linked", by_name=False, known=True)

    def _worth_a_look(self, path: Path) -> bool:
        try:
            return worth_a_look(path, self.archive)
        except OSError:
            return False

    def _was_refused(self, path: Path) -> bool:
        refused = self._refused.get(path)
        try:
            return refused is not None and file_identity(path) == refused[0]
        except OSError:
            return False
