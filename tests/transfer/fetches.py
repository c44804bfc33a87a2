"""What the tests of downloads share: an impatient policy, bodies, and one call to fetch."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wizard.credentials.secret import Secret
from wizard.progress import CancelToken, TransferProgress
from wizard.transfer.download import Downloader
from wizard.transfer.request import DownloadProof, FetchRequest
from wizard.transfer.retry_policy import RetryPolicy

IMPATIENT = RetryPolicy(
    connect=30.0,
    head=30.0,
    stall=30.0,
    backoff=0.01,
    longest_backoff=0.05,
    attempts=4,
    checkpoint=0.05,
    segment_from=1 << 20,
    segment_size=1 << 18,
)
"""Limits that try again at once; tests of servers that fall silent wait less for them."""


def body(size: int, seed: int = 0, start: bytes = b"") -> bytes:
    """Return ``size`` reproducible bytes no compressor can shorten."""
    return (start + random.Random(seed).randbytes(size))[:size]


def archive(size: int, seed: int = 0) -> bytes:
    """Return bytes that begin like a zip archive."""
    return body(size, seed, b"PK\x03\x04")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Fetch:
    """One file to fetch into a folder, again and again."""

    folder: Path
    name: str
    urls: tuple[str | Secret, ...]
    known: dict[str, Any] = field(default_factory=dict)
    policy: RetryPolicy = IMPATIENT
    progress: TransferProgress = field(default_factory=TransferProgress)
    token: CancelToken = field(default_factory=CancelToken)

    @property
    def target(self) -> Path:
        return self.folder / self.name

    @property
    def part(self) -> Path:
        return self.folder / f".segwizard-part-{self.name}"

    @property
    def request(self) -> FetchRequest:
        return FetchRequest(name=self.name, urls=self.urls, **self.known)

    def run(self) -> DownloadProof:
        with Downloader(self.policy) as downloader:
            return downloader.fetch(self.request, self.target, self.progress, self.token)

    def leftovers(self) -> list[str]:
        """Names in the folder other than the target's."""
        return sorted(path.name for path in self.folder.iterdir() if path != self.target)
