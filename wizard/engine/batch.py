"""Batches of independent items: every failure collected, none in the way of the others.

``run_batch`` hands out chunks of about a quarter of a second, keeps few of them in flight, advances
the counter itself, and looks at the cancel token five times a second. Workers that die have their
chunks done by others; an item that kills a worker while alone with it is a failure like any other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass, field
from typing import Any, Generic

from wizard.engine.crews import Crew, Team, open_team
from wizard.engine.labour import Outcome
from wizard.engine.views import FailureGroup
from wizard.errors import WizardError
from wizard.progress import CancelToken, Counter
from wizard.work import Finding, ItemT, Work

__all__ = ["Crew", "grouped", "run_batch"]

_TICK = 0.2
_CHUNK_SECONDS = 0.25
_LARGEST_CHUNK = 256
_TRIES = 3
"""Workers a chunk may lose before its items are tried one by one, alone."""
_EXAMPLES = 5


def run_batch(
    work: Work[ItemT],
    items: Sequence[ItemT],
    *,
    crew: Crew,
    counter: Counter,
    token: CancelToken,
) -> list[Finding]:
    """Process every item and return what they had to say, fatal or not.

    Raises ``Cancelled`` within half a second of the token (items in flight are finished first),
    and ``WizardError`` when going on is pointless: a full disk, a cluster nobody is left in.
    """
    if not items:
        return []
    with open_team(crew, work, token) as team:
        return _Batch(team, items, counter, token).run()


def grouped(findings: Sequence[Finding]) -> list[FailureGroup]:
    """Group findings by cause, most frequent first, with a few examples each."""
    groups: dict[tuple[bool, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((not finding.fatal, finding.cause), []).append(finding)
    return [
        FailureGroup(
            cause=cause,
            count=len(members),
            hint=members[0].hint,
            examples=tuple(f"{each.path}: {each.detail}" for each in members[:_EXAMPLES]),
            fatal=not harmless,
        )
        for (harmless, cause), members in sorted(
            groups.items(), key=lambda group: (group[0][0], -len(group[1]))
        )
    ]


@dataclass(frozen=True, slots=True)
class _Chunk(Generic[ItemT]):
    items: tuple[ItemT, ...]
    losses: int = 0


@dataclass(slots=True)
class _Batch(Generic[ItemT]):
    """One run over the items."""

    team: Team
    items: Sequence[ItemT]
    counter: Counter
    token: CancelToken
    next: int = 0
    size: int = 1
    """Items a chunk, so that it takes about ``_CHUNK_SECONDS``."""
    flying: dict[Future[Outcome], _Chunk[ItemT]] = field(default_factory=dict)
    again: deque[_Chunk[ItemT]] = field(default_factory=deque)
    suspects: deque[_Chunk[ItemT]] = field(default_factory=deque)
    findings: list[Finding] = field(default_factory=list)

    def run(self) -> list[Finding]:
        while True:
            self.token.check()
            self._fill()
            if not self.flying:
                return self.findings
            landed, _ = wait(self.flying, _TICK, FIRST_COMPLETED)
            for future in landed:
                self._collect(future, self.flying.pop(future))

    def _fill(self) -> None:
        while len(self.flying) < 2 * self.team.slots and (chunk := self._next_chunk()):
            try:
                future = self.team.submit(chunk.items)
            except Exception as error:
                self._lost(error, chunk)
            else:
                self.flying[future] = chunk

    def _next_chunk(self) -> _Chunk[ItemT] | None:
        """Return what to hand out next; suspects only when nothing else can be blamed."""
        if self.again:
            return self.again.popleft()
        if self.next < len(self.items):
            first, self.next = self.next, min(len(self.items), self.next + self.size)
            return _Chunk(tuple(self.items[row] for row in range(first, self.next)))
        if self.suspects and not self.flying:
            return self.suspects.popleft()
        return None

    def _collect(self, future: Future[Outcome], chunk: _Chunk[ItemT]) -> None:
        try:
            outcome = future.result()
        except WizardError:
            raise
        except (Exception, CancelledError) as error:
            self._lost(error, chunk)
            return
        self.findings += outcome.findings
        self.counter.advance(outcome.done)
        if outcome.done:
            ideal = _CHUNK_SECONDS * outcome.done / max(outcome.seconds, 1e-6)
            self.size = max(1, min(_LARGEST_CHUNK, 2 * self.size, int(ideal)))

    def _lost(self, error: BaseException, chunk: _Chunk[ItemT]) -> None:
        """Have a chunk done again whose worker died, or give up on the item that kills it."""
        if not self.team.recover(error):
            raise error
        if chunk.losses < _TRIES - 1:
            self.again.append(_Chunk(chunk.items, chunk.losses + 1))
        elif chunk.losses == _TRIES - 1:
            self.suspects.extend(_Chunk((item,), _TRIES) for item in chunk.items)
        else:
            self.findings.append(_deadly(chunk.items[0]))
            self.counter.advance()


def _deadly(item: Any) -> Finding:
    return Finding(
        "worker-died",
        item.key,
        "every worker that took this item died",
        "look at this file, and give workers more memory",
    )
