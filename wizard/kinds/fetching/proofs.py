"""What is remembered of each archive that was proven: for its install, and for this user."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from wizard.archives.staging import archive_identity
from wizard.files import locked
from wizard.state.store import Store
from wizard.state.table import ARCHIVE_PROOF, FIRST_SEEN, state_folder
from wizard.steps.install import Install
from wizard.views import Strength

Origin = Literal["fetched", "moved", "linked", "by-hand"]
"""How the archive came to its place."""


class ArchiveProof(msgspec.Struct, frozen=True, kw_only=True):
    """A proven archive as it stood on disk."""

    name: str
    size: int
    mtime_ns: int
    sha256: str
    origin: Origin
    how: str
    """By what it was told, in words."""
    source: str = ""
    """Where it came from, without anything secret."""
    version: str = ""
    """Release it was recognised as."""
    moment: float
    """Seconds since the epoch."""
    inode: int = 0
    """Number the file system knew the file by: a copy has another."""
    samples: str = ""
    """Of its content; see ``archives.staging.archive_identity``."""
    strength: Strength | None = None
    """How well it is proven; None in proofs of earlier versions."""

    @property
    def proven_by(self) -> Strength:
        """How well it is proven, as far as an earlier version wrote it down."""
        by_hash = self.how.startswith(("its sha", "its md5", "the digits"))
        return self.strength or ("hash" if by_hash else "plausible")


class _File(msgspec.Struct, frozen=True, kw_only=True):
    began: bool = False
    """Whether a transfer of ours to this place has begun: then what lies there is ours."""
    proof: ArchiveProof | None = None


_STORE = Store(ARCHIVE_PROOF, _File)


def record_path(state: Path, address: str) -> Path:
    """Return the small file of one fetch step."""
    return state / "steps" / f"{address.replace('/', '.')}.json"


def read_proof(record: Path, target: Path) -> ArchiveProof | None:
    """Return the proof while the file is as it was proven; None otherwise.

    The time alone does not tell a file: those written within one tick of the system's clock share
    it. Another file of that size, a copy of the install for one, is told by samples of its content.
    """
    proof = _load(record).proof
    try:
        status = target.stat()
    except OSError:
        return None
    if proof is None or status.st_size != proof.size:
        return None
    if status.st_ino == (proof.inode or status.st_ino):
        return proof if status.st_mtime_ns == proof.mtime_ns else None
    return proof if _is_copy(target, proof) else None


def _is_copy(target: Path, proof: ArchiveProof) -> bool:
    if not proof.samples:
        return False
    try:
        return archive_identity(target) == proof.samples
    except OSError:
        return False


def last_proof(record: Path) -> ArchiveProof | None:
    """Return what was proven last, whether or not the file is still there."""
    return _load(record).proof


def plausible_archives(install: Install) -> tuple[str, ...]:
    """Name the archives, in place or used up, that neither a hash nor their structure proves."""
    return tuple(
        f"{step.dataset}/{step.archive.name}"
        for step in install.plan.steps
        if step.archive and is_only_plausible(install.place.state, step.address)
    )


def is_only_plausible(state: Path, address: str) -> bool:
    """Tell whether the archive of a fetch step was proven by neither a hash nor its structure."""
    proof = last_proof(record_path(state, address))
    return proof is not None and proof.proven_by == "plausible"


def note_beginning(record: Path) -> None:
    """Write down that a transfer begins, before its file can appear; keeps the last proof."""
    _STORE.write(record, _File(began=True, proof=_load(record).proof))


def began(record: Path) -> bool:
    """Tell whether what lies unproven at the target came from a transfer of ours."""
    return _load(record).began


def write_proof(
    record: Path,
    target: Path,
    *,
    hashes: Mapping[str, str],
    origin: Origin,
    how: str,
    source: str = "",
    version: str = "",
    strength: Strength = "plausible",
) -> ArchiveProof:
    """Write down that a file was proven as it stands."""
    status = target.stat()
    proof = ArchiveProof(
        name=target.name,
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        sha256=hashes["sha256"],
        origin=origin,
        how=how,
        source=source,
        version=version,
        moment=time.time(),
        inode=status.st_ino,
        samples=archive_identity(target),
        strength=strength,
    )
    _STORE.write(record, _File(began=origin == "fetched", proof=proof))
    return proof


def _load(record: Path) -> _File:
    return _STORE.read(record) or _File()


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What came first."""

    sha256: str
    size: int
    moment: float
    """Seconds since the epoch."""


class _SeenFile(msgspec.Struct, frozen=True, kw_only=True):
    archives: dict[str, Seen] = {}
    """By dataset and archive name."""


_SEEN_STORE = Store(FIRST_SEEN, _SeenFile)


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
        first = (_SEEN_STORE.read(self.path) or _SeenFile()).archives.get(key)
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
                file = _SEEN_STORE.read(self.path) or _SeenFile()
                _SEEN_STORE.write(self.path, _SeenFile(archives={key: seen, **file.archives}))
        except OSError:
            return
