"""Batches of independent items: every failure collected, none in the way of the others.

``run_batch`` hands out chunks that take about as long as its team wants, shorter ones towards the
end, keeps few of them in flight, advances the counter itself, and looks at the cancel token five
times a second. Workers that die have their chunks done by others; an item that kills a worker
while alone with it is a failure like any other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass, field
from typing import Any, Generic

from wizard.errors import WizardError
from wizard.findings import Finding
from wizard.progress import CancelToken, Counter
from wizard.work import ItemT, Work
from wizard.workers.chunks import ChunkOutcome
from wizard.workers.executors import Workers
from wizard.workers.pools import Team, open_team

__all__ = ["Workers", "run_batch"]

_TICK = 0.2
_LARGEST_CHUNK = 4096
_SHORTER = 8
"""How much shorter the last chunks are, at most."""
_TRIES = 3
"""Workers a chunk may lose before its items are tried one by one, alone."""


def run_batch(
    work: Work[ItemT],
    items: Sequence[ItemT],
    *,
    workers: Workers,
    counter: Counter,
    token: CancelToken,
    keep: Callable[[bytes], None] | None = None,
) -> list[Finding]:
    """Process every item and return what they had to say, fatal or not.

    ``keep`` is handed the proofs of what is done, here and at once.

    Raises ``Cancelled`` within half a second of the token (items in flight are finished first),
    and ``WizardError`` when going on is pointless: a full disk, a cluster nobody is left in.
    """
    if not items:
        return []
    with open_team(workers, work, items, token) as team:
        return _Batch(team, items, counter, token, keep).run()


@dataclass(frozen=True, slots=True)
class _Chunk:
    rows: range
    """Places of its items in the batch."""
    losses: int = 0


@dataclass(slots=True)
class _Batch(Generic[ItemT]):
    """One run over the items."""

    team: Team
    items: Sequence[ItemT]
    counter: Counter
    token: CancelToken
    keep: Callable[[bytes], None] | None = None
    next: int = 0
    size: int = 1
    """Items a chunk, so that it takes about as long as the team wants."""
    flying: dict[Future[ChunkOutcome], _Chunk] = field(default_factory=dict)
    again: deque[_Chunk] = field(default_factory=deque)
    suspects: deque[_Chunk] = field(default_factory=deque)
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
        while len(self.flying) < 2 * self.team.tasks and (chunk := self._next_chunk()):
            try:
                future = self.team.submit(chunk.rows)
            except Exception as error:
                self._lost(error, chunk)
            else:
                self.flying[future] = chunk

    def _next_chunk(self) -> _Chunk | None:
        """Return what to hand out next; suspects only when nothing else can be blamed."""
        if self.again:
            return self.again.popleft()
        if self.next < len(self.items):
            # Shorter ones at last, so that nobody waits long for the one that took the last.
            share = (len(self.items) - self.next) // self.team.tasks
            size = min(self.size, max(share, self.size // _SHORTER, 1))
            first, self.next = self.next, min(len(self.items), self.next + size)
            return _Chunk(range(first, self.next))
        if self.suspects and not self.flying:
            return self.suspects.popleft()
        return None

    def _collect(self, future: Future[ChunkOutcome], chunk: _Chunk) -> None:
        try:
            outcome = future.result()
        except WizardError:
            raise
        except (Exception, CancelledError) as error:
            self._lost(error, chunk)
            return
        self.findings += outcome.findings
        if self.keep and outcome.proofs:
            self.keep(outcome.proofs)
        self.counter.advance(outcome.done)
        if outcome.done:
            ideal = self.team.seconds * outcome.done / max(outcome.seconds, 1e-6)
            self.size = max(1, min(_LARGEST_CHUNK, 2 * self.size, int(ideal)))

    def _lost(self, error: BaseException, chunk: _Chunk) -> None:
        """Have a chunk done again whose worker died, or give up on the item that kills it."""
        if not self.team.recover(error):
            raise error
        if chunk.losses < _TRIES - 1:
            self.again.append(_Chunk(chunk.rows, chunk.losses + 1))
        elif chunk.losses == _TRIES - 1:
            self.suspects.extend(_Chunk(range(row, row + 1), _TRIES) for row in chunk.rows)
        else:
            self.findings.append(_deadly(self.items[chunk.rows.start]))
            self.counter.advance()


def _deadly(item: Any) -> Finding:
    return Finding(
        "worker-died",
        item.key,
        "every worker that took this item died",
        "look at this file, and give workers more memory",
    )
