"""A sample of a dataset's labels: what classes they hold, and how a few of them look."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wizard.errors import LabelError
from wizard.labels.pixels.decode import Values, read_values
from wizard.labels.pixels.pictures import NO_PICTURE, open_picture
from wizard.labels.specs.taxonomies import Layer
from wizard.labels.tables.colours import class_colour
from wizard.labels.tables.lists import Pair
from wizard.labels.tables.records import Segment, image_key
from wizard.labels.tables.taxonomies import UNLABELED
from wizard.verify.context import Context
from wizard.verify.report.model import Bar, Histogram, SampleRow, Swatch, Thumbnail
from wizard.verify.subject import Subject

NOTHING = (38, 38, 42)
"""The colour of unlabeled pixels and of values that are no class."""
SAMPLE = 24
"""Labels a histogram looks at, spread over the list."""
BARS = 12
PICTURED = 2
"""Images a dataset is shown with."""
LEGEND = 4
"""Classes named below a label."""
THUMBNAIL_WIDTH = 260
"""Of a thumbnail, pixels."""
_SPLITS = ("val", "train")
"""Where examples are looked for, in this order."""


def hex_of(name: str) -> str:
    """Return a class's colour as ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*class_colour(name))


def colour_table(names: Sequence[str]) -> NDArray[np.uint8]:
    """Return the colours of every value a label may hold, uint8 (max(256, n), 3)."""
    table = np.empty((max(UNLABELED + 1, len(names)), 3), np.uint8)
    table[:] = NOTHING
    for index, name in enumerate(names):
        if name != "unlabeled":
            table[index] = class_colour(name)
    return table


@dataclass(frozen=True, slots=True)
class Sampler:
    """Draws samples from one verified dataset; files that cannot be read are passed over."""

    subject: Subject
    context: Context

    def histogram(self, layer: Layer) -> Histogram | None:
        """Count the classes of a sample of labels; None when there are none to count."""
        names = self.context.names.get(layer.taxonomy, ())
        pairs = self._pairs(layer)
        counts = np.zeros(max(UNLABELED + 1, len(names)), np.int64)
        looked = 0
        for pair in _spread(pairs, SAMPLE):
            values = self._values(pair.label)
            if values is not None:
                counts += _counts(values, counts.size)
                looked += 1
        if not looked:
            return None
        return _histogram(layer.taxonomy, names, counts, (looked, len(pairs)))

    def rows(self) -> Iterator[SampleRow]:
        """Yield a few images with their labels, relabelled ones with before and after."""
        shown = [layer for layer in self.subject.layers if layer.form == "index"]
        if not shown:
            return
        last = max(shown, key=lambda layer: layer.relabel is not None)
        last = last if last.relabel else shown[-1]
        for split in _SPLITS:
            rows = list(self._split_rows(last, split))
            if rows:
                yield from rows
                return

    def _split_rows(self, last: Layer, split: str) -> Iterator[SampleRow]:
        place = (last.taxonomy, split)
        records = self.context.records.get(place, {})
        pairs = list(dict.fromkeys(self.context.lists.get(place, ())))

        def changed(pair: Pair) -> int:
            return sum(each.old != each.new for each in records.get(image_key(pair), ()))

        chosen = sorted(pairs, key=changed, reverse=True) if records else _spread(pairs, 2)
        made = 0
        for pair in chosen:
            row = self._row(last, split, pair, records.get(image_key(pair), ()))
            if row is not None:
                yield row
                made += 1
            if made == PICTURED:
                return

    def _row(
        self, last: Layer, split: str, pair: Pair, segments: Sequence[Segment]
    ) -> SampleRow | None:
        pictures = [*_photo(self.subject.path(pair.image))]
        base = self.context.labels.get((last.base, split), {}).get(pair.image, "")
        names = {last.base: base, last.taxonomy: pair.label}
        index_forms = {layer.taxonomy for layer in self.subject.layers if layer.form == "index"}
        for taxonomy, label in names.items():
            values = self._values(label) if label and taxonomy in index_forms else None
            if values is not None:
                classes = self.context.names.get(taxonomy, ())
                pictures.append(
                    Thumbnail(
                        caption=taxonomy,
                        uri=_label_uri(values, classes),
                        legend=tuple(_legend(values, classes)),
                    )
                )
        if len(pictures) < 2:
            return None
        note = _changes(segments, self.context.names.get(last.taxonomy, ()))
        return SampleRow(image=self.subject.shown(pair.image), pictures=tuple(pictures), note=note)

    def _pairs(self, layer: Layer) -> list[Pair]:
        return [
            pair
            for split in self.subject.splits
            for pair in dict.fromkeys(self.context.lists.get((layer.taxonomy, split), ()))
        ]

    def _values(self, label: str) -> Values | None:
        try:
            return read_values(self.subject.path(label))
        except (LabelError, OSError):
            return None


def _counts(values: Values, most: int) -> NDArray[np.int64]:
    """Count the pixels of each value below a limit, int64 (most,)."""
    if values.dtype == np.uint8:
        # numpy would first make eight bytes of each pixel.
        counts = np.array(Image.fromarray(values).histogram(), np.int64)
    else:
        counts = np.bincount(values.ravel()).astype(np.int64)
    return np.pad(counts, (0, max(0, most - len(counts))))[:most]


def _histogram(
    taxonomy: str, names: Sequence[str], counts: NDArray[np.int64], looked: tuple[int, int]
) -> Histogram:
    labelled = counts[: len(names)].copy()
    for index, name in enumerate(names):
        if name == "unlabeled":
            labelled[index] = 0
    total, every = int(labelled.sum()), int(counts.sum())
    order = [int(index) for index in np.argsort(-labelled, kind="stable") if labelled[index]]
    bars = tuple(
        Bar(
            name=names[index],
            colour=hex_of(names[index]),
            share=round(int(labelled[index]) / total, 5),
        )
        for index in order[:BARS]
    )
    return Histogram(
        taxonomy=taxonomy,
        labels=looked[0],
        of=looked[1],
        bars=bars,
        unlabeled=round(1 - total / every, 5),
        others=max(0, len(order) - BARS),
    )


def _spread(pairs: Sequence[Pair], wanted: int) -> list[Pair]:
    """Take a few lines at even distances."""
    step = max(1, len(pairs) // wanted)
    return list(pairs[::step][:wanted])


def _changes(segments: Iterable[Segment], names: Sequence[str]) -> str:
    """Say which classes the records of an image gave how often."""
    given = Counter(
        "unlabeled" if segment.new == UNLABELED else names[segment.new]
        for segment in segments
        if segment.old != segment.new
    )
    return ", ".join(f"{count} x {name}" for name, count in given.most_common(4))


def _photo(path: Path) -> Iterator[Thumbnail]:
    try:
        with open_picture(path) as image:
            image.draft("RGB", (2 * THUMBNAIL_WIDTH, 2 * THUMBNAIL_WIDTH))
            small = image.convert("RGB")
        small.thumbnail((THUMBNAIL_WIDTH, THUMBNAIL_WIDTH))
    except NO_PICTURE:
        return
    yield Thumbnail(caption="image", uri=_uri(small, "JPEG", quality=72))


def _label_uri(values: Values, names: Sequence[str]) -> str:
    """Colour a label and shrink it without making up classes at the borders."""
    step = max(1, -(-values.shape[1] // THUMBNAIL_WIDTH))
    small = values[::step, ::step]
    table = colour_table(names)
    coloured = table[np.minimum(small, len(table) - 1)]
    picture = Image.fromarray(coloured).quantize(256, dither=Image.Dither.NONE)
    return _uri(picture, "PNG", optimize=True)


def _legend(values: Values, names: Sequence[str]) -> Iterator[Swatch]:
    """Yield the classes that cover most of a label."""
    counts = _counts(values, len(names))
    for index in np.argsort(-counts, kind="stable")[:LEGEND]:
        if counts[index] and names[index] != "unlabeled":
            yield Swatch(name=names[index], colour=hex_of(names[index]))


def _uri(image: Image.Image, form: str, **options: int | bool) -> str:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f"data:image/{form.lower()};base64,{data}"
