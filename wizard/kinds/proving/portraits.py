"""How a dataset looks in the report, drawn when it is proven, while others still arrive."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from wizard.errors import WizardError
from wizard.kinds.fetching.proofs import record_path
from wizard.recipes.model import Dataset, Taxonomy
from wizard.state.store import Store
from wizard.state.table import PORTRAIT
from wizard.steps.install import Install
from wizard.verify.context import Context, load_context
from wizard.verify.report.model import Histogram, SampleRow, TaxonomyLine
from wizard.verify.report.samples import Sampler
from wizard.verify.subject import Subject


class Portrait(Struct, frozen=True, kw_only=True):
    """What a dataset's labels hold and how a few of them look."""

    moment: float = 0.0
    """Of the proof it was drawn after, seconds since the epoch."""
    taxonomies: tuple[TaxonomyLine, ...] = ()
    histograms: tuple[Histogram, ...] = ()
    rows: tuple[SampleRow, ...] = ()


_STORE = Store(PORTRAIT, Portrait)


@dataclass(frozen=True, slots=True)
class Portraits:
    """Draws the portrait of one dataset and keeps it until the dataset is proven anew."""

    subject: Subject
    about: Mapping[str, Taxonomy]
    """By name."""
    path: Path

    @contextlib.contextmanager
    def drawn_meanwhile(self) -> Iterator[Future[Portrait]]:
        """Draw the portrait on a thread beside the block, which mostly waits for workers."""
        with ThreadPoolExecutor(1, "portrait") as thread:
            yield thread.submit(self._drawn)

    def keep(self, drawn: Future[Portrait], moment: float) -> None:
        """Keep a portrait as of the proof of a moment; one that fails is left to the report."""
        with contextlib.suppress(OSError, WizardError):
            _STORE.write(self.path, replace(drawn.result(), moment=moment))

    def get(self, moments: Collection[float]) -> Portrait:
        """Return the portrait after a proof of one of some moments, drawn now where none is."""
        kept = _STORE.peek(self.path)
        return kept if kept and kept.moment in moments else self._drawn()

    def _drawn(self) -> Portrait:
        context = load_context(self.subject)
        sampler = Sampler(self.subject, context)
        counted = [layer for layer in self.subject.layers if layer.form == "index"][-1:]
        histograms = [sampler.histogram(layer) for layer in counted]
        return Portrait(
            taxonomies=tuple(self._taxonomies(context)),
            histograms=tuple(each for each in histograms if each is not None),
            rows=tuple(sampler.rows()),
        )

    def _taxonomies(self, context: Context) -> Iterator[TaxonomyLine]:
        for layer in self.subject.layers:
            about = self.about.get(layer.taxonomy)
            labels = {
                pair.label
                for split in self.subject.splits
                for pair in context.lists.get((layer.taxonomy, split), ())
            }
            yield TaxonomyLine(
                name=layer.taxonomy,
                classes=len(context.names.get(layer.taxonomy, ()))
                or (about.classes if about else 0),
                labels=len(labels),
                about=about.about if about else "",
            )


def portraits_of(dataset: Dataset, subject: Subject, install: Install) -> Portraits:
    """Return what draws the portrait of a dataset of an install."""
    about = {each.name: each for each in install.recipe.taxonomies}
    path = record_path(install.place.state, f"{dataset.id}/portrait")
    return Portraits(subject, about, path)
