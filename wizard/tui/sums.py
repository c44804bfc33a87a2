"""Sizes, access and waiting in words: of a recipe before the plan, of an install while it waits."""

from __future__ import annotations

import time
from collections.abc import Container
from types import MappingProxyType

from wizard import figures
from wizard.recipes.model import Archive, Dataset, LicenceRequest, Recipe
from wizard.tui.stages import wants
from wizard.views import Snapshot, StepView

ACCESS = MappingProxyType(
    {
        "open": "free download",
        "login": "log in",
        "link": "link by mail",
        "base-url": "address by mail",
        "browser": "by browser",
        "token": "access token",
    }
)
"""Ways of access in words."""
_DAY = 86_400.0
_TIME_LIMIT = 2.0
"""A wait this many times the usual is worth a reminder."""


def fetch_bytes(dataset: Dataset) -> int:
    """Bytes to download for a dataset, archives nothing needs left out."""
    return sum(archive.size or archive.size_about for archive in needed(dataset))


def disk_bytes(dataset: Dataset) -> int:
    """Bytes a dataset takes in the end, archives that stay included."""
    kept = sum(a.size or a.size_about for a in needed(dataset) if a.keep)
    unpacked = sum(archive.unpacked_about for archive in needed(dataset))
    return kept + unpacked + dataset.labels_about


def needed(dataset: Dataset) -> tuple[Archive, ...]:
    """The archives later steps need."""
    return dataset.usual


def access(dataset: Dataset) -> str:
    """How a dataset is gained, in words, the hardest way if there are several."""
    kinds = [archive.access.kind for archive in dataset.archives]
    hardest = [kind for kind in ("base-url", "link", "browser", "login", "token") if kind in kinds]
    return ACCESS[hardest[0]] if hardest else ACCESS["open"]


def longest_wait(recipe: Recipe) -> str:
    """The longest wait for a licence, in few words; empty when none takes a day."""
    asked = [dataset.request for dataset in recipe.datasets if dataset.request]
    requests = [request for request in asked if request.wait_days >= 1]
    if not requests:
        return ""
    return short(max(requests, key=lambda request: request.wait_days).wait)


def short(wait: str) -> str:
    """A wait without its second thoughts: ``about a week; ask first`` is ``about a week``."""
    return wait.partition(";")[0].partition(",")[0]


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
