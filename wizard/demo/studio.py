"""What every dataset of the miniature is drawn with: a seed, the book, and label helpers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wizard.demo.book import Book
from wizard.demo.classes import CHOICES, NAMES
from wizard.demo.drawing import Artist, Scene

SPLITS: Mapping[str, int] = {"train": 3, "val": 2}
"""Images drawn per split."""


def first_number(split: str, apart: int) -> int:
    """Return the number of a split's first image: those to validate on begin at ``apart``.

    They begin later where so many are drawn to train on, so that no two have one name.
    """
    return 0 if split == "train" else max(apart, SPLITS["train"])


@dataclass(frozen=True, slots=True)
class Studio:
    """The place datasets are drawn in."""

    seed: int
    book: Book

    def artist(self, *names: str) -> Artist:
        """Return an artist for one image."""
        return Artist(self.seed, *names)

    def add(self, split: str, image: str, labels: Mapping[str, str]) -> None:
        """List an image in the same line of every taxonomy of its family."""
        for taxonomy, label in labels.items():
            self.book.add(taxonomy, split, image, label)


def values_of(artist: Artist, scene: Scene, taxonomy: str) -> NDArray[np.uint8]:
    """Choose a class per region, uint8 (regions,), those that records tell apart first."""
    wanted = [NAMES[taxonomy].index(name) for name in _told_apart(taxonomy)]
    others = [place for place in range(len(NAMES[taxonomy])) if place not in wanted]
    return artist.pick([others[0], *wanted, *others[1:]], scene.count)


def _told_apart(taxonomy: str) -> Sequence[str]:
    return [name for names in CHOICES.values() for name in names if name in NAMES[taxonomy]]
