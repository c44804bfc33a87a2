"""What is to be verified of one dataset: its taxonomies and what each is made from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from itertools import chain
from pathlib import Path

from wizard.labels.specs.taxonomies import Layer, LayerTable
from wizard.labels.tables.taxonomies import Tables
from wizard.recipes.step_table import StepTable
from wizard.verify.specs.datasets import Example, Segments


@dataclass(frozen=True, slots=True)
class Subject:
    """One dataset as its verification sees it."""

    dataset: str
    root: Path
    """Folder its paths start from."""
    folder: str
    """Folder below ``root`` that list lines start from."""
    tables: Tables
    layers: tuple[Layer, ...]
    splits: tuple[str, ...] = ("train", "val")
    examples: tuple[Example, ...] = ()
    converted: tuple[str, ...] = ()
    """Folders whose labels we converted from files that are gone since."""
    deep: bool = False
    """Whether images are decoded in full, not only opened and looked at from behind."""

    def path(self, listed: str) -> Path:
        """Return the path of a list entry."""
        return self.root / self.folder / listed

    def shown(self, listed: str) -> str:
        """Return a list entry as findings name it."""
        return f"{self.folder}/{listed}"

    def converts(self, shown: str) -> bool:
        """Tell whether a label is one we converted."""
        return shown.startswith(tuple(f"{folder}/" for folder in self.converted))


def layers_of(
    taxonomies: Iterable[str], relabelled: Iterable[Segments], steps: Iterable[StepTable] = ()
) -> tuple[Layer, ...]:
    """Work out the taxonomies to check from the steps that made them.

    Bases are checked as well as what is asked for, so that a wrong pixel is traced to the first
    label that has it.
    """
    layers = {name: Layer(name) for name in taxonomies}
    for layer in chain.from_iterable(s.layers() for s in steps if isinstance(s, LayerTable)):
        layers[layer.taxonomy] = _merged(layers.get(layer.taxonomy), layer)
    for segments in relabelled:
        known = layers.get(segments.taxonomy, Layer(segments.taxonomy))
        layers[known.taxonomy] = replace(
            known, base=segments.base, direct=False, relabel=segments.relabel
        )
    for layer in [*layers.values()]:
        if layer.base:
            layers.setdefault(layer.base, Layer(layer.base))
    return tuple(layers.values())


def _merged(known: Layer | None, layer: Layer) -> Layer:
    """Return what two steps say of a taxonomy: the later one where it says anything."""
    if known is None:
        return layer
    said = {each.name: getattr(layer, each.name) for each in fields(layer)}
    usual = Layer(layer.taxonomy)
    return replace(
        known, **{name: value for name, value in said.items() if value != getattr(usual, name)}
    )
