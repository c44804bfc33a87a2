"""Step tables of conversions that start from annotations rather than label images.

All paths are below the collection root. Label folders come out with one 8-bit gray PNG an image.
"""

from __future__ import annotations

from collections.abc import Iterator

from wizard.recipes.step_table import Named, StepTable, Template


class Instances(StepTable, frozen=True, kw_only=True, tag="instances"):
    """Draw COCO instance polygons as class labels: one PNG for every image that has any.

    Classes count from 1 in the order of the JSON's categories; crowds stay background.
    """

    json: str
    into: str

    def paths_named(self) -> Iterator[Named]:
        """Yield where it reads and where it writes."""
        yield from (("json", self.json), ("into", self.into))


class RleLabels(StepTable, frozen=True, kw_only=True, tag="rle-labels"):
    """Paint the run-length masks of one merged JSON, split by split, in the order of the file."""

    json: str
    into: str
    """``{split}`` is filled."""
    classes: tuple[int, ...]
    """Category ids in ascending order; a pixel's class is its id's place here."""
    splits: tuple[str, ...] = ("train", "val")
    lists: str = ""
    """File to write each split's sorted stems to; ``{split}`` is filled."""

    def paths_named(self) -> Iterator[Named]:
        """Yield where it reads and where it writes."""
        yield from (("json", self.json), ("into", self.into), ("lists", self.lists))

    def templates_named(self) -> Iterator[Template]:
        """Yield where labels and lists go."""
        yield from (("into", self.into, ("split",)), ("lists", self.lists, ("split",)))


class PickledLabels(StepTable, frozen=True, kw_only=True, tag="pickled-labels"):
    """Unpack a pickle of label images by image id, trusting none of its code."""

    file: str
    into: str
    name: str = r"(?P<year>\d{4})(?P<number>\d+)"
    """Pattern of an id; its groups, joined by ``_``, name the image."""

    def paths_named(self) -> Iterator[Named]:
        """Yield where it reads and where it writes."""
        yield from (("file", self.file), ("into", self.into))


class Edges(StepTable, frozen=True, kw_only=True, tag="edges"):
    """Mark the borders between classes of every label in a folder."""

    labels: str
    into: str
    width: int = 3
    """Pixels."""

    def paths_named(self) -> Iterator[Named]:
        """Yield where it reads and where it writes."""
        yield from (("labels", self.labels), ("into", self.into))


class BoundaryWeights(StepTable, frozen=True, kw_only=True, tag="boundary-weights"):
    """Compute loss weights from the distance to class boundaries, one npz for each listed label."""

    list: str
    """Lines of image and label path, below ``folder``."""
    folder: str
    into: str
    as_bytes: bool = False
    ready: str = ""
    """Archive of weights computed before: those that prove whole and right are taken from it."""

    @property
    def uses(self) -> str:
        """The weights computed before."""
        return self.ready

    def paths_named(self) -> Iterator[Named]:
        """Yield where it reads and where it writes."""
        yield from (("list", self.list), ("folder", self.folder), ("into", self.into))
