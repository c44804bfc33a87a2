"""A whole dataset verified: folders, images, labels, segments and examples, in one pass."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from wizard import causes
from wizard.causes import CAUSES
from wizard.files import PARTIAL, make_way
from wizard.findings import Finding, grouped
from wizard.labels.drawing.polygons import fill_notes
from wizard.labels.lazy import Lazy
from wizard.verify.context import Context, load_context, unlisted
from wizard.verify.image_check import ImageCheck
from wizard.verify.image_proofs import ImageProofs
from wizard.verify.scan import scan_tree
from wizard.verify.subject import Subject
from wizard.verify.summary import Remedies, Summary, count_checked, with_hints
from wizard.work import Item, Report

_UNSOUND_BYTES = tuple(
    cause.slug
    for cause in (
        causes.EMPTY_FILE,
        causes.TRUNCATED_IMAGE,
        causes.BROKEN_IMAGE,
        causes.TRUNCATED_LABEL,
        causes.BROKEN_LABEL,
        causes.BROKEN_POLYGONS,
    )
)


@dataclass(frozen=True, slots=True)
class ImageItem(Item):
    """One image of one split; its key is the image's path."""

    split: str = ""


class ImageWork:
    """Checks every image of a subject with all its labels; nothing is written.

    Labels that ``proofs`` know are not read again.
    """

    unit = "images"

    def __init__(self, subject: Subject, proofs: ImageProofs | None = None) -> None:
        self.subject = subject
        self.proofs = proofs
        self._context: Lazy[Context] = Lazy()

    @property
    def context(self) -> Context:
        """The tables, read once per process."""
        return self._context.get(self._load)

    def _load(self) -> Context:
        if self.proofs:
            self.proofs.begin()
        return load_context(self.subject)

    def items(self) -> Sequence[ImageItem]:
        """List every image of every list once, in list order."""
        seen: dict[tuple[str, str], None] = {}
        for (_, split), pairs in self.context.lists.items():
            for pair in pairs:
                seen[split, pair.image] = None
        return [ImageItem(image, split=split) for split, image in seen]

    def process(self, item: ImageItem) -> Report:
        """Check one image."""
        check = ImageCheck(self.subject, self.context, (item.key, item.split), self.proofs)
        return Report(check.run(), check.proofs)


RunImages = Callable[[ImageWork], Sequence[Finding]]
"""Runs the batch of images, on whatever workers there are, and collects its findings."""


def verify_dataset(
    subject: Subject, run: RunImages, remedies: Remedies, proofs: ImageProofs | None = None
) -> Summary:
    """Check everything there is to check and return all that is wrong.

    Nothing stops at the first failure, and nothing is written. Labels that ``proofs`` know are
    not read again.
    """
    started = time.monotonic()
    work = ImageWork(subject, proofs)
    context = work.context
    looked = run(work)  # first, so that progress shows from the first second
    findings = [*context.faults, *unlisted(subject, context), *scan_tree(subject, context)]
    findings += looked
    if _draws_polygons(subject):
        findings += fill_notes()
    ours = _made(subject, context) if findings else set()
    # A list that names an image often would have its faults told as often.
    hinted = with_hints(dict.fromkeys(findings), remedies, lambda path: path in ours)
    return Summary(
        dataset=subject.dataset,
        checked=count_checked(subject, context),
        seconds=round(time.monotonic() - started, 3),
        groups=grouped(hinted),
        findings=hinted,
    )


def _made(subject: Subject, context: Context) -> set[str]:
    """Return every label that is ours, as findings name it."""
    return {label for row in _rows(subject, context) for label in row.made}


def _draws_polygons(subject: Subject) -> bool:
    """Tell whether the installed Pillow has a say in what the labels must be."""
    return any(
        layer.polygons or (layer.relabel and layer.relabel.mask == "polygon")
        for layer in subject.layers
    )


def broken_labels(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return the paths among findings that are mended by deleting and making them again."""
    return tuple(
        dict.fromkeys(
            finding.path
            for finding in findings
            if finding.cause in CAUSES and CAUSES[finding.cause].remedy == "repair"
        )
    )


def broken_files(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return the paths among findings that name a file whose bytes cannot be right."""
    return tuple(dict.fromkeys(each.path for each in findings if each.cause in _UNSOUND_BYTES))


def repair(subject: Subject, broken: Iterable[str]) -> tuple[Path, ...]:
    """Delete broken labels, so that the next run makes them again; returns what was deleted."""
    paths = doomed_labels(subject, broken)
    for path in paths:
        make_way(path)
    return paths


def doomed_labels(subject: Subject, broken: Iterable[str]) -> tuple[Path, ...]:
    """Return the labels that broken ones take with them.

    The labels of one image go together: what was made from a broken one is wrong as well, though
    it agrees with it. Only labels we produce are named, and leftovers of our own interrupted
    runs, whatever else ``broken`` names.
    """
    named = dict.fromkeys(broken)
    doomed = {name: None for name in named if Path(name).name.startswith(PARTIAL)}
    for row in _rows(subject, ImageWork(subject).context):
        if not named.keys().isdisjoint(row.labels):
            doomed |= dict.fromkeys(row.made)
    return tuple(path for name in doomed if os.path.lexists(path := subject.root / name))


class _Row(NamedTuple):
    """One image's labels in all taxonomies, as findings name them, and those that are ours."""

    labels: tuple[str, ...]
    made: tuple[str, ...]


def _rows(subject: Subject, context: Context) -> Iterator[_Row]:
    for split in subject.splits:
        lists = [context.lists[layer.taxonomy, split] for layer in subject.layers]
        for pairs in zip_longest(*lists):
            found = [
                (subject.shown(pair.label), layer)
                for pair, layer in zip(pairs, subject.layers, strict=True)
                if pair is not None
            ]
            made = (name for name, layer in found if layer.produced or subject.converts(name))
            yield _Row(tuple(name for name, _ in found), tuple(made))
