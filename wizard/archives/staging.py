"""The hidden folder an archive is unpacked in before anything gets its final name."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import msgspec

from wizard.archives.disk import settle
from wizard.archives.extraction import Member
from wizard.archives.limits import MIB
from wizard.files import PARTIAL, write_whole

_SAMPLES = 64
_SAMPLE = 4096


def fingerprint(archive: Path) -> str:
    """Return a cheap identity of an archive's content, the same wherever and whenever it lies.

    Hashes the size, 64 samples and the last MiB, where zip keeps every member's checksum and
    gzip the checksum of everything.
    """
    descriptor = os.open(archive, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        digest = hashlib.sha256(str(size).encode())
        for sample in range(_SAMPLES):
            digest.update(os.pread(descriptor, _SAMPLE, size * sample // _SAMPLES))
        digest.update(os.pread(descriptor, MIB, max(0, size - MIB)))
    finally:
        os.close(descriptor)
    return digest.hexdigest()[:32]


class Staging:
    """Where the members of one archive wait, whole or not, until all of them are.

    It lies on the file system of the final folder: beside it while that does not exist, so that
    one rename can make it, inside it otherwise. A run that was killed leaves it behind under a
    name that tells archive and job, and the next run of the same job goes on with it.
    """

    def __init__(self, into: Path, job: str, content: str) -> None:
        self.into = into
        self._start = start = f"{PARTIAL}unpack-{hashlib.sha256(job.encode()).hexdigest()[:10]}-"
        name = start + content[:16]
        beside, inside = into.parent / name, into / name
        self.folder = beside if beside.exists() or not into.exists() else inside
        for other in (*into.parent.glob(f"{start}*"), *into.glob(f"{start}*")):
            if other != self.folder:
                shutil.rmtree(other)
        self.tree = self.folder / "tree"
        self.scratch = self.folder / "scratch"
        self._members = self.folder / "members.json"

    def open(self) -> None:
        """Make the folders, or find them as an earlier run left them."""
        self.tree.mkdir(parents=True, exist_ok=True)
        self.scratch.mkdir(exist_ok=True)

    def hand_over(self, content: str, members: tuple[Member, ...]) -> None:
        """Leave a tree that lacks nothing to the next staging of this ``content``."""
        write_whole(self._members, msgspec.json.encode(members))
        self.folder.rename(self.folder.with_name(self._start + content[:16]))

    def handed_over(self) -> tuple[Member, ...]:
        """Return what a tree that lacks nothing holds, in place or waiting; else nothing."""
        try:
            return msgspec.json.decode(self._members.read_bytes(), type=tuple[Member, ...])
        except (OSError, msgspec.DecodeError):
            return ()

    def settle(self) -> None:
        """Give everything its final name and remove the staging folder."""
        if any(self.tree.iterdir()):
            settle(self.tree, self.into)
        shutil.rmtree(self.folder)
