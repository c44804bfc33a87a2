"""One look at the disk for a whole command: what a survey saw, a runner need not look at again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from wizard.kinds.registry import build_step
from wizard.kinds.sharding.whole import whole_steps
from wizard.steps.install import Install
from wizard.steps.step import Probe, Step

_FRESH = 30.0
"""Seconds for which a look counts: a person may sit before a question longer than that."""

_HEAVY = ("disk", "cpu")
"""Resources of the steps whose look is one at many files."""


@dataclass(slots=True)
class BuiltSteps:
    """The steps of an install, made once, and what the disk last said of them."""

    steps: tuple[Step, ...]
    _probes: Mapping[str, Probe] = field(default_factory=dict)
    _moment: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, probes: Mapping[str, Probe]) -> None:
        """Remember what was just seen, by address."""
        with self._lock:
            self._probes, self._moment = dict(probes), time.monotonic()

    def seen(self) -> Mapping[str, Probe]:
        """Return what was just seen, and keep it."""
        with self._lock:
            return self._probes

    def take(self) -> Mapping[str, Probe]:
        """Hand out what was seen a moment ago, once: the next one to ask looks for itself."""
        with self._lock:
            probes, self._probes = self._probes, {}
            return probes if time.monotonic() - self._moment < _FRESH else {}


@dataclass(slots=True)
class RecentLook:
    """What the disk just said of an install that is opened several times before it runs.

    A screen plans, judges and begins one after the other, each with the install opened anew. Only
    steps that look at many files are remembered: the others are asked again, as a person may have
    answered them meanwhile.
    """

    _of: tuple[object, ...] = ()
    _probes: Mapping[str, Probe] = field(default_factory=dict)
    _moment: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def probes(self, install: Install) -> Mapping[str, Probe]:
        """Return what was seen a moment ago of this very install; nothing of any other."""
        with self._lock:
            fresh = time.monotonic() - self._moment < _FRESH
            return self._probes if fresh and self._of == _told_by(install) else {}

    def keep(self, install: Install) -> None:
        """Remember what its survey saw, for as long as the first look counts."""
        with self._lock:
            if time.monotonic() - self._moment < _FRESH and self._of == _told_by(install):
                return
            built = built_steps(install)
            heavy = {each.address for each in built.steps if each.resource in _HEAVY}
            seen = {each: probe for each, probe in built.seen().items() if each in heavy}
            self._of, self._probes, self._moment = _told_by(install), seen, time.monotonic()

    def forget(self) -> None:
        """Look anew the next time: something begins to change the disk."""
        with self._lock:
            self._of, self._probes = (), {}


def _told_by(install: Install) -> tuple[object, ...]:
    """Return what the words of steps rest on beside the disk."""
    return install.place, install.recipe, install.plan.steps, install.settings


def built_steps(install: Install) -> BuiltSteps:
    """Return the steps of an install; the same ones for everybody who works on it."""
    return install.shared.get(BuiltSteps, lambda: BuiltSteps(tuple(_steps(install))))


def _steps(install: Install) -> Iterable[Step]:
    if install.part is None:
        return (build_step(each, install) for each in install.plan.steps)
    return whole_steps(install)
