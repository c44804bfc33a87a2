"""The table of stages: what is done of each dataset's terms, files, unpacking, labels and proof."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from wizard import figures
from wizard.tui.glyphs import Glyphs
from wizard.tui.stages import wants, worst
from wizard.views import Role, State, StepView

Column = Literal["Terms", "Files", "Unpacked", "Labels", "Proven"]

COLUMNS: tuple[Column, ...] = get_args(Column)
"""The stages every dataset passes, in order."""
_ROLES = MappingProxyType[Role, Column](
    {
        "accept": "Terms",
        "fetch": "Files",
        "labels": "Labels",
        "convert": "Labels",
        "check": "Proven",
        "prove": "Proven",
        "report": "Proven",
    }
)
"""Where steps stand by what they are for; every other puts files in their places: ``Unpacked``."""


@dataclass(frozen=True, slots=True)
class StageCell:
    """One stage of one dataset."""

    state: State | None = None
    """None where the dataset has no such step."""
    fraction: float = 0.0
    since: str = ""
    """When the licence it waits for was asked for, or when it is tried again by itself."""

    def words(self, signs: Glyphs) -> str:
        """A sign, and how far it is or since when it waits: ``▶ 42%``."""
        if self.state is None:
            return ""
        share = figures.percent(self.fraction) if self.fraction and self.state != "done" else ""
        said = (self.since or "you") if self.state == "waiting" else share
        return f"{signs.states[self.state]} {said}".rstrip()


def cells(steps: Iterable[StepView], asked: float | None = None) -> tuple[StageCell, ...]:
    """One cell for each of ``COLUMNS``; ``asked`` is when the licence was asked for, if it was."""
    by_column: dict[Column, list[StepView]] = {column: [] for column in COLUMNS}
    for step in _preferred(tuple(steps)):
        by_column[_ROLES.get(step.role, "Unpacked")].append(step)
    return tuple(_cell(by_column[column], asked) for column in COLUMNS)


def _preferred(steps: Sequence[StepView]) -> Iterable[StepView]:
    """Leave out the sources that only stand by: nobody knows whether they are ever needed."""
    first = next((step.alternative for step in steps if step.alternative), "")
    return (step for step in steps if step.alternative in ("", first))


def _cell(steps: Sequence[StepView], asked: float | None) -> StageCell:
    if not steps:
        return StageCell()
    state = worst(step.state for step in steps)
    fraction = sum(map(_share, steps)) / len(steps)
    return StageCell(state, fraction, _since(steps, asked) if state == "waiting" else "")


def _share(step: StepView) -> float:
    if step.state == "done":
        return 1.0
    # A step that checks what is there may count beyond what was planned.
    return min(1.0, step.done / step.total) if step.total else 0.0


def _since(steps: Sequence[StepView], asked: float | None) -> str:
    again = [step.request.again for step in steps if step.request and step.request.again]
    if again:
        return time.strftime("%H:%M", time.localtime(min(again)))
    owners = any(
        wants(step) and step.request and step.request.kind in ("link", "base-url", "browser")
        for step in steps
    )
    return time.strftime("%d %b", time.localtime(asked)).lstrip("0") if asked and owners else ""
