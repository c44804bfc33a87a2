"""The outcome of a verification: what was checked, what is wrong by cause, and what mends it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from msgspec import Struct

from wizard import figures
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
from wizard.findings import FailureGroup, Finding, fatal
from wizard.labels.tables.records import image_key
from wizard.verify.context import Context
from wizard.verify.subject import Subject

MISSING = (MISSING_IMAGE.slug, MISSING_LABEL.slug, EMPTY_FILE.slug)
"""What the steps before see for themselves when they look at the disk."""
_OURS_ALWAYS = (LEFTOVER, WRONG_EXAMPLE)
"""Causes whose findings name something else than a label."""


class Checked(Struct, frozen=True, kw_only=True):
    """How much was looked at."""

    checks: int = 0
    """What a recipe asks of a dataset without lists: counts, pairs, hashes, pixels."""
    paths: int = 0
    """Lines of lists, image and label counted apart."""
    images: int = 0
    labels: int = 0
    """Distinct label files."""
    segments: int = 0
    """Relabelled segments, counted once per taxonomy they are drawn in."""
    examples: int = 0
    """Published example pixels whose image is listed."""
    examples_not_applicable: int = 0

    def words(self) -> str:
        """Say what there was of each kind: ``4,210 paths, 812 labels``."""
        counted = (
            (self.checks, "check"),
            (self.paths, "path"),
            (0 if self.paths else self.images, "image"),
            (self.labels, "label"),
            (self.segments, "segment"),
            (self.examples, "example pixel"),
        )
        return ", ".join(figures.count(amount, one) for amount, one in counted if amount)


class Summary(Struct, frozen=True, kw_only=True):
    """One dataset verified; serialises to JSON as it is."""

    dataset: str
    checked: Checked
    seconds: float
    groups: tuple[FailureGroup, ...]
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing has to be mended."""
        return not fatal(self.groups)

    @property
    def wrong(self) -> int:
        """How many findings have to be mended."""
        return sum(group.count for group in fatal(self.groups))


def count_checked(subject: Subject, context: Context) -> Checked:
    """Count what a verification of the subject covers."""
    images: set[tuple[str, str]] = set()
    labels: set[str] = set()
    segments = applicable = 0
    for place, pairs in context.lists.items():
        images.update((place[1], pair.image) for pair in pairs)
        labels.update(pair.label for pair in pairs)
        records = context.records.get(place, {})
        examples = context.examples.get(place, {})
        if records or examples:
            keys = {image_key(pair) for pair in pairs}
            segments += sum(len(group) for key, group in records.items() if key in keys)
            applicable += sum(len(group) for key, group in examples.items() if key in keys)
    return Checked(
        paths=sum(2 * len(pairs) for pairs in context.lists.values()),
        images=len(images),
        labels=len(labels),
        segments=segments,
        examples=applicable,
        examples_not_applicable=len(subject.examples) - applicable,
    )


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
