"""Pictures to look at: which images a dataset has, their labels in colour, and the legend."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wizard.errors import LabelError, WizardError
from wizard.labels.tables import UNLABELED, Tables
from wizard.recipes.model import Dataset, Recipe
from wizard.recipes.steps import Labels

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


@dataclass(frozen=True, slots=True)
class Share:
    """One class of a label: its colour and how much of the image it covers."""

    name: str
    colour: tuple[int, int, int]
    share: float


@dataclass(frozen=True, slots=True)
class Look:
    """An image, its label in colour, and what is in it."""

    name: str
    image: Image.Image
    label: Image.Image
    legend: tuple[Share, ...]


def galleries(recipe: Recipe, dataset: Dataset, dest: Path) -> tuple[Gallery, ...]:
    """Every taxonomy of a dataset there are lists for, in the order they are made."""
    found: list[Gallery] = []
    for spec in dataset.steps:
        if isinstance(spec, Labels):
            found += _of_step(recipe, dataset, dest, spec)
    return tuple(found)


def _of_step(recipe: Recipe, dataset: Dataset, dest: Path, spec: Labels) -> list[Gallery]:
    tables = Tables(dest / spec.tables)
    folder = dest / recipe.base(dataset) / spec.folder
    names = [(spec.source, spec.decode != "index")]
    names += [(output.taxonomy, False) for output in spec.outputs]
    return [
        Gallery(name, tables, folder, _pairs(tables, name, spec.splits), raw) for name, raw in names
    ]


def _pairs(tables: Tables, taxonomy: str, splits: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for split in splits:
        try:
            pairs += [(pair.image, pair.label) for pair in tables.pairs(taxonomy, split)]
        except (WizardError, OSError):
            continue
    return tuple(pairs)


def look(gallery: Gallery, place: int) -> Look:
    """Read one image and its label, shrunk; raises ``LabelError`` when they are not there yet."""
    if not gallery.pairs:
        raise LabelError("the lists of this dataset are not there yet")
    image_path, label_path = gallery.pairs[place]
    image = _open(gallery.folder / image_path).convert("RGB")
    stored = _open(gallery.folder / label_path)
    if gallery.raw:
        return Look(image_path, _shrunk(image), _shrunk(stored.convert("RGB"), label=True), ())
    indices = np.asarray(_shrunk(stored, label=True))
    colours, names = _palette(gallery)
    painted = Image.fromarray(colours[np.clip(indices, 0, 255).astype(np.uint8)])
    return Look(image_path, _shrunk(image), painted, _legend(indices, colours, names))


def _open(path: Path) -> Image.Image:
    try:
        with Image.open(path) as opened:
            opened.load()
            return opened.copy()
    except FileNotFoundError as error:
        raise LabelError(f"{path.name} is not there yet") from error
    except OSError as error:
        raise LabelError(f"{path.name} cannot be read: {error}") from error


def _shrunk(image: Image.Image, *, label: bool = False) -> Image.Image:
    scale = min(1.0, LARGEST / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    how = Image.Resampling.NEAREST if label else Image.Resampling.BILINEAR
    return image if size == image.size else image.resize(size, how)


def _palette(gallery: Gallery) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Colours of all 256 values, uint8 (256, 3), and the class names."""
    names = gallery.tables.names(gallery.taxonomy)
    palette = np.array([_spread(index) for index in range(256)], dtype=np.uint8)
    try:
        own = gallery.tables.colours(gallery.taxonomy)
        palette[: len(own)] = own[:256]
    except (WizardError, OSError):
        pass
    palette[UNLABELED] = _VOID
    return palette, names


def _spread(index: int) -> tuple[int, int, int]:
    """Tell classes apart where no colours are published: hues a golden angle apart."""
    hue = index * 0.618034 % 1.0
    red, green, blue = colorsys.hsv_to_rgb(
        hue, (0.55, 0.8)[index % 2], (0.95, 0.75)[index // 2 % 2]
    )
    return round(red * 255), round(green * 255), round(blue * 255)


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
