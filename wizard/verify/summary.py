"""The outcome of a verification: what was checked, and what is wrong grouped by cause."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from msgspec import Struct

from wizard import figures
from wizard.labels.records import image_key
from wizard.verify.causes import CAUSES, Cause, Remedies
from wizard.verify.context import Context
from wizard.verify.subject import Subject
from wizard.work import Finding

SHOWN = 5
"""Findings of one cause a group shows."""


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
            (self.labels, "label"),
            (self.segments, "segment"),
            (self.examples, "example pixel"),
        )
        return ", ".join(figures.count(amount, one) for amount, one in counted if amount)


class Group(Struct, frozen=True, kw_only=True):
    """Findings of one cause."""

    cause: str
    title: str
    count: int
    hint: str
    fatal: bool
    examples: tuple[str, ...]
    """The first of them, ``path: detail``."""


class Summary(Struct, frozen=True, kw_only=True):
    """One dataset verified; serialises to JSON as it is."""

    dataset: str
    checked: Checked
    seconds: float
    groups: tuple[Group, ...]
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing has to be mended."""
        return not any(group.fatal for group in self.groups)


def with_hints(
    findings: Iterable[Finding], remedies: Remedies, is_ours: Callable[[str], bool]
) -> tuple[Finding, ...]:
    """Add to each finding what to do about it; ``is_ours`` tells the labels we can make anew."""
    return tuple(
        replace(
            finding,
            hint=finding.hint
            or remedies.hint(CAUSES[finding.cause], unpacked=not is_ours(finding.path)),
        )
        if finding.cause in CAUSES
        else finding
        for finding in findings
    )


def group_findings(findings: Iterable[Finding]) -> tuple[Group, ...]:
    """Group findings by cause, those that must be mended first, then in the causes' order."""
    by_cause: dict[str, list[Finding]] = {}
    for finding in findings:
        by_cause.setdefault(finding.cause, []).append(finding)
    order = [*CAUSES]
    groups = [_group(cause, group) for cause, group in by_cause.items()]
    return tuple(
        sorted(
            groups,
            key=lambda group: (
                not group.fatal,
                order.index(group.cause) if group.cause in CAUSES else len(order),
            ),
        )
    )


def _group(slug: str, findings: list[Finding]) -> Group:
    known: Cause | None = CAUSES.get(slug)
    return Group(
        cause=slug,
        title=known.title if known else slug.replace("-", " "),
        count=len(findings),
        hint=findings[0].hint,
        fatal=any(finding.fatal for finding in findings),
        examples=tuple(f"{finding.path}: {finding.detail}" for finding in findings[:SHOWN]),
    )


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
