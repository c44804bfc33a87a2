"""What is to be verified of one dataset: its taxonomies and what each is made from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from wizard.labels.tables import Tables
from wizard.recipes.steps import Example, Labels, Polygons, Relabel, Verify

Form = Literal["index", "colours", "panoptic"]
"""How a label stores its classes: as they are, as colours, or as ids of segments."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One taxonomy of a dataset and, if it is made from another, how."""

    taxonomy: str
    form: Form = "index"
    base: str = ""
    """Taxonomy it is made from."""
    direct: bool = False
    """Whether the base's pixels are taken over as decoded instead of through a table."""
    segments: str = ""
    """For ids of segments: the JSON that gives each its class, ``{split}`` to be filled."""
    relabel: Relabel | None = None
    polygons: Polygons | None = None
    """How it is drawn from polygon files."""
    produced: bool = False
    """Whether its labels are ours, so that a broken one can be deleted and made again."""
    own_folder: bool = False
    """Whether its folders hold nothing but its labels."""


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
    verify: Verify, labels: Iterable[Labels] = (), polygons: Iterable[Polygons] = ()
) -> tuple[Layer, ...]:
    """Work out the taxonomies to check from the steps that made them.

    Bases are checked as well as what ``verify`` names, so that a wrong pixel is traced to the
    first label that has it.
    """
    layers = {name: Layer(name) for name in verify.taxonomies}
    for step in labels:
        _add_labels(layers, step)
    for segments in verify.segments:
        known = layers.get(segments.taxonomy, Layer(segments.taxonomy))
        layers[known.taxonomy] = replace(
            known, base=segments.base, direct=False, relabel=segments.relabel
        )
    for layer in [*layers.values()]:
        if layer.base:
            layers.setdefault(layer.base, Layer(layer.base))
    for drawn in polygons:
        known = layers.get(drawn.taxonomy, Layer(drawn.taxonomy))
        layers[known.taxonomy] = replace(known, polygons=drawn, produced=True)
    return tuple(layers.values())


def _add_labels(layers: dict[str, Layer], step: Labels) -> None:
    source = layers.get(step.source, Layer(step.source))
    layers[step.source] = replace(source, form=step.decode, segments=step.segments)
    for output in step.outputs:
        layers[output.taxonomy] = Layer(
            output.taxonomy,
            base=output.base or step.source,
            direct=not output.base,
            relabel=output.relabel,
            produced=True,
            own_folder=True,
        )
