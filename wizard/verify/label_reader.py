"""One label file: is it whole, of the right kind and size, and which classes does it hold."""

from __future__ import annotations

import numpy as np

from wizard import causes, figures
from wizard.errors import LabelError
from wizard.findings import Finding
from wizard.labels.pipeline import Plane, is_outside
from wizard.labels.pixels.colours import hex_colour
from wizard.labels.pixels.decode import Stored, Values
from wizard.labels.pixels.panoptic import classify
from wizard.labels.pixels.runs import Runs
from wizard.labels.specs.taxonomies import Layer
from wizard.labels.tables.taxonomies import UNLABELED
from wizard.verify.context import Context, panoptic_index
from wizard.verify.subject import Subject

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
        self.runs: Runs | None = None
        """Of a panoptic image, for masks that are its segments."""

    def read(self, size: tuple[int, int] | None) -> Plane | None:
        """Return the classes, or None when none can be had; ``size`` is the image's."""
        path = self._subject.path(self._label)
        try:
            stored = Stored.read(path)
        except LabelError as error:
            self._report_broken(error)
            return None
        if size is not None and stored.size != size:
            self._report(causes.WRONG_SIZE, sizes(stored.size, size))
        return self._decode(stored) if self._mode_fits(stored.mode) else None

    def _report_broken(self, error: LabelError) -> None:
        cut = error.cause == "truncated-image" or "truncated" in error.message.lower()
        self._report(causes.TRUNCATED_LABEL if cut else causes.BROKEN_LABEL, error.message)

    def _report(self, cause: causes.Cause, detail: str = "") -> None:
        self.findings.append(Finding.of(cause, self._subject.shown(self._label), detail))

    def _mode_fits(self, mode: str) -> bool:
        """Tell whether the pixel format can be read as what it should be, noting odd ones."""
        wanted = _modes(self._layer)
        if mode_fits(self._layer, mode):
            return True
        if wanted is _INDEX_MODES and mode in _PALETTE_MODES:
            self._report(causes.PALETTE)
            return True
        self._report(causes.WRONG_MODE, f"{mode} instead of {wanted[0]}")
        return False

    def _decode(self, stored: Stored) -> Plane | None:
        try:
            classes = self._classes(stored)
        except LabelError as error:
            self._report_broken(error)
            return None
        if classes is not None and self._layer.form == "index":
            self._check_values(classes.values)
        return classes

    def _classes(self, stored: Stored) -> Plane | None:
        """Decode a label; None when the tables to do so are broken."""
        layer, context, path = self._layer, self._context, stored.path
        if layer.form == "index":
            return Plane(stored.values())
        if layer.form == "panoptic":
            if (layer.taxonomy, self._split) not in context.panoptic:
                return None
            self.runs = Runs.of(stored.packed())
            index = panoptic_index(self._subject, layer, self._split, context)
            return Plane(classify(self.runs, index.segments(path.name), str(path)))
        colours = context.colours.get(layer.taxonomy)
        if colours is None:
            return None
        found = colours.classify(stored.colours())
        if found.unknown:
            shown = ", ".join(
                f"{hex_colour(colour)} ({figures.count(pixels, 'pixel')})"
                for colour, pixels in [*found.unknown.items()][:_SHOWN]
            )
            self._report(causes.UNKNOWN_COLOUR, shown)
        return Plane(found.values, found.table)

    def _check_values(self, classes: Values) -> None:
        names = self._context.names.get(self._layer.taxonomy)
        if names is None:
            return
        if not is_outside(classes, len(names)).any():
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


def mode_fits(layer: Layer, mode: str) -> bool:
    """Tell whether a pixel format, by Pillow's name, is one that a taxonomy's labels have."""
    wanted = _modes(layer)
    return mode in wanted or (mode.startswith("I;16") and wanted is _INDEX_MODES)


def _modes(layer: Layer) -> tuple[str, ...]:
    return ("L",) if layer.produced else _COLOUR_MODES.get(layer.form, _INDEX_MODES)


def sizes(found: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """Say how large something is and should be, each width then height."""
    return f"{found[0]}x{found[1]} pixels instead of {wanted[0]}x{wanted[1]}"
