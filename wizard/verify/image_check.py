"""One image and all its labels: every check, every file read once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wizard import causes
from wizard.errors import LabelError
from wizard.findings import Finding
from wizard.folders import has_content
from wizard.labels.drawing.polygons import draw_classes, read_polygon_file
from wizard.labels.masks import ImageContext
from wizard.labels.pipeline import Plane
from wizard.labels.pixels.decode import Values, read_up_lines
from wizard.labels.pixels.panoptic import read_runs
from wizard.labels.pixels.runs import Runs
from wizard.labels.specs.taxonomies import Layer
from wizard.labels.tables.lists import Pair
from wizard.labels.tables.records import Segment, image_key
from wizard.labels.witness import looks
from wizard.verify.context import Context
from wizard.verify.image_files import Header, UnreadableImage, decode_fully, read_header
from wizard.verify.image_proofs import ImageProofs, ListedFile
from wizard.verify.label_reader import LabelReader, sizes
from wizard.verify.segments import Expected, label_differences
from wizard.verify.specs.datasets import Example
from wizard.verify.subject import Subject


class ImageCheck:
    """Checks one image of one split; ``run`` returns everything that is wrong."""

    def __init__(
        self,
        subject: Subject,
        context: Context,
        place: tuple[str, str],
        proofs: ImageProofs | None = None,
    ) -> None:
        self._subject = subject
        self._context = context
        self._image, self._split = place
        self._known = proofs
        self._size: tuple[int, int] | None = None
        self._planes: dict[str, Plane] = {}
        self._proven: set[str] = set()
        self._runs: dict[Path, Runs] = {}
        self._findings: list[Finding] = []
        self.proofs = b""
        """Of what was read and holds; of what was known to hold, none."""

    def run(self) -> tuple[Finding, ...]:
        """Read the image and its labels, then hold them against each other.

        Missing and empty files are left to the scan of the folders.
        """
        self._check_image()
        told, proofs = len(self._findings), self._label_proofs()
        if not (self._known and proofs and all(map(self._known.knows, proofs))):
            self._check_labels()
            if len(self._findings) == told:
                self.proofs += b"".join(proofs)
        return tuple(self._findings)

    def _label_proofs(self) -> list[bytes]:
        """Sum up what each label rests on, before any is read; nothing where one is not there.

        Labels with published pixels have none: those are looked at each time.
        """
        layers = [layer for layer in self._subject.layers if self._label(layer)]
        if self._known is None or self._size is None or any(map(self._examples, layers)):
            return []
        proofs = [
            self._known.of_label(layer, self._split, self._size, self._files(layer))
            for layer in layers
        ]
        return proofs if all(proofs) else []

    def _files(self, layer: Layer) -> Iterator[ListedFile]:
        """Yield a label, what it is made from, and its masks."""
        label = self._label(layer)
        listed = [label, self._context.labels.get((layer.base, self._split), {}).get(self._image)]
        for name in filter(None, (*listed, *_drawn_from(layer, label))):
            yield ListedFile(name, looks(self._subject.path(name)))
        finder = self._context.finders.get(layer.taxonomy)
        if finder is not None and self._segments(layer, label):
            for path in finder.files(self._mask_context(label, (0, 0))):
                yield ListedFile(path.name, looks(path))

    def _check_labels(self) -> None:
        for layer in self._subject.layers:
            label = self._label(layer)
            if label and not self._holds(layer, label) and has_content(self._subject.path(label)):
                self._read(layer, label)
        for layer in self._subject.layers:
            if layer.taxonomy not in self._proven:
                self._compare(layer)
            self._look_up(layer)

    def _label(self, layer: Layer) -> str:
        return self._context.labels[layer.taxonomy, self._split].get(self._image, "")

    def _report(self, cause: causes.Cause, listed: str, detail: str = "") -> None:
        self._findings.append(Finding.of(cause, self._subject.shown(listed), detail))

    def _check_image(self) -> None:
        path = self._subject.path(self._image)
        if not has_content(path):
            return
        seen = looks(path)
        try:
            header = read_header(path)
        except UnreadableImage as error:
            cause = causes.TRUNCATED_IMAGE if error.truncated else causes.BROKEN_IMAGE
            self._report(cause, self._image, str(error))
            return
        self._size = header.size
        if not header.ended or self._subject.deep:
            proof = self._known.of_image([ListedFile(self._image, seen)]) if self._known else b""
            if not (self._known and header.ended and self._known.knows(proof)):
                self._decode_image(path, header)
                self.proofs += b"" if self._findings else proof

    def _decode_image(self, path: Path, header: Header) -> None:
        try:
            decode_fully(path)
        except UnreadableImage as error:
            cause = causes.BROKEN_IMAGE if header.ended else causes.TRUNCATED_IMAGE
            self._report(cause, self._image, str(error))
        else:
            if not header.ended:
                self._report(causes.NO_END_MARK, self._image)

    def _read(self, layer: Layer, label: str) -> None:
        reader = LabelReader(self._subject, self._context, layer, (label, self._split))
        classes = reader.read(self._size)
        self._findings += reader.findings
        if reader.runs is not None:
            self._runs[self._subject.path(label)] = reader.runs
        if classes is not None:
            self._planes[layer.taxonomy] = classes

    def _holds(self, layer: Layer, label: str) -> bool:
        """Tell whether a label of ours is, scan line by scan line, what its base makes it.

        That says all there is to say of it; anything else is looked at in full.
        """
        base, lookup = self._planes.get(layer.base), self._context.lookups.get(layer.taxonomy)
        if not layer.produced or layer.polygons or base is None or lookup is None:
            return False
        if self._size not in (None, base.values.shape[::-1]) or layer.direct:
            return False
        lines = read_up_lines(self._subject.path(label))
        plane = None if lines is None else self._made(layer, label, base, lookup)
        if lines is None or plane is None or not plane.gives(lines):
            return False
        self._planes[layer.taxonomy] = plane
        self._proven.add(layer.taxonomy)
        return True

    def _made(
        self, layer: Layer, label: str, base: Plane, lookup: NDArray[np.uint8]
    ) -> Plane | None:
        """Make a label as it was made; None where something about it has to be told."""
        try:
            plane = base.through(lookup, label)
        except LabelError:
            return None
        if not self._segments(layer, label):
            return plane
        expected, told = Expected(_fresh(plane)), len(self._findings)
        self._draw(layer, label, expected, base, owned=False)
        if expected.faults or len(self._findings) > told:
            del self._findings[told:]
            return None
        return Plane(expected.pixels)

    def _compare(self, layer: Layer) -> None:
        """Hold a label against what it is made from, pixel by pixel."""
        plane = self._planes.get(layer.taxonomy)
        if plane is None:
            return
        label = self._label(layer)
        expected = self._expected(layer, label)
        if expected is None:
            return
        written = plane.pixels()
        if written.shape != expected.pixels.shape:
            if self._size is None:
                detail = sizes(written.shape[::-1], expected.pixels.shape[::-1])
                self._report(causes.WRONG_SIZE, label, detail)
            return
        origin = layer.base or "the polygon file"
        self._findings += label_differences(written, expected, self._subject.shown(label), origin)

    def _expected(self, layer: Layer, label: str) -> Expected | None:
        """Make a label anew; None when it is nobody's, or what it is made from is broken."""
        if layer.polygons is not None:
            return self._from_polygons(layer, label)
        base = self._planes.get(layer.base)
        lookup = self._context.lookups.get(layer.taxonomy)
        if base is None or lookup is None:
            return None
        try:
            expected = Expected(_fresh(base.through(lookup, label)))
        except LabelError:
            return None
        self._draw(layer, label, expected, base)
        return expected

    def _from_polygons(self, layer: Layer, label: str) -> Expected | None:
        spec = layer.polygons
        if spec is None:
            return None
        classes = {
            name: index for index, name in enumerate(self._context.names.get(layer.taxonomy, ()))
        }
        if spec.background not in classes:
            return None
        (source,) = _drawn_from(layer, label)
        try:
            annotation = read_polygon_file(self._subject.path(source))
            drawn = draw_classes(annotation, classes, classes[spec.background])
        except LabelError as error:
            self._report(causes.BROKEN_POLYGONS, source, error.message)
            return None
        if drawn.skipped:
            shown = ", ".join(f"{count} x {name}" for name, count in Counter(drawn.skipped).items())
            self._report(causes.UNKNOWN_LABEL, source, shown)
        return Expected(drawn.pixels)

    def _segments(self, layer: Layer, label: str) -> tuple[Segment, ...]:
        """Return the records of the image in a relabelled taxonomy."""
        records = self._context.records.get((layer.taxonomy, self._split), {})
        return records.get(image_key(Pair(self._image, label)), ())

    def _draw(
        self, layer: Layer, label: str, expected: Expected, base: Plane, *, owned: bool = True
    ) -> None:
        """Apply an image's relabel records to what the table gave."""
        finder = self._context.finders.get(layer.taxonomy)
        segments = self._segments(layer, label)
        if finder is None or not segments:
            return
        height, width = expected.pixels.shape
        context = self._mask_context(label, (height, width))
        try:
            masks = finder.open(replace(context, base=base.pixels, runs=self._read_runs))
        except LabelError as error:
            self._report(causes.NO_MASK, label, str(error))
            return
        expected.draw(segments, masks, strict=finder.relabel.strict, owned=owned)

    def _mask_context(self, label: str, shape: tuple[int, int]) -> ImageContext:
        parent, stem = image_key(Pair(self._image, label))
        return ImageContext(self._image, parent, stem, self._split, shape)

    def _read_runs(self, path: Path) -> Runs:
        """Return the segments of a panoptic image, read once for all that needs them."""
        if path not in self._runs:
            self._runs[path] = read_runs(path)
        return self._runs[path]

    def _look_up(self, layer: Layer) -> None:
        """Check the published example pixels of a label."""
        plane = self._planes.get(layer.taxonomy)
        for example in self._examples(layer) if plane else ():
            if plane and (fault := _example_fault(example, plane.pixels())):
                self._report(causes.WRONG_EXAMPLE, self._label(layer), fault)

    def _examples(self, layer: Layer) -> tuple[Example, ...]:
        """Return the published pixels of the image in a taxonomy."""
        examples = self._context.examples.get((layer.taxonomy, self._split))
        if not examples:
            return ()
        return examples.get(image_key(Pair(self._image, self._label(layer))), ())


def _drawn_from(layer: Layer, label: str) -> tuple[str, ...]:
    """Return the polygon file that a label is drawn from, as listed; none for other labels."""
    if layer.polygons is None:
        return ()
    old, new = layer.polygons.replace
    return (label.removesuffix(new) + old,)


def _example_fault(example: Example, classes: Values) -> str:
    place = f"{example.name} at y={example.y}, x={example.x}"
    if example.y >= classes.shape[0] or example.x >= classes.shape[1]:
        return f"{place} is outside the image"
    found = int(classes[example.y, example.x])
    return "" if found == example.index else f"{place} is {found} instead of {example.index}"


def _fresh(plane: Plane) -> NDArray[np.uint8]:
    """Return a plane's classes in an array of their own, uint8 (H, W)."""
    return plane.pixels().astype(np.uint8)
