"""A whole dataset verified: folders, images, labels, segments and examples, in one pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from wizard.files import PARTIAL
from wizard.labels.polygons import fill_notes
from wizard.verify.causes import CAUSES, Remedies
from wizard.verify.context import Context, unlisted
from wizard.verify.scan import scan_tree
from wizard.verify.subject import Subject
from wizard.verify.summary import Summary, count_checked, group_findings, with_hints
from wizard.verify.work import ImageWork
from wizard.work import Finding

RunImages = Callable[[ImageWork], Sequence[Finding]]
"""Runs the batch of images, on whatever workers there are, and collects its findings."""


def verify_dataset(subject: Subject, run: RunImages, remedies: Remedies) -> Summary:
    """Check everything there is to check and return all that is wrong.

    Nothing stops at the first failure, and nothing is written.
    """
    started = time.monotonic()
    work = ImageWork(subject)
    context = work.context
    findings = [*context.faults, *unlisted(subject, context), *scan_tree(subject, context)]
    findings += run(work)
    if _draws_polygons(subject):
        findings += fill_notes()
    ours = {label for row in _rows(subject, context) for label in row.made}
    # A list that names an image often would have its faults told as often.
    hinted = with_hints(dict.fromkeys(findings), remedies, lambda path: path in ours)
    return Summary(
        dataset=subject.dataset,
        checked=count_checked(subject, context),
        seconds=round(time.monotonic() - started, 3),
        groups=group_findings(hinted),
        findings=hinted,
    )


def _draws_polygons(subject: Subject) -> bool:
    """Tell whether the installed Pillow has a say in what the labels must be."""
    return any(
        layer.polygons or (layer.relabel and layer.relabel.mask == "polygon")
        for layer in subject.layers
    )


def run_here(work: ImageWork) -> list[Finding]:
    """Run a batch in this thread, image by image."""
    return [finding for item in work.items() for finding in work.process(item).findings]


def broken_labels(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return the paths among findings that are mended by deleting and making them again."""
    return tuple(
        dict.fromkeys(
            finding.path
            for finding in findings
            if finding.cause in CAUSES and CAUSES[finding.cause].remedy == "repair"
        )
    )


def repair(subject: Subject, broken: Iterable[str]) -> tuple[Path, ...]:
    """Delete broken labels, so that the next run makes them again.

    The labels of one image go together: what was made from a broken one is wrong as well, though
    it agrees with it. Only labels we produce are touched, and leftovers of our own interrupted
    runs, whatever else ``broken`` names; returns what was deleted.
    """
    named = dict.fromkeys(broken)
    doomed = {name: None for name in named if Path(name).name.startswith(PARTIAL)}
    for row in _rows(subject, ImageWork(subject).context):
        if not named.keys().isdisjoint(row.labels):
            doomed |= dict.fromkeys(row.made)
    paths = [path for name in doomed if (path := subject.root / name).is_file()]
    for path in paths:
        path.unlink()
    return tuple(paths)


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
