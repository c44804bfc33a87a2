"""What an install remembers of each archive it proved, so that looking again costs one ``stat``."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from wizard.files import write_whole

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


class _File(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    began: bool = False
    """Whether a transfer of ours to this place has begun: then what lies there is ours."""
    proof: ArchiveProof | None = None


def record_path(state: Path, address: str) -> Path:
    """Return the small file of one fetch step."""
    return state / "steps" / f"{address.replace('/', '.')}.json"


def read_proof(record: Path, target: Path) -> ArchiveProof | None:
    """Return the proof while the file is as it was proven; None otherwise."""
    proof = _load(record).proof
    try:
        status = target.stat()
    except OSError:
        return None
    if proof is None or (status.st_size, status.st_mtime_ns) != (proof.size, proof.mtime_ns):
        return None
    return proof


def last_proof(record: Path) -> ArchiveProof | None:
    """Return what was proven last, whether or not the file is still there."""
    return _load(record).proof


def note_beginning(record: Path) -> None:
    """Write down that a transfer begins, before its file can appear; keeps the last proof."""
    _store(record, _File(began=True, proof=_load(record).proof))


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
    )
    _store(record, _File(began=origin == "fetched", proof=proof))
    return proof


def _load(record: Path) -> _File:
    try:
        return msgspec.json.decode(record.read_bytes(), type=_File)
    except (OSError, msgspec.DecodeError):
        return _File()


def _store(record: Path, file: _File) -> None:
    write_whole(record, msgspec.json.format(msgspec.json.encode(file), indent=2))
