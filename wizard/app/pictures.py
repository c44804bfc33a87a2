"""Pictures to look at: which images a dataset has, their labels in colour, and the legend."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wizard.errors import LabelError, WizardError
from wizard.labels.pixels.pictures import PICTURE_FAILURES, open_picture
from wizard.labels.specs.taxonomies import ByLists
from wizard.labels.tables.colours import Colour, class_colour
from wizard.labels.tables.taxonomies import UNLABELED, UNLABELED_NAME, Tables
from wizard.recipes.model import Dataset, Recipe

LARGEST = 1024
"""Pixels on the longer side a picture is shrunk to before it is drawn in cells."""

_VOID = (64, 64, 64)


@dataclass(frozen=True, slots=True)
class Gallery:
    """The images of a dataset in one taxonomy."""

    taxonomy: str
    tables: Tables
    folder: Path
    pairs: tuple[tuple[str, str], ...]
    """Image and label, below the folder."""
    raw: bool
    """Whether the stored labels are pictures already: colours, or panoptic ids."""
    beside: tuple[str, ...] = ()
    """The other taxonomies of the dataset; a class looks the same in all of them."""


@dataclass(frozen=True, slots=True)
class Share:
    """One class of a label: its colour and how much of the image it covers."""

    name: str
    colour: tuple[int, int, int]
    share: float


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """An image, its label in colour, and what is in it."""

    name: str
    image: Image.Image
    label: Image.Image
    legend: tuple[Share, ...]


def galleries(recipe: Recipe, dataset: Dataset, dest: Path) -> tuple[Gallery, ...]:
    """Every taxonomy of a dataset there are lists for, in the order they are made."""
    found: list[Gallery] = []
    for spec in dataset.steps:
        if isinstance(spec, ByLists) and spec.makes:
            found += _of_step(recipe, dataset, dest, spec)
    return tuple(found)


def _of_step(recipe: Recipe, dataset: Dataset, dest: Path, spec: ByLists) -> list[Gallery]:
    tables = Tables(dest / spec.tables)
    folder = dest / recipe.base(dataset) / spec.folder
    names = [(layer.taxonomy, layer.form != "index") for layer in spec.layers()]
    every = tuple(name for name, _ in names)
    return [
        Gallery(name, tables, folder, _pairs(tables, name, spec.splits), raw, every)
        for name, raw in names
    ]


def _pairs(tables: Tables, taxonomy: str, splits: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for split in splits:
        try:
            pairs += [(pair.image, pair.label) for pair in tables.pairs(taxonomy, split)]
        except (WizardError, OSError):
            continue
    return tuple(pairs)


def read_example(gallery: Gallery, place: int) -> LabelledImage:
    """Read one image and its label, shrunk; raises ``LabelError`` when they are not there yet."""
    if not gallery.pairs:
        raise LabelError("the lists of this dataset are not there yet")
    image_path, label_path = gallery.pairs[place]
    image = _open(gallery.folder / image_path).convert("RGB")
    stored = _open(gallery.folder / label_path)
    if gallery.raw:
        return LabelledImage(
            image_path, _shrunk(image), _shrunk(stored.convert("RGB"), label=True), ()
        )
    indices = np.asarray(_shrunk(stored, label=True))
    colours, names = _palette(gallery, stored)
    painted = Image.fromarray(colours[np.clip(indices, 0, 255).astype(np.uint8)])
    return LabelledImage(image_path, _shrunk(image), painted, _legend(indices, colours, names))


def _open(path: Path) -> Image.Image:
    try:
        with open_picture(path) as opened:
            opened.load()
            return opened.copy()
    except FileNotFoundError as error:
        raise LabelError(f"{path.name} is not there yet") from error
    except PICTURE_FAILURES as error:
        raise LabelError(f"{path.name} cannot be read: {error}") from error


def _shrunk(image: Image.Image, *, label: bool = False) -> Image.Image:
    scale = min(1.0, LARGEST / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    how = Image.Resampling.NEAREST if label else Image.Resampling.BILINEAR
    return image if size == image.size else image.resize(size, how)


def _palette(gallery: Gallery, stored: Image.Image) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Colours of all 256 values, uint8 (256, 3), and the class names.

    The dataset's own: as published for the taxonomy, as the stored file has them, or as published
    for a class of that name in another of its taxonomies. Else they are made from the name.
    """
    names = gallery.tables.names(gallery.taxonomy)
    known = _by_name(gallery) | {UNLABELED_NAME: _VOID}
    palette = np.zeros((256, 3), dtype=np.uint8)
    for index in range(256):
        name = names[index] if index < len(names) else str(index)
        palette[index] = known.get(name) or class_colour(name)
    inside = _stored_colours(stored)
    palette[: len(inside)] = inside
    own = _published(gallery.tables, gallery.taxonomy)
    palette[: len(own)] = own[:256]
    palette[UNLABELED] = _VOID
    return palette, names


def _published(tables: Tables, taxonomy: str) -> NDArray[np.uint8]:
    """Colours of a taxonomy's classes, uint8 (n, 3); n is 0 where none are published."""
    try:
        return tables.colours(taxonomy)
    except (WizardError, OSError):
        return np.zeros((0, 3), dtype=np.uint8)


def _by_name(gallery: Gallery) -> dict[str, Colour]:
    """Colours of classes in the other taxonomies of the dataset, by name."""
    found: dict[str, Colour] = {}
    for taxonomy in gallery.beside:
        colours = _published(gallery.tables, taxonomy).tolist()
        if colours:
            names = gallery.tables.names(taxonomy)
            pairs = zip(names, colours, strict=False)
            found |= {name: (red, green, blue) for name, (red, green, blue) in pairs}
    return found


def _stored_colours(stored: Image.Image) -> NDArray[np.uint8]:
    """The colours a label is stored with, uint8 (n, 3); none for greys, which are no colours."""
    inside = np.array(stored.getpalette("RGB") or (), dtype=np.uint8).reshape(-1, 3)
    grey = bool((inside == inside[:, :1]).all())
    return inside[:0] if grey else inside


def _legend(
    indices: NDArray[np.uint8], colours: NDArray[np.uint8], names: tuple[str, ...]
) -> tuple[Share, ...]:
    values, counts = np.unique(indices, return_counts=True)
    order = np.argsort(-counts)
    return tuple(
        Share(
            _name(int(values[i]), names),
            _colour(colours, int(values[i])),
            float(counts[i]) / indices.size,
        )
        for i in order
    )


def _name(value: int, names: tuple[str, ...]) -> str:
    if value == UNLABELED:
        return "unlabeled"
    return names[value] if value < len(names) else f"value {value}"


def _colour(colours: NDArray[np.uint8], value: int) -> tuple[int, int, int]:
    red, green, blue = colours[min(value, 255)]
    return int(red), int(green), int(blue)
