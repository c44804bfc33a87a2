"""A whole dataset verified: folders, images, labels, segments and examples, in one pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

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
    hinted = with_hints(findings, remedies)
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

    Only labels we produce are touched, and leftovers of our own interrupted runs, whatever else
    ``broken`` names; returns what was deleted.
    """
    ours = _produced_labels(subject, ImageWork(subject).context)
    deleted = []
    for shown in broken:
        path = subject.root / shown
        if (shown in ours or path.name.startswith(PARTIAL)) and path.is_file():
            path.unlink()
            deleted.append(path)
    return tuple(deleted)


def _produced_labels(subject: Subject, context: Context) -> set[str]:
    """Return every label that is ours to delete, as findings name them."""
    return {
        subject.shown(pair.label)
        for layer in subject.layers
        if layer.produced
        for split in subject.splits
        for pair in context.lists[layer.taxonomy, split]
    }
