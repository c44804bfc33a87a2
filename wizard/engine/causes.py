"""Failures of many steps put together by what caused them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wizard.engine.views import FailureGroup, StepView

_EXAMPLES = 5
"""Examples kept of a cause that struck several steps."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What went wrong for one reason, in all the steps it struck."""

    group: FailureGroup
    addresses: tuple[str, ...]
    """Of the steps, in their order."""

    def and_also(self, group: FailureGroup, address: str) -> Cause:
        """Return the cause with one more step it struck."""
        both = FailureGroup(
            cause=group.cause,
            count=self.group.count + group.count,
            hint=group.hint,
            examples=tuple(dict.fromkeys((*self.group.examples, *group.examples)))[:_EXAMPLES],
            fatal=group.fatal,
        )
        return Cause(both, (*self.addresses, address))


def by_cause(steps: Iterable[StepView]) -> tuple[Cause, ...]:
    """Return the failures of steps, one for each cause and hint; what is fatal comes first."""
    found: dict[tuple[bool, str, str], Cause] = {}
    for step in steps:
        for group in step.failures:
            key = (group.fatal, group.cause, group.hint)
            known = found.get(key)
            found[key] = (
                known.and_also(group, step.address) if known else Cause(group, (step.address,))
            )
    return tuple(sorted(found.values(), key=lambda cause: not cause.group.fatal))
