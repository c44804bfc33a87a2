"""What a worker that makes labels knows of them at that moment, for whoever proves them later."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wizard.labels.pipeline import SourceImage

NOT_THERE = b"-"


def looks(path: Path) -> bytes:
    """Return what tells from outside that a file was changed or replaced: size, times, number.

    The time of the last change cannot be set by programs; the number is the file system's.
    """
    try:
        found = os.stat(path)  # noqa: PTH116 (many, and often)
    except OSError:
        return NOT_THERE
    return b"%d/%d/%d/%d" % (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


@dataclass(frozen=True, slots=True)
class FreshLabels:
    """Labels that were just made from one image's source label, and written whole."""

    source: SourceImage
    labels: Mapping[str, str]
    """As listed, by taxonomy: only what was written just now."""
    inputs: Mapping[Path, bytes]
    """How the files they were made from looked before they were read."""


class Witness(Protocol):
    """Writes down, beside the making of labels, what thereby is proven of them."""

    def begin(self) -> None:
        """Look at what all images share, before it is read."""
        ...

    def proofs(self, made: FreshLabels) -> bytes:
        """Return the proofs of one image's labels; nothing where they are to be read again."""
        ...


@dataclass(frozen=True, slots=True)
class FreshDrawing:
    """A label that was just drawn from a polygon file, all of it, and written whole."""

    label: Path
    source: Path
    before: bytes
    """How the polygon file looked before it was read."""
    shape: tuple[int, ...]
    """Height and width."""


class DrawingWitness(Protocol):
    """Writes down, beside the drawing of labels, what thereby is proven of them."""

    def begin(self) -> None:
        """Look at what all images share, before it is read."""
        ...

    def proof(self, drawn: FreshDrawing) -> bytes:
        """Return the proof of a label; nothing where it is to be read again."""
        ...
