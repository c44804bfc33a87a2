"""The tables a verification needs, read once per process; broken ones are findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from wizard import causes
from wizard.errors import LabelError
from wizard.findings import Finding
from wizard.labels.lazy import Lazy
from wizard.labels.masks import MaskFinder
from wizard.labels.pixels.colours import ColourTable
from wizard.labels.pixels.panoptic import PanopticIndex
from wizard.labels.specs.taxonomies import Layer
from wizard.labels.tables.lists import Pair
from wizard.labels.tables.records import Segment, SegmentKey, image_key, load_records, segment_names
from wizard.verify.specs.datasets import Example
from wizard.verify.subject import Subject

_T = TypeVar("_T")

ListKey = tuple[str, str]
"""A taxonomy and a split."""


@dataclass(slots=True)
class Context:
    """Everything read from the tables; what could not be read is missing and in ``faults``."""

    lists: dict[ListKey, tuple[Pair, ...]] = field(default_factory=dict)
    labels: dict[ListKey, dict[str, str]] = field(default_factory=dict)
    """Image -> label."""
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lookups: dict[str, NDArray[np.uint8]] = field(default_factory=dict)
    """Table from its base, by taxonomy."""
    colours: dict[str, ColourTable] = field(default_factory=dict)
    records: dict[ListKey, dict[SegmentKey, tuple[Segment, ...]]] = field(default_factory=dict)
    finders: dict[str, MaskFinder] = field(default_factory=dict)
    examples: dict[ListKey, dict[SegmentKey, tuple[Example, ...]]] = field(default_factory=dict)
    panoptic: dict[ListKey, Lazy[PanopticIndex]] = field(default_factory=dict)
    faults: list[Finding] = field(default_factory=list)

    def attempt(self, read: Callable[[], _T]) -> _T | None:
        """Read a table, turning a broken one into a finding."""
        try:
            return read()
        except LabelError as error:
            fault = Finding.of(causes.TABLE, error.where, error.message)
            if fault not in self.faults:
                self.faults.append(fault)
            return None


def load_context(subject: Subject) -> Context:
    """Read all tables of a subject."""
    context = Context()
    for layer in subject.layers:
        _load_taxonomy(subject, layer, context)
        for split in subject.splits:
            _load_split(subject, layer, split, context)
    for layer in subject.layers:
        for split in subject.splits:
            _load_examples(subject, layer, split, context)
    return context


def _load_taxonomy(subject: Subject, layer: Layer, context: Context) -> None:
    tables, name = subject.tables, layer.taxonomy
    if layer.form != "panoptic" and (names := context.attempt(lambda: tables.names(name))):
        context.names[name] = names
    if layer.form == "colours":
        colours = context.attempt(lambda: tables.colours(name))
        if colours is not None:
            context.colours[name] = ColourTable(colours)
    if layer.relabel is not None:
        context.finders[name] = MaskFinder(layer.relabel, subject.root)
    if layer.direct:
        context.lookups[name] = np.arange(256, dtype=np.uint8)
    elif layer.base:
        lookup = context.attempt(lambda: tables.lookup(layer.base, name))
        if lookup is not None:
            context.lookups[name] = lookup


def _load_split(subject: Subject, layer: Layer, split: str, context: Context) -> None:
    tables, place = subject.tables, (layer.taxonomy, split)
    pairs = context.attempt(lambda: tables.pairs(*place)) or ()
    context.lists[place] = pairs
    context.labels[place] = dict(pairs)
    if layer.form == "panoptic" and layer.segments:
        context.panoptic[place] = Lazy()
    relabel = layer.relabel
    if relabel is None:
        return
    records = context.attempt(
        lambda: load_records(tables, relabel.records, split, layer.taxonomy, relabel.segment)
    )
    if records is not None:
        context.records[place] = dict(records)


def panoptic_path(subject: Subject, layer: Layer, split: str) -> Path:
    """Return the JSON of a panoptic layer."""
    return subject.path(layer.segments.format(split=split))


def panoptic_index(subject: Subject, layer: Layer, split: str, context: Context) -> PanopticIndex:
    """Return the segments of a panoptic layer, parsed at the first image; raises ``LabelError``."""
    task = context.panoptic[layer.taxonomy, split]
    return task.get(partial(PanopticIndex.read, panoptic_path(subject, layer, split)))


def _load_examples(subject: Subject, layer: Layer, split: str, context: Context) -> None:
    examples = [
        example
        for example in subject.examples
        if (example.taxonomy, example.split) == (layer.taxonomy, split)
    ]
    relabel = layer.relabel
    if not examples or relabel is None:
        return
    place = (layer.taxonomy, split)
    names = context.attempt(lambda: segment_names(subject.tables, relabel.segment, *place[::-1]))
    if names is None:
        return
    found: dict[SegmentKey, list[Example]] = {}
    for example in examples:
        read = names.read(example.segment)
        if read is None:
            context.faults.append(
                Finding.of(causes.TABLE, example.segment, "an unreadable example")
            )
        else:
            found.setdefault(read[0], []).append(example)
    context.examples[place] = {key: tuple(group) for key, group in found.items()}


def unlisted(subject: Subject, context: Context) -> Iterator[Finding]:
    """Yield the images that records or examples name and no list holds."""
    for place, pairs in context.lists.items():
        if place not in context.records and place not in context.examples:
            continue
        keys = {image_key(pair) for pair in pairs}
        for key, segments in context.records.get(place, {}).items():
            if key not in keys:
                detail = f"named by {len(segments)} records of {place[0]}, {place[1]}"
                yield Finding.of(causes.UNLISTED_IMAGE, "/".join(key), detail)
        for key, examples in context.examples.get(place, {}).items():
            if key not in keys:
                for example in examples:
                    detail = f"{example.name} of {place[0]}, {place[1]}: no list holds its image"
                    yield Finding.of(causes.NO_EXAMPLE, example.segment, detail)
