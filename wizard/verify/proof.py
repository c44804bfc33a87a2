"""The record of a verification: what it found, and how to tell that nothing changed since."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from wizard.state.store import Store
from wizard.state.table import VERIFIED
from wizard.verify.context import load_context
from wizard.verify.dataset import broken_labels
from wizard.verify.image_proofs import table_folders
from wizard.verify.scan import FolderFingerprint, fingerprint_folders, folders_of
from wizard.verify.subject import Subject
from wizard.verify.summary import Summary

KEPT = 2000
"""Findings a proof keeps; their groups count all of them."""


class DatasetProof(Struct, frozen=True, kw_only=True):
    """What a verification found, and the folders as they were when it began."""

    moment: float
    """Seconds since the epoch."""
    summary: Summary
    broken: tuple[str, ...] = ()
    """Every path that is mended by deleting it, however many there are."""
    folders: tuple[str, ...]
    """Relative to the subject's root."""
    apart: tuple[str, ...] = ()
    """Files in them that come and go by rights: archives, and what is set to the destination."""
    fingerprint: FolderFingerprint

    @classmethod
    def of(
        cls,
        summary: Summary,
        folders: Iterable[str],
        before: FolderFingerprint,
        apart: Iterable[str] = (),
    ) -> DatasetProof:
        """Make the proof of a verification that just ended."""
        kept = msgspec.structs.replace(summary, findings=summary.findings[:KEPT])
        return cls(
            moment=time.time(),
            summary=kept,
            broken=broken_labels(summary.findings),
            folders=tuple(folders),
            apart=tuple(apart),
            fingerprint=before,
        )


_STORE = Store(VERIFIED, DatasetProof)


def proof_folders(subject: Subject, unpacked: Iterable[Path] = ()) -> tuple[str, ...]:
    """Return every folder whose files a verification rests on, tables included.

    ``unpacked`` are those that archives were unpacked to, listed files or not.
    """
    folders = folders_of(subject, load_context(subject)) | set(unpacked) | table_folders(subject)
    return tuple(sorted(os.path.relpath(folder, subject.root) for folder in folders))


def still_holds(proof: DatasetProof, root: Path) -> bool:
    """Tell whether the folders are as they were when the verification began, or a copy of them."""
    return proof.fingerprint.describes(fingerprint_folders(root, proof.folders, proof.apart))


def read_dataset_proof(path: Path) -> DatasetProof | None:
    """Return the proof at a path; a missing, damaged or older one is none."""
    return _STORE.read(path)


def write_dataset_proof(path: Path, proof: DatasetProof) -> None:
    """Keep a proof."""
    _STORE.write(path, proof)
