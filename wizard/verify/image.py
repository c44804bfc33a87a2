"""One image and all its labels: every check, every file read once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from wizard.errors import LabelError
from wizard.labels.lists import Pair
from wizard.labels.masks import ImageContext
from wizard.labels.polygons import draw_classes, read_annotation
from wizard.labels.records import image_key
from wizard.recipes.steps import Example, Polygons
from wizard.verify import causes
from wizard.verify.context import Context
from wizard.verify.images import Header, Unreadable, decode, read_header
from wizard.verify.reading import LabelReader, Pixels, sizes
from wizard.verify.segments import Expected, differences
from wizard.verify.subject import Layer, Subject
from wizard.work import Finding


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
        reader = LabelReader(self._subject, self._context, layer, (label, self._split))
        classes = reader.read(self._size)
        self._findings += reader.findings
        if classes is not None:
            self._classes[layer.taxonomy] = classes

    def _compare(self, layer: Layer) -> None:
        """Hold a label against what it is made from, pixel by pixel."""
        written = self._classes.get(layer.taxonomy)
        if written is None:
            return
        label = self._label(layer)
        expected = self._expected(layer, label)
        if expected is None:
            return
        if written.shape != expected.pixels.shape:
            if self._size is None:
                detail = sizes(written.shape[::-1], expected.pixels.shape[::-1])
                self._report(causes.WRONG_SIZE, label, detail)
            return
        origin = layer.base or "the polygon file"
        self._findings += differences(written, expected, self._subject.shown(label), origin)

    def _expected(self, layer: Layer, label: str) -> Expected | None:
        """Make a label anew; None when it is nobody's, or what it is made from is broken."""
        if layer.polygons is not None:
            return self._from_polygons(layer, layer.polygons, label)
        base = self._classes.get(layer.base)
        lookup = self._context.lookups.get(layer.taxonomy)
        if base is None or lookup is None or base.max() >= len(lookup):
            return None
        expected = Expected(lookup[base])
        self._draw(layer, label, expected, base)
        return expected

    def _from_polygons(self, layer: Layer, spec: Polygons, label: str) -> Expected | None:
        old, new = spec.replace
        classes = {
            name: index for index, name in enumerate(self._context.names.get(layer.taxonomy, ()))
        }
        if spec.background not in classes:
            return None
        source = label.removesuffix(new) + old
        try:
            annotation = read_annotation(self._subject.path(source))
            drawn = draw_classes(annotation, classes, classes[spec.background])
        except LabelError as error:
            self._report(causes.BROKEN_POLYGONS, source, error.message)
            return None
        if drawn.skipped:
            shown = ", ".join(f"{count} x {name}" for name, count in Counter(drawn.skipped).items())
            self._report(causes.UNKNOWN_LABEL, source, shown)
        return Expected(drawn.pixels)

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
