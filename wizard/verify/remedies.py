"""What mends a finding, as commands a person can type."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from wizard.causes import (
    CAUSES,
    EMPTY_FILE,
    LEFTOVER,
    MISSING_IMAGE,
    MISSING_LABEL,
    WRONG_EXAMPLE,
    Cause,
    Remedy,
)
from wizard.findings import Finding

MISSING = (MISSING_IMAGE.slug, MISSING_LABEL.slug, EMPTY_FILE.slug)
"""What the steps before see for themselves when they look at the disk."""

_OURS_ALWAYS = (LEFTOVER, WRONG_EXAMPLE)
"""Causes whose findings name something else than a label."""


@dataclass(frozen=True, slots=True)
class Remedies:
    """The command that mends one dataset of one install, as the person would type it."""

    run: str

    def hint(self, cause: Cause, *, unpacked: bool = False) -> str:
        """Say what to do about a cause, in a file of ours or in one that was ``unpacked``.

        Nothing where each finding of the cause says it itself.
        """
        if cause.remedy is None:
            return ""
        steps: dict[Remedy, str] = {
            "rerun": f"make what is missing: {self.run}",
            "repair": f"have our labels made anew: {self.run}",
            "extract": f"have the file unpacked anew: {self.run}",
            "unpack": f"unpack again what is missing: {self.run}",
            "remove": "nothing has to be done; move the file away if it is not yours",
            "tables": f"delete the mseg-api folder to fetch the tables anew: {self.run}",
            "none": "nothing to mend",
        }
        taken = unpacked and cause.remedy == "repair" and cause not in _OURS_ALWAYS
        return steps["extract" if taken else cause.remedy]


def with_hints(
    findings: Iterable[Finding], remedies: Remedies, is_ours: Callable[[str], bool]
) -> tuple[Finding, ...]:
    """Add to each finding what to do about it; ``is_ours`` tells the labels we can make anew."""
    return tuple(
        replace(finding, hint=remedies.hint(known, unpacked=not is_ours(finding.path)))
        if not finding.hint and (known := CAUSES.get(finding.cause)) is not None
        else finding
        for finding in findings
    )
