"""Step tables that make folders and annotation files out of what several archives hold.

All paths are below the dataset's base folder.
"""

from __future__ import annotations

from wizard.recipes.step_table import StepTable


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


class ParquetImages(StepTable, frozen=True, kw_only=True, tag="parquet-images"):
    """Write the images of Parquet shards, byte for byte, into a folder a class."""

    shards: str
    """Glob; their order is that of the rows."""
    into: str
    name: str
    """Template of a file whose row names none: ``{row}`` counts from 1, ``{wnid}`` is the class,
    which other rows of the same label name."""


class Captions(StepTable, frozen=True, kw_only=True, tag="captions"):
    """Build the caption lists of one split each from a table of images."""

    table: str
    """CSV with the columns ``filename``, ``split`` and ``raw``, a JSON list of captions."""
    folder: str
    """Put before each file name."""
    into: str
    """``{split}`` is filled."""
    splits: tuple[str, ...] = ("val", "test")


class MergeInstances(StepTable, frozen=True, kw_only=True, tag="merge-instances"):
    """Join annotation files of different images, shifting ids where they meet."""

    sources: tuple[str, ...]
    into: str


Assembly = ClassFolders | ParquetImages | Captions | MergeInstances
"""Steps of this kind."""
