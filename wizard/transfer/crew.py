"""The connections that fetch one file from one address: one, or several piece by piece."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from wizard.errors import Cancelled
from wizard.transfer.body import Flow, receive
from wizard.transfer.errors import Passing, ServerBusy
from wizard.transfer.interrupt import LinkedToken
from wizard.transfer.limits import Limits
from wizard.transfer.opening import Answer
from wizard.transfer.pacing import Patience, RateLimit
from wizard.transfer.part import Part
from wizard.transfer.pieces import Pieces
from wizard.transfer.progress import TransferProgress
from wizard.transfer.replies import Reply
from wizard.transfer.spans import Span

OpenPiece = Callable[[Span, LinkedToken], contextlib.AbstractContextManager[tuple[Answer, Reply]]]
"""Opens the body of one piece; raises ``FileChanged`` when the file is another one by now."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A body that is open already; ``close`` gives its connection back."""

    answer: Answer
    reply: Reply
    close: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Task:
    """What the crew works on."""

    part: Part
    progress: TransferProgress
    limits: Limits
    rate: RateLimit
    open_piece: OpenPiece


class Crew:
    """Fetches the pieces of a file; the first error that matters stops all of it."""

    def __init__(self, task: Task, pieces: Pieces, token: LinkedToken) -> None:
        self._task = task
        self._pieces = pieces
        self._token = token
        self._lock = threading.Lock()
        self._failure: Exception | None = None
        self._working = 0

    def run(self, opened: Opened, hands: int) -> None:
        """Fetch everything, ``opened`` being the body of the first piece.

        Raises the first error that matters, or ``Cancelled``.
        """
        self._working = hands
        # Taken before anyone else can: the open body belongs to the first piece and no other.
        first = self._pieces.take()
        helpers = [
            threading.Thread(
                target=self._work, args=(None, None), name="transfer-piece", daemon=True
            )
            for _ in range(hands - 1)
        ]
        for helper in helpers:
            helper.start()
        try:
            self._work(first, opened)
        finally:
            for helper in helpers:
                helper.join()
        if self._failure is not None:
            raise self._failure
        self._token.check()

    def _work(self, first: Span | None, opened: Opened | None) -> None:
        try:
            self._fetch_pieces(first, opened)
        except Cancelled:
            pass
        except Exception as error:  # noqa: BLE001
            self._stop(error)

    def _stop(self, error: Exception) -> None:
        with self._lock:
            if self._failure is None:
                self._failure = error
        self._token.cancel()

    def _fetch_pieces(self, first: Span | None, opened: Opened | None) -> None:
        patience = Patience(self._task.limits, self._task.progress, self._token)
        piece, speed = first or self._pieces.take(), 0.0
        while piece is not None:
            catch = _Catch(self._task, piece)
            began = time.monotonic()
            try:
                self._fetch(catch, opened)
            except Passing as error:
                self._pieces.give_back(catch.position, piece.end)
                if isinstance(error, ServerBusy) and self._leave(others=1):
                    return
                if catch.position > piece.start:
                    patience.renew()
                patience.after(error)
            else:
                self._pieces.give_back(catch.position, piece.end)
                patience.renew()
                speed = piece.size / max(time.monotonic() - began, 1e-3)
            piece, opened = self._pieces.take(speed), None
        self._leave(others=0)

    def _fetch(self, catch: _Catch, opened: Opened | None) -> None:
        flow = Flow(self._token, self._task.rate, self._task.limits.stall)
        if opened is not None:
            with contextlib.closing(opened):
                return receive(opened.answer, opened.reply, catch.piece.size, catch, flow)
        with self._task.open_piece(catch.piece, self._token) as (answer, reply):
            self._task.progress.enter("running")
            return receive(answer, reply, catch.piece.size, catch, flow)

    def _leave(self, *, others: int) -> bool:
        """Leave the work if at least so many others stay at it; a busy server wants fewer."""
        with self._lock:
            if self._working <= others:
                return False
            self._working -= 1
            return True


class _Catch:
    """The sink of one piece: puts bytes at their place and counts them."""

    def __init__(self, task: Task, piece: Span) -> None:
        self.piece = piece
        self.position = piece.start
        self._task = task

    def __call__(self, data: memoryview) -> None:
        self._task.part.write(self.position, data)
        self.position += len(data)
        self._task.progress.add(len(data))
