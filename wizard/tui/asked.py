"""Waiting in words: how long a licence takes, and when it is time to look after it."""

from __future__ import annotations

import time
from collections.abc import Container

from wizard import figures
from wizard.recipes.model import LicenceRequest
from wizard.tui.stages import wants
from wizard.tui.sums import short
from wizard.views import Snapshot, StepView

_DAY = 86_400.0
_TIME_LIMIT = 2.0
"""A wait this many times the usual is worth a reminder."""


def waiting_so_far(request: LicenceRequest, asked: float | None, now: float) -> tuple[str, bool]:
    """How long the wait is so far, and whether it is time to look after it."""
    wait = short(request.wait)
    usual = f"The answer usually {'comes' if wait == 'at once' else 'takes'} {wait}."
    if asked is None:
        return f"{usual} Press d on the day you ask; the date is kept.", False
    day = time.strftime("%d %B", time.localtime(asked)).lstrip("0")
    days = max(0.0, now - asked) / _DAY
    late = days > max(1.0, request.wait_days * _TIME_LIMIT)
    more = " That is longer than usual: look in the spam folder, or ask again." if late else ""
    return f"You asked on {day}. {usual}{more}", late


def presses(step: StepView, asked: Container[str]) -> bool:
    """Whether a step waits for a person now, and not for an owner who was asked already."""
    owners = step.request is not None and step.request.kind in ("link", "base-url", "browser")
    return wants(step) and not (owners and step.dataset in asked)


def may_leave(snapshot: Snapshot, asked: Container[str]) -> str:
    """That nobody is needed for now, until when, and what waits then; empty while somebody is."""
    states = {step.state for step in snapshot.steps}
    busy = snapshot.running and not snapshot.paused and "running" in states
    if not busy or "failed" in states or any(presses(step, asked) for step in snapshot.steps):
        return ""
    left = f" for about {figures.span(snapshot.eta)}" if snapshot.eta is not None else ""
    later = {step.dataset for step in snapshot.steps if wants(step)}
    titles = [view.title for view in snapshot.datasets if view.id in later]
    waiting = f"the answers for {', '.join(titles)}" if titles else "nothing but the result"
    return f"You can leave now{left}. Waiting for you then: {waiting}."
