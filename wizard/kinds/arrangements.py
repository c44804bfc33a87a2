"""Bringing files to where code looks for them, and making folders of several archives.

All paths are below the dataset's base folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wizard.archives.specs import Arrange
from wizard.kinds.fetching.proofs import record_path
from wizard.kinds.kind import Kind
from wizard.kinds.labelling.step import base_folder, label_step
from wizard.labels.specs.assemblies import Captions, ClassFolders, MergeInstances, ParquetImages
from wizard.recipes.keys import suggestion
from wizard.recipes.order import fetch_address
from wizard.recipes.step_table import Named, Problem, StepTable
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep, spec_as
from wizard.steps.step import Step

_FILLED = ("dest", "root", "python")
_NAMED = re.compile(r"(?<!\$)\{([a-z]+)(?:[/!][^{}]*)?\}")


class PlaceFiles(StepTable, frozen=True, kw_only=True, tag="place"):
    """Put a fetched file that is no archive where it is read."""

    archive: str
    to: str

    @property
    def takes(self) -> str:
        """The file that was fetched."""
        return self.archive

    def paths_named(self) -> Iterator[Named]:
        """Yield what it touches."""
        yield "to", self.to


class Symlinks(StepTable, frozen=True, kw_only=True, tag="symlinks"):
    """Give folders another name, by relative links.

    Before the steps that fill them, it also takes over trees that know them by that name only.
    """

    links: dict[str, str]
    """New name to the folder it stands for; a folder that has only the new name is renamed."""

    @property
    def early(self) -> bool:
        """What it links to may come later."""
        return True

    def paths_named(self) -> Iterator[Named]:
        """Yield what it touches."""
        yield from ((f"links.{name}", path) for name, path in self.links.items())
        yield from ((f"links.{name}", name) for name in self.links)


class Write(StepTable, frozen=True, kw_only=True, tag="write"):
    """Write a small text file."""

    file: str
    text: str
    """``{dest}``, ``{root}`` and ``{python}`` are filled, quoted for a shell; ``{root/folder}`` is
    a path below, and ``{root/folder!r}`` is quoted as Python does."""
    settings: bool = False
    """Whether the text is lines of ``NAME=value`` that take the place of those of the same name;
    what else a file holds stays."""

    @property
    def early(self) -> bool:
        """It reads nothing."""
        return True

    def paths_named(self) -> Iterator[Named]:
        """Yield what it touches."""
        yield "file", self.file

    def problems(self) -> Iterator[Problem]:
        """Yield names in braces that look like those that are filled and are not."""
        for name in (found[1] for found in _NAMED.finditer(self.text)):
            if name not in _FILLED:
                hint = suggestion(name, _FILLED)
                yield "text", f"{{{name}}} is filled by nothing", hint


class Remove(StepTable, frozen=True, kw_only=True, tag="remove"):
    """Remove files that later work would wrongly trust, such as caches of older labels."""

    patterns: tuple[str, ...]
    older_than: str = ""
    """Folder whose last change decides which files are stale; leave out to remove all."""
    dangling: bool = False
    """Whether only links that lead nowhere are removed, in whose place no folder can be made."""

    @property
    def early(self) -> bool:
        """What is stale may be so later, too."""
        return True

    def paths_named(self) -> Iterator[Named]:
        """Yield what it touches."""
        yield from self.globs_named()
        if self.older_than:
            yield "older_than", self.older_than

    def lands(self) -> Iterator[str]:
        """Yield nothing: it leaves less than there was."""
        yield from ()

    def globs_named(self) -> Iterator[Named]:
        """Yield what it removes."""
        yield from ((f"patterns[{i}]", path) for i, path in enumerate(self.patterns))

    def problems(self) -> Iterator[Problem]:
        """Yield patterns that would take away whatever there is."""
        for i, pattern in enumerate(self.patterns):
            if pattern and not set(pattern) - set("*?/."):
                hint = "name the folder, or an ending"
                yield f"patterns[{i}]", f"fits every file: {pattern!r}", hint


def _arrange(planned: PlannedStep, install: Install) -> Step:
    from wizard.archives.operations import ArrangeWork

    work = ArrangeWork(base_folder(planned, install), spec_as(planned, Arrange))
    return label_step(planned, install, work)


def _place(planned: PlannedStep, install: Install) -> Step:
    from wizard.archives.operations import PlacedFile
    from wizard.kinds.fetching.proofs import last_proof, record_path
    from wizard.kinds.labelling.arrangements import operations_step

    spec, base = spec_as(planned, PlaceFiles), base_folder(planned, install)
    dataset = install.recipe.dataset(planned.dataset)
    source = base / dataset.archive_path(dataset.archive(spec.archive))
    fetched = fetch_address(planned.dataset, spec.archive)
    proof = last_proof(record_path(install.place.state, fetched))
    size = proof.size if proof else None
    return operations_step(planned, PlacedFile(source, base / spec.to, size))


def _symlinks(planned: PlannedStep, install: Install) -> Step:
    from wizard.archives.operations import SecondName
    from wizard.kinds.labelling.arrangements import operations_step

    spec, base = spec_as(planned, Symlinks), base_folder(planned, install)
    links = (SecondName(base / name, base / target) for name, target in spec.links.items())
    return operations_step(planned, *links)


def _write(planned: PlannedStep, install: Install) -> Step:
    from wizard.archives.operations import SettingLines, TextFile
    from wizard.kinds.labelling.arrangements import filled, operations_step

    spec = spec_as(planned, Write)
    made = SettingLines if spec.settings else TextFile
    file, text = base_folder(planned, install) / spec.file, filled(spec.text, install)
    return operations_step(planned, made(file, text))


def _remove(planned: PlannedStep, install: Install) -> Step:
    from wizard.archives.operations import Removal
    from wizard.kinds.labelling.arrangements import operations_step

    spec, base = spec_as(planned, Remove), base_folder(planned, install)
    older_than = base / spec.older_than if spec.older_than else None
    return operations_step(planned, Removal(base, spec.patterns, older_than, spec.dangling))


def _class_folders(planned: PlannedStep, install: Install) -> Step:
    from wizard.labels.works.shards import ClassFolderWork

    work = ClassFolderWork(base_folder(planned, install), spec_as(planned, ClassFolders))
    return label_step(planned, install, work)


def _shards(planned: PlannedStep, install: Install) -> Step:
    from wizard.labels.works.shards import ShardWork

    root, spec = base_folder(planned, install), spec_as(planned, ParquetImages)
    record = record_path(install.place.state, planned.address)
    return label_step(planned, install, ShardWork(root, spec, record))


def _captions(planned: PlannedStep, install: Install) -> Step:
    from wizard.labels.works.merge_annotations import CaptionWork

    work = CaptionWork(base_folder(planned, install), spec_as(planned, Captions))
    return label_step(planned, install, work)


def _merged(planned: PlannedStep, install: Install) -> Step:
    from wizard.labels.works.merge_annotations import MergeWork

    work = MergeWork(base_folder(planned, install), spec_as(planned, MergeInstances))
    return label_step(planned, install, work)


KINDS = (
    Kind(table=Arrange, word="Arrange", writes="labels", build=_arrange),
    Kind(table=PlaceFiles, word="Place", writes="labels", build=_place),
    Kind(table=Symlinks, word="Link", writes="labels", build=_symlinks),
    Kind(table=Write, word="Write", writes="labels", build=_write),
    Kind(table=Remove, word="Tidy", writes="labels", build=_remove),
    Kind(table=ClassFolders, word="Sort", writes="labels", build=_class_folders),
    Kind(table=ParquetImages, word="Unpack", writes="labels", build=_shards),
    Kind(table=Captions, word="Captions", role="convert", writes="labels", build=_captions),
    Kind(table=MergeInstances, word="Merge", role="convert", writes="labels", build=_merged),
)
