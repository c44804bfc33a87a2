"""The downloader: one file at a time per call, many calls at once."""

from __future__ import annotations

from pathlib import Path

from wizard.progress import CancelToken
from wizard.transfer.limits import Limits
from wizard.transfer.progress import TransferProgress
from wizard.transfer.request import FetchRequest, Proof


class Downloader:
    """Fetches files within limits shared by all its transfers; safe from many threads."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()

    def fetch(
        self,
        request: FetchRequest,
        target: Path,
        progress: TransferProgress,
        token: CancelToken,
    ) -> Proof:
        """Bring the file of ``request`` under the name ``target``, whole and proven.

        Raises ``TransferError`` by class (``wizard.transfer.errors``) or ``Cancelled``.
        """
        raise NotImplementedError

    def set_rate(self, rate: int) -> None:
        """Limit all transfers together to ``rate`` bytes a second from now on; 0 is no limit."""
        raise NotImplementedError

    def discard(self, target: Path) -> None:
        """Forget the bytes fetched so far for ``target``; the finished file is left alone."""
        raise NotImplementedError

    def close(self) -> None:
        """Close idle connections."""
