"""The states of a step, in one alphabet, and how every other word for them follows from it.

What the disk says of a step (``Probe``), what viewers are shown (``views.State``) and what a
transfer at rest is called (``TransferState``) each map to it or from it by one table below; which
state may follow which is a table too.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from wizard.progress import TransferState
from wizard.steps.step import ProbeState
from wizard.views import State


class TaskState(Enum):
    """How a step stands while somebody runs or surveys its install.

    That earlier steps lock it, that another alternative comes before its own, or that a person
    paused it, is no state: it follows from the other tasks, or stays whatever becomes of it.
    """

    UNSEEN = "unseen"
    """Its disk was not looked at yet, or not since something it rests on was made anew."""
    STALE = "stale"
    """Seen, but before things changed: looked at again when its turn comes."""
    READY = "ready"
    """Seen as it is now: work is missing, and begins when nothing locks it."""
    RUNNING = "running"
    """At work."""
    BEHIND = "behind"
    """At work, while files it takes came or changed: looked at again afterwards."""
    WAITING = "waiting"
    """For a person, as the disk says; looked at again every moment."""
    ASKED = "asked"
    """For a person, as its run found; a change on disk or a person ends it, no mere look."""
    FULL = "full"
    """Its run found no room; goes on by itself once there is more."""
    FAILED = "failed"
    """Its run ended with an error, or the disk cannot be read; tried again when a person says."""
    DONE = "done"
    """Proven done; looked at again only when something it rests on is made anew."""
    SPARED = "spared"
    """Counts as done though it was not: nothing needs what it brings."""


_S = TaskState
FINISHED = frozenset({_S.DONE, _S.SPARED})
"""Nothing is left to do."""
BUSY = frozenset({_S.RUNNING, _S.BEHIND})
"""A thread is at work on it."""
UNBEGUN = frozenset({_S.STALE, _S.READY})
"""Work is missing, and nobody has begun it."""
NEEDS_PERSON = frozenset({_S.WAITING, _S.ASKED})
LOOKED_AT = UNBEGUN | NEEDS_PERSON | {_S.UNSEEN}
"""A look at the disk may change these; it comes too late for the others."""

SAID: Mapping[ProbeState, TaskState] = {
    "done": _S.DONE,
    "waiting": _S.WAITING,
    "partial": _S.READY,
    "todo": _S.READY,
}
"""What the disk says of a step, to what it then is."""

SHOWN: Mapping[TaskState, State] = {
    _S.UNSEEN: "todo",
    _S.STALE: "todo",
    _S.READY: "todo",
    _S.RUNNING: "running",
    _S.BEHIND: "running",
    _S.WAITING: "waiting",
    _S.ASKED: "waiting",
    _S.FULL: "paused",
    _S.FAILED: "failed",
    _S.DONE: "done",
    _S.SPARED: "done",
}
"""What viewers are shown of a step that nothing locks and nobody paused."""

TRANSFER_AT_REST: Mapping[State, TransferState] = {
    "todo": "queued",
    "locked": "queued",
    "waiting": "queued",
    "partial": "queued",
    "running": "connecting",
    "paused": "paused",
    "failed": "failed",
    "done": "done",
}
"""What the transfer of a step is called while no transfer speaks for itself."""

_SEEN = frozenset({_S.STALE, _S.READY, _S.WAITING, _S.FAILED, _S.DONE, _S.SPARED})
_ENDED = frozenset({_S.STALE, _S.ASKED, _S.FULL, _S.FAILED, _S.SPARED})
MOVES: Mapping[TaskState, frozenset[TaskState]] = {
    _S.UNSEEN: _SEEN,
    _S.STALE: (_SEEN - {_S.STALE}) | {_S.UNSEEN},
    _S.READY: (_SEEN - {_S.READY}) | {_S.RUNNING, _S.UNSEEN},
    _S.RUNNING: _ENDED | {_S.DONE, _S.BEHIND},
    _S.BEHIND: _ENDED | {_S.UNSEEN},
    _S.WAITING: _SEEN - {_S.WAITING},
    _S.ASKED: _SEEN | {_S.UNSEEN},
    _S.FULL: frozenset({_S.UNSEEN}),
    _S.FAILED: frozenset({_S.UNSEEN, _S.SPARED}),
    _S.DONE: frozenset({_S.UNSEEN, _S.READY, _S.SPARED}),
    _S.SPARED: frozenset({_S.UNSEEN}),
}
"""Which states may follow each; the transitions make no others, as their tests try."""
