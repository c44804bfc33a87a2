"""The making of labels as proof of them: what a run just made it does not read again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wizard.labels.specs.taxonomies import ByLists, Layer
from wizard.labels.witness import FreshDrawing, FreshLabels, looks
from wizard.verify.image_proofs import ImageProofs, ListedFile
from wizard.verify.label_reader import mode_fits


@dataclass(frozen=True, slots=True)
class MakingWitness:
    """Proves what one step of labels makes as the check of the dataset would.

    The source was decoded whole just now, every value of it known and of the right form; a label
    was written as what the source gives. What is in doubt has no proof and is read again.
    """

    proofs_kept: ImageProofs
    spec: ByLists

    def begin(self) -> None:
        """Look at the tables before they are read."""
        self.proofs_kept.begin()

    def proofs(self, made: FreshLabels) -> bytes:
        """Return the proofs of one image's labels."""
        return b"".join(self._each(made))

    def _each(self, made: FreshLabels) -> Iterator[bytes]:
        source = made.source
        known = {each.taxonomy: each for each in self.proofs_kept.subject.layers}
        if not made.labels or source.findings:
            return
        first, *outputs = self.spec.layers()
        height, width = source.plane(first.taxonomy).values.shape
        size, names = (width, height), {first.taxonomy: source.label} | dict(made.labels)
        seen = {first.taxonomy: made.inputs[source.path]}
        if _is_same(first, known.get(first.taxonomy)) and mode_fits(first, source.mode):
            file = ListedFile(source.label, seen[first.taxonomy])
            yield self.proofs_kept.of_label(first, source.split, size, [file])
        for layer in outputs:
            if layer.taxonomy not in made.labels or layer.base not in seen:
                continue
            seen[layer.taxonomy] = looks(source.pipeline.file(names[layer.taxonomy]))
            if _is_same(layer, known.get(layer.taxonomy)):
                files = [
                    ListedFile(names[name], seen[name]) for name in (layer.taxonomy, layer.base)
                ]
                masks = source.mask_files(layer.taxonomy)
                files += [ListedFile(path.name, made.inputs[path]) for path in masks]
                yield self.proofs_kept.of_label(layer, source.split, size, files)


@dataclass(frozen=True, slots=True)
class PolygonWitness:
    """Proves what one step draws from polygon files as the check of the dataset would."""

    proofs_kept: ImageProofs
    layer: Layer
    """The one set of labels that the step draws."""

    def begin(self) -> None:
        """Look at the tables before they are read."""
        self.proofs_kept.begin()

    def proof(self, drawn: FreshDrawing) -> bytes:
        """Return the proof of a label that was drawn whole, every object of a known class."""
        subject, (height, width) = self.proofs_kept.subject, drawn.shape
        known = {each.taxonomy: each for each in subject.layers}
        home = subject.root / subject.folder
        inside = drawn.label.is_relative_to(home) and drawn.source.is_relative_to(home)
        if not inside or not _is_same(self.layer, known.get(self.layer.taxonomy)):
            return b""
        seen = ((drawn.label, looks(drawn.label)), (drawn.source, drawn.before))
        files = [ListedFile(path.relative_to(home).as_posix(), look) for path, look in seen]
        return self.proofs_kept.of_label(self.layer, "", (width, height), files)


def _is_same(made: Layer, checked: Layer | None) -> bool:
    """Tell whether a taxonomy is checked as what it was made as, and as nothing else besides."""
    return checked is not None and _making(made) == _making(checked)


def _making(layer: Layer) -> tuple[object, ...]:
    return layer.form, layer.base, layer.direct, layer.segments, layer.relabel, layer.polygons
