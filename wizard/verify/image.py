"""One image and all its labels: every check, every file read once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wizard.errors import LabelError
from wizard.labels.colours import hex_colour
from wizard.labels.decode import read_colours, read_packed, read_values
from wizard.labels.lists import Pair
from wizard.labels.masks import ImageContext
from wizard.labels.panoptic import classify
from wizard.labels.records import image_key
from wizard.labels.tables import UNLABELED
from wizard.recipes.steps import Example
from wizard.verify import causes
from wizard.verify.context import Context, panoptic_index
from wizard.verify.images import Header, Unreadable, decode, read_header
from wizard.verify.segments import Expected, differences
from wizard.verify.subject import Layer, Subject
from wizard.work import Finding

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
"""Classes of a label, (H, W)."""

_COLOUR_MODES = {"colours": ("RGB", "RGBA", "P", "L"), "panoptic": ("RGB", "RGBA")}
_INDEX_MODES = ("L", "1", "I")
_PALETTE_MODES = ("P", "PA", "LA")
_SHOWN = 5
"""Values or colours a finding names before it counts the rest."""


class ImageCheck:
    """Checks one image of one split; ``run`` returns everything that is wrong."""

    def __init__(self, subject: Subject, context: Context, image: str, split: str) -> None:
        self._subject = subject
        self._context = context
        self._image = image
        self._split = split
        self._size: tuple[int, int] | None = None
        self._classes: dict[str, Pixels] = {}
        self._findings: list[Finding] = []

    def run(self) -> tuple[Finding, ...]:
        """Read the image and its labels, then hold them against each other.

        Missing and empty files are left to the scan of the folders.
        """
        self._check_image()
        for layer in self._subject.layers:
            label = self._label(layer)
            if label and _present(self._subject.path(label)):
                self._read(layer, label)
        for layer in self._subject.layers:
            self._compare(layer)
            self._look_up(layer)
        return tuple(self._findings)

    def _label(self, layer: Layer) -> str:
        return self._context.labels[layer.taxonomy, self._split].get(self._image, "")

    def _report(self, cause: causes.Cause, listed: str, detail: str = "") -> None:
        self._findings.append(cause.finding(self._subject.shown(listed), detail))

    def _check_image(self) -> None:
        path = self._subject.path(self._image)
        if not _present(path):
            return
        try:
            header = read_header(path)
        except Unreadable as error:
            cause = causes.TRUNCATED_IMAGE if error.truncated else causes.BROKEN_IMAGE
            self._report(cause, self._image, str(error))
            return
        self._size = header.size
        if not header.ended or self._subject.deep:
            self._decode_image(path, header)

    def _decode_image(self, path: Path, header: Header) -> None:
        try:
            decode(path)
        except Unreadable as error:
            cause = causes.BROKEN_IMAGE if header.ended else causes.TRUNCATED_IMAGE
            self._report(cause, self._image, str(error))
        else:
            if not header.ended:
                self._report(causes.NO_END_MARK, self._image)

    def _read(self, layer: Layer, label: str) -> None:
        path = self._subject.path(label)
        try:
            header = read_header(path)
        except Unreadable as error:
            cause = causes.TRUNCATED_LABEL if error.truncated else causes.BROKEN_LABEL
            self._report(cause, label, str(error))
            return
        if self._size is not None and header.size != self._size:
            self._report(causes.WRONG_SIZE, label, _sizes(header.size, self._size))
        if self._mode_fits(layer, label, header.mode):
            self._decode(layer, label, path)

    def _mode_fits(self, layer: Layer, label: str, mode: str) -> bool:
        """Tell whether a label's pixel format can be read as what it should be."""
        if layer.produced:
            wanted: tuple[str, ...] = ("L",)
        else:
            wanted = _COLOUR_MODES.get(layer.form, _INDEX_MODES)
        if mode in wanted or (mode.startswith("I;16") and wanted is _INDEX_MODES):
            return True
        if wanted is _INDEX_MODES and mode in _PALETTE_MODES:
            self._report(causes.PALETTE, label)
            return True
        self._report(causes.WRONG_MODE, label, f"{mode} instead of {wanted[0]}")
        return False

    def _decode(self, layer: Layer, label: str, path: Path) -> None:
        try:
            classes = self._classes_of(layer, label, path)
        except LabelError as error:
            cut = error.cause == "truncated-image"
            cause = causes.TRUNCATED_LABEL if cut else causes.BROKEN_LABEL
            self._report(cause, label, error.message)
            return
        if classes is not None:
            self._classes[layer.taxonomy] = classes
            if layer.form == "index":
                self._check_values(layer, label, classes)

    def _classes_of(self, layer: Layer, label: str, path: Path) -> Pixels | None:
        """Decode a label; None when the tables to do so are broken."""
        if layer.form == "index":
            return read_values(path)
        if layer.form == "panoptic":
            if (layer.taxonomy, self._split) not in self._context.panoptic:
                return None
            index = panoptic_index(self._subject, layer, self._split, self._context)
            return classify(read_packed(path), index.segments(path.name), str(path))
        colours = self._context.colours.get(layer.taxonomy)
        if colours is None:
            return None
        found = colours.classify(read_colours(path))
        if found.unknown:
            shown = ", ".join(
                f"{hex_colour(colour)} ({pixels} pixels)"
                for colour, pixels in [*found.unknown.items()][:_SHOWN]
            )
            self._report(causes.UNKNOWN_COLOUR, label, shown)
        return found.classes()

    def _check_values(self, layer: Layer, label: str, classes: Pixels) -> None:
        names = self._context.names.get(layer.taxonomy)
        if names is None:
            return
        counts = np.bincount(classes.ravel())
        counts[: len(names)] = 0
        counts[UNLABELED : UNLABELED + 1] = 0
        values = np.flatnonzero(counts)
        if values.size:
            shown = ", ".join(f"{value} ({counts[value]} pixels)" for value in values[:_SHOWN])
            detail = f"{shown}: not among the {len(names)} classes of {layer.taxonomy}"
            self._report(causes.WRONG_VALUE, label, detail)

    def _compare(self, layer: Layer) -> None:
        """Hold a label against the one it is made from, pixel by pixel."""
        written = self._classes.get(layer.taxonomy)
        base = self._classes.get(layer.base)
        lookup = self._context.lookups.get(layer.taxonomy)
        if written is None or base is None or lookup is None:
            return
        label = self._label(layer)
        if written.shape != base.shape:
            if self._size is None:
                self._report(
                    causes.WRONG_SIZE, label, _sizes(written.shape[::-1], base.shape[::-1])
                )
            return
        if base.max() >= len(lookup):
            return
        expected = Expected(lookup[base])
        self._draw(layer, label, expected, base)
        shown = self._subject.shown(label)
        self._findings += differences(written, expected, shown, layer.base)

    def _draw(self, layer: Layer, label: str, expected: Expected, base: Pixels) -> None:
        """Apply an image's relabel records to what the table gave."""
        finder = self._context.finders.get(layer.taxonomy)
        parent, stem = image_key(Pair(self._image, label))
        records = self._context.records.get((layer.taxonomy, self._split), {})
        segments = records.get((parent, stem))
        if finder is None or not segments:
            return
        height, width = expected.pixels.shape
        context = ImageContext(
            self._image, parent, stem, self._split, (height, width), base=lambda: base
        )
        try:
            masks = finder.open(context)
        except LabelError as error:
            self._report(causes.NO_MASK, label, str(error))
            return
        expected.draw(segments, masks, strict=finder.relabel.strict)

    def _look_up(self, layer: Layer) -> None:
        """Check the published example pixels of a label."""
        examples = self._context.examples.get((layer.taxonomy, self._split))
        classes = self._classes.get(layer.taxonomy)
        label = self._label(layer)
        if not examples or classes is None:
            return
        for example in examples.get(image_key(Pair(self._image, label)), ()):
            if fault := _example_fault(example, classes):
                self._report(causes.WRONG_EXAMPLE, label, fault)


def _example_fault(example: Example, classes: Pixels) -> str:
    place = f"{example.name} at y={example.y}, x={example.x}"
    if example.y >= classes.shape[0] or example.x >= classes.shape[1]:
        return f"{place} is outside the image"
    found = int(classes[example.y, example.x])
    return "" if found == example.index else f"{place} is {found} instead of {example.index}"


def _present(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _sizes(found: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    return f"{found[0]}x{found[1]} pixels instead of {wanted[0]}x{wanted[1]}"
