"""The outcome of a verification: what was checked, and what is wrong grouped by cause."""

from __future__ import annotations

from msgspec import Struct

from wizard import figures
from wizard.findings import FailureGroup, Finding, fatal
from wizard.labels.tables.records import image_key
from wizard.verify.context import Context
from wizard.verify.subject import Subject


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
