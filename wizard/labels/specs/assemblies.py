"""Step tables that make folders and annotation files out of what several archives hold.

All paths are below the dataset's base folder.
"""

from __future__ import annotations

from collections.abc import Iterator

from wizard.recipes.step_table import Named, StepTable, Template, open_end


class ClassFolders(StepTable, frozen=True, kw_only=True, tag="class-folders"):
    """Sort images into a folder a class by a ground truth file, as ImageNet's devkit states it."""

    images: str
    """Glob; the n-th image by name belongs to line n of the ground truth."""
    truth: str
    """Text file with one class number a line."""
    synsets: str
    """MATLAB file whose variable ``synsets`` says which WordNet id a number stands for."""
    into: str
    """Each image gets the name ``<wnid>/<stem>_<wnid><suffix>`` below."""

    def paths_named(self) -> Iterator[Named]:
        """Yield where it reads and where it writes."""
        yield from (
            ("images", self.images),
            ("truth", self.truth),
            ("synsets", self.synsets),
            ("into", self.into),
        )


class ParquetImages(StepTable, frozen=True, kw_only=True, tag="parquet-images"):
    """Write the images of Parquet shards, byte for byte, into a folder a class."""

    shards: str
    """Glob; their order is that of the rows."""
    into: str
    name: str
    """Template of a file whose row names none: ``{row}`` counts from 1, ``{wnid}`` is the class,
    which other rows of the same label name."""
    bare: bool = False
    """Whether the class that names end in is left out, as ``n01440764_18_n01440764.JPEG`` has."""

    def paths_named(self) -> Iterator[Named]:
        """Yield where it reads and where it writes."""
        yield from (("shards", self.shards), ("into", self.into), ("name", self.name))

    def lands(self) -> Iterator[str]:
        """Yield where the images go."""
        yield open_end(self.into)

    def templates_named(self) -> Iterator[Template]:
        """Yield the names of files whose rows name none."""
        yield "name", self.name, ("row", "wnid")


class Captions(StepTable, frozen=True, kw_only=True, tag="captions"):
    """Build the caption lists of one split each from a table of images."""

    table: str
    """CSV with the columns ``filename``, ``split`` and ``raw``, a JSON list of captions."""
    folder: str
    """Put before each file name."""
    into: str
    """``{split}`` is filled."""
    splits: tuple[str, ...] = ("val", "test")

    def paths_named(self) -> Iterator[Named]:
        """Yield where it reads and where it writes."""
        yield from (("table", self.table), ("into", self.into))

    def templates_named(self) -> Iterator[Template]:
        """Yield where the lists go."""
        yield "into", self.into, ("split",)


class MergeInstances(StepTable, frozen=True, kw_only=True, tag="merge-instances"):
    """Join annotation files of different images, shifting ids where they meet."""

    sources: tuple[str, ...]
    into: str

    def paths_named(self) -> Iterator[Named]:
        """Yield the files it joins and what it writes."""
        yield from ((f"sources[{i}]", path) for i, path in enumerate(self.sources))
        yield "into", self.into
