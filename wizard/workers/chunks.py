"""What happens inside a worker: a chunk of items, one after the other, every failure kept."""

from __future__ import annotations

import errno
import pickle
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from wizard.errors import Cancelled, DestinationError, reason_of
from wizard.findings import Finding, finding_of
from wizard.work import Item, ItemT, Report, Work

_HOPELESS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What no other item would fare better with."""


@dataclass(frozen=True, slots=True)
class ChunkOutcome:
    """What came of a chunk: items dealt with, what they had to say, seconds of work, proofs."""

    done: int
    findings: tuple[Finding, ...]
    seconds: float
    proofs: bytes = b""


def do_chunk(
    work: Work[ItemT], items: Sequence[ItemT], stopped: Callable[[], bool]
) -> ChunkOutcome:
    """Process items until there are no more or somebody asked to stop.

    A failing item becomes a finding; a full or read-only disk raises ``DestinationError``.
    """
    begin = time.perf_counter()
    reports: list[Report] = []
    for item in items:
        if stopped():
            break
        reports.append(_attempt(work, item))
    findings = tuple(finding for report in reports for finding in report.findings)
    proofs = b"".join(report.proofs for report in reports)
    return ChunkOutcome(len(reports), findings, time.perf_counter() - begin, proofs)


def do_pickled_chunk(
    pickled: bytes, items: Sequence[Item], stopped: Callable[[], bool]
) -> ChunkOutcome:
    """Do the same with a work that came over a wire, which is kept for the next chunk."""
    return do_chunk(_unpickled(pickled), items, stopped)


@lru_cache(maxsize=2)
def _unpickled(pickled: bytes) -> Work[Any]:
    # Pickles only travel between the processes of one install, started by its owner.
    work: Work[Any] = pickle.loads(pickled)  # noqa: S301
    return work


def _attempt(work: Work[ItemT], item: ItemT) -> Report:
    try:
        return work.process(item)
    except Cancelled:
        raise
    except OSError as error:
        if error.errno in _HOPELESS:
            raise DestinationError(
                reason_of(error),
                where=str(error.filename or item.key),
                hint="make room or mend the disk and run again; what is finished stays",
            ) from error
        return Report((finding_of(error, item.key),))
    except Exception as error:  # a fault of ours must not hide the failures of other items
        return Report((finding_of(error, item.key),))
