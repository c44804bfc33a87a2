"""What happens inside a worker: a chunk of items, one after the other, every failure kept."""

from __future__ import annotations

import errno
import pickle
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from wizard.errors import Cancelled, DestinationError, LabelError, WizardError
from wizard.work import Finding, Item, ItemT, Report, Work

_HOPELESS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What no other item would fare better with."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a chunk: items dealt with, what they had to say, seconds of work."""

    done: int
    findings: tuple[Finding, ...]
    seconds: float


def labour(work: Work[ItemT], items: Sequence[ItemT], stopped: Callable[[], bool]) -> Outcome:
    """Process items until there are no more or somebody asked to stop.

    A failing item becomes a finding; a full or read-only disk raises ``DestinationError``.
    """
    begin = time.perf_counter()
    findings: list[Finding] = []
    done = 0
    for item in items:
        if stopped():
            break
        findings += _attempt(work, item).findings
        done += 1
    return Outcome(done, tuple(findings), time.perf_counter() - begin)


def labour_from(pickled: bytes, items: Sequence[Item], stopped: Callable[[], bool]) -> Outcome:
    """Do the same with a work that came over a wire, which is kept for the next chunk."""
    return labour(_unpickled(pickled), items, stopped)


def finding_of(error: WizardError, item: Item) -> Finding:
    """Return an item's failure as a finding."""
    cause = error.cause if isinstance(error, LabelError) else _slug(error)
    return Finding(cause, error.where or item.key, error.message, error.hint)


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
    except WizardError as error:
        return Report((finding_of(error, item),))
    except OSError as error:
        if error.errno in _HOPELESS:
            raise DestinationError(
                f"{error.strerror}",
                where=str(error.filename or item.key),
                hint="make room or mend the disk and run again; what is finished stays",
            ) from error
        where = str(error.filename or item.key)
        return _failed("system", where, f"{error.strerror or error}", "mend the cause, run again")
    except Exception as error:  # a fault of ours must not hide the failures of other items
        hint = "this is a fault of segwizard; please report it"
        return _failed("unexpected", item.key, f"{type(error).__name__}: {error}", hint)


def _failed(cause: str, where: str, detail: str, hint: str) -> Report:
    return Report((Finding(cause, where, detail, hint),))


def _slug(error: WizardError) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(error).__name__).lower()
    return words.removesuffix("-error")
