"""The record of a verification: what it found, and how to tell that nothing changed since."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from wizard.files import write_whole
from wizard.labels.records import RECORD_FILE, SEGMENT_FOLDER
from wizard.verify.context import load_context
from wizard.verify.dataset import broken_labels
from wizard.verify.scan import Fingerprint, fingerprint, folders_of
from wizard.verify.subject import Subject
from wizard.verify.summary import Summary

VERSION = 1

KEPT = 2000
"""Findings a proof keeps; their groups count all of them."""


class Proof(Struct, frozen=True, kw_only=True):
    """What a verification found, and the folders as they were when it began."""

    version: int = VERSION
    moment: float
    """Seconds since the epoch."""
    summary: Summary
    broken: tuple[str, ...] = ()
    """Every path that is mended by deleting it, however many there are."""
    folders: tuple[str, ...]
    """Relative to the subject's root."""
    fingerprint: Fingerprint

    @classmethod
    def of(cls, summary: Summary, folders: Iterable[str], before: Fingerprint) -> Proof:
        """Make the proof of a verification that just ended."""
        kept = msgspec.structs.replace(summary, findings=summary.findings[:KEPT])
        return cls(
            moment=time.time(),
            summary=kept,
            broken=broken_labels(summary.findings),
            folders=tuple(folders),
            fingerprint=before,
        )


def proof_folders(subject: Subject) -> tuple[str, ...]:
    """Return every folder whose files a verification rests on, tables included."""
    tables = subject.tables.folder
    folders = folders_of(subject, load_context(subject))
    folders |= {tables / "class_remapping_files", (tables / RECORD_FILE).parent}
    for layer in subject.layers:
        home = tables / "dataset_lists" / layer.taxonomy
        folders |= {home, home / "list"}
    if any(layer.relabel for layer in subject.layers):
        folders |= {Path(folder) for folder, _, _ in os.walk(tables / SEGMENT_FOLDER)}
    return tuple(sorted(os.path.relpath(folder, subject.root) for folder in folders))


def still_holds(proof: Proof, root: Path) -> bool:
    """Tell whether the folders are as they were when the verification began."""
    return fingerprint(root / folder for folder in proof.folders) == proof.fingerprint


def read_proof(path: Path) -> Proof | None:
    """Return the proof at a path; a missing, damaged or older one is none."""
    try:
        proof = msgspec.json.decode(path.read_bytes(), type=Proof)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return proof if proof.version == VERSION else None


def write_proof(path: Path, proof: Proof) -> None:
    """Keep a proof."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(proof), indent=2))
