"""One label file: is it whole, of the right kind and size, and which classes does it hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wizard import figures
from wizard.errors import LabelError
from wizard.labels.colours import hex_colour
from wizard.labels.decode import read_colours, read_values
from wizard.labels.panoptic import classify, read_runs
from wizard.labels.tables import UNLABELED
from wizard.verify import causes
from wizard.verify.context import Context, panoptic_index
from wizard.verify.images import Unreadable, read_header
from wizard.verify.subject import Layer, Subject
from wizard.work import Finding

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
"""Classes of a label, (H, W)."""

_COLOUR_MODES = {"colours": ("RGB", "RGBA", "P", "L"), "panoptic": ("RGB", "RGBA")}
_INDEX_MODES = ("L", "1", "I")
_PALETTE_MODES = ("P", "PA", "LA")
_SHOWN = 5
"""Values or colours a finding names before it counts the rest."""


class LabelReader:
    """Reads one layer's label of one image; ``findings`` collects what is wrong with it."""

    def __init__(
        self, subject: Subject, context: Context, layer: Layer, place: tuple[str, str]
    ) -> None:
        self._subject = subject
        self._context = context
        self._layer = layer
        self._label, self._split = place
        self.findings: list[Finding] = []

    def read(self, size: tuple[int, int] | None) -> Pixels | None:
        """Return the classes, or None when none can be had; ``size`` is the image's."""
        path = self._subject.path(self._label)
        try:
            header = read_header(path)
        except Unreadable as error:
            self._report(
                causes.TRUNCATED_LABEL if error.truncated else causes.BROKEN_LABEL, str(error)
            )
            return None
        if size is not None and header.size != size:
            self._report(causes.WRONG_SIZE, sizes(header.size, size))
        return self._decode(path) if self._mode_fits(header.mode) else None

    def _report(self, cause: causes.Cause, detail: str = "") -> None:
        self.findings.append(cause.finding(self._subject.shown(self._label), detail))

    def _mode_fits(self, mode: str) -> bool:
        """Tell whether the pixel format can be read as what it should be."""
        if self._layer.produced:
            wanted: tuple[str, ...] = ("L",)
        else:
            wanted = _COLOUR_MODES.get(self._layer.form, _INDEX_MODES)
        if mode in wanted or (mode.startswith("I;16") and wanted is _INDEX_MODES):
            return True
        if wanted is _INDEX_MODES and mode in _PALETTE_MODES:
            self._report(causes.PALETTE)
            return True
        self._report(causes.WRONG_MODE, f"{mode} instead of {wanted[0]}")
        return False

    def _decode(self, path: Path) -> Pixels | None:
        try:
            classes = self._classes(path)
        except LabelError as error:
            cut = error.cause == "truncated-image"
            self._report(causes.TRUNCATED_LABEL if cut else causes.BROKEN_LABEL, error.message)
            return None
        if classes is not None and self._layer.form == "index":
            self._check_values(classes)
        return classes

    def _classes(self, path: Path) -> Pixels | None:
        """Decode a label; None when the tables to do so are broken."""
        layer, context = self._layer, self._context
        if layer.form == "index":
            return read_values(path)
        if layer.form == "panoptic":
            if (layer.taxonomy, self._split) not in context.panoptic:
                return None
            index = panoptic_index(self._subject, layer, self._split, context)
            return classify(read_runs(path), index.segments(path.name), str(path))
        colours = context.colours.get(layer.taxonomy)
        if colours is None:
            return None
        found = colours.classify(read_colours(path))
        if found.unknown:
            shown = ", ".join(
                f"{hex_colour(colour)} ({figures.count(pixels, 'pixel')})"
                for colour, pixels in [*found.unknown.items()][:_SHOWN]
            )
            self._report(causes.UNKNOWN_COLOUR, shown)
        return found.classes()

    def _check_values(self, classes: Pixels) -> None:
        names = self._context.names.get(self._layer.taxonomy)
        if names is None:
            return
        counts = np.bincount(classes.ravel())
        counts[: len(names)] = 0
        counts[UNLABELED : UNLABELED + 1] = 0
        values = np.flatnonzero(counts)
        if values.size:
            shown = ", ".join(
                f"{value} ({figures.count(int(counts[value]), 'pixel')})"
                for value in values[:_SHOWN]
            )
            detail = f"{shown}: not among the {len(names)} classes of {self._layer.taxonomy}"
            self._report(causes.WRONG_VALUE, detail)


def sizes(found: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """Say how large something is and should be, each width then height."""
    return f"{found[0]}x{found[1]} pixels instead of {wanted[0]}x{wanted[1]}"
