"""One dataset of an install: its splits, its taxonomies, their classes, its samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from wizard.errors import UsageError
from wizard.kinds.registry import known_kinds
from wizard.labels.specs.taxonomies import ByLists
from wizard.labels.tables.colours import Colour, class_colour, read_colour
from wizard.labels.tables.lists import TableText
from wizard.library.samples import SampleList, Samples
from wizard.recipes.model import Dataset
from wizard.verify.specs.checks import Listed
from wizard.verify.specs.datasets import declared_checks

IGNORE_INDEX = 255
"""The value no loss is taken from, in every taxonomy (fact sheet mseg section 4)."""
_SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class ClassInfo:
    """One class: the value its pixels hold, its name, and a colour to draw it in."""

    id: int
    name: str
    color: Colour
    ignored: bool = False
    """Whether no loss is taken from it."""


def read_classes(home: Path, taxonomy: str) -> tuple[ClassInfo, ...]:
    """Return the classes of ``<taxonomy>_names.txt``, line i for value i.

    Colours are those of ``<taxonomy>_colors.txt`` where it is published, else made from the name,
    so that a class looks the same in every taxonomy. Raises ``LabelError`` naming file and line.
    """
    names = TableText.of(home / f"{taxonomy}_names.txt")
    colours = home / f"{taxonomy}_colors.txt"
    return _classes(names, TableText.of(colours) if colours.is_file() else None)


@lru_cache(maxsize=64)
def _classes(names: TableText, colours: TableText | None) -> tuple[ClassInfo, ...]:
    found = names.lines()
    published = _published(colours, len(found)) if colours else ()
    return tuple(
        ClassInfo(
            id=index,
            name=name,
            color=published[index] if published else class_colour(name),
            ignored=name == "unlabeled",
        )
        for index, name in enumerate(found)
    )


def _published(file: TableText, count: int) -> tuple[Colour, ...]:
    lines = file.lines()
    if len(lines) != count:
        raise file.fault(f"{len(lines)} colours for {count} classes")
    return tuple(read_colour(file, number, line) for number, line in enumerate(lines, start=1))


class UnknownNameError(KeyError):
    """A name that is not among those there are; the message lists these."""

    def __str__(self) -> str:
        return str(self.args[0])


def unknown(kind: str, name: str, known: tuple[str, ...]) -> UnknownNameError:
    """Return the error for a name of some kind, with the names there are."""
    return UnknownNameError(
        f"no {kind} is called {name!r}; there are: {', '.join(known) or 'none'}"
    )


@dataclass(frozen=True, slots=True)
class InstalledDataset:
    """A dataset on disk; everything is read when it is asked for."""

    recipe: Dataset
    dest: Path
    base: Path
    """Folder the dataset's paths start from."""
    proven_at: float | None = None
    """Moment of its last verification, seconds since the epoch; None: not proven."""

    @property
    def id(self) -> str:
        """Its name in commands, such as ``ade20k``."""
        return self.recipe.id

    @property
    def title(self) -> str:
        """What people call it."""
        return self.recipe.title

    @property
    def folder(self) -> Path:
        """Its own folder."""
        return self.base / self.recipe.folder

    @property
    def ignore_index(self) -> int:
        """The value no loss is taken from."""
        return IGNORE_INDEX

    @property
    def taxonomies(self) -> tuple[str, ...]:
        """The sets of classes its labels come in; the last is the one made last."""
        return self._verify.reads if self._verify else ()

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits whose every image and label is verified; ``samples`` takes other lists too."""
        lists = self._lists(self._usual_taxonomy)
        return tuple(each for each in lists if self._verify is None or each in self._verify.splits)

    def classes(self, taxonomy: str | None = None) -> tuple[ClassInfo, ...]:
        """Return the classes of a taxonomy, the last one's by default.

        Raises ``UnknownNameError`` (a ``KeyError``), and ``LabelError`` where its table is broken.
        """
        verify, name = self._verify, self._known(taxonomy)
        if verify is None:
            raise UsageError(f"{self.id} has no table of classes", hint="its document lists them")
        return read_classes(self._home(verify, name), name)

    def palette(self, taxonomy: str | None = None) -> tuple[Colour, ...]:
        """Return the colours of a taxonomy's classes, entry i for value i."""
        return tuple(each.color for each in self.classes(taxonomy))

    def samples(self, split: str, taxonomy: str | None = None) -> Samples:
        """Return the images of a split with their labels in a taxonomy, the last by default.

        Raises ``UnknownNameError`` (a ``KeyError``) listing the splits or taxonomies there are.
        """
        lists = self._lists(self._known(taxonomy))
        if split not in lists:
            raise unknown("split", split, tuple(lists))
        return Samples(lists[split], split, self.id)

    def __str__(self) -> str:
        proven = "proven" if self.proven_at else "not proven"
        return f"{self.title} ({self.id}): {', '.join(self.splits)}; {proven}; in {self.folder}"

    def __repr__(self) -> str:
        return f"<{self.id}: {len(self.splits)} splits, {len(self.taxonomies)} taxonomies>"

    @property
    def _verify(self) -> ByLists | None:
        """What proves it by its lists, if anything does."""
        steps = (step for step in self.recipe.steps if known_kinds().proves(step))
        return next((step for step in steps if isinstance(step, ByLists)), None)

    @property
    def _usual_taxonomy(self) -> str:
        return self.taxonomies[-1] if self.taxonomies else ""

    def _known(self, taxonomy: str | None) -> str:
        if taxonomy is None or taxonomy in self.taxonomies:
            return taxonomy or self._usual_taxonomy
        raise unknown("taxonomy", taxonomy, self.taxonomies)

    def _home(self, verify: ByLists, taxonomy: str) -> Path:
        return self.dest / verify.tables / "dataset_lists" / taxonomy

    def _lists(self, taxonomy: str) -> Mapping[str, SampleList]:
        """The lists of a taxonomy by split; without taxonomies, those its checks declare."""
        if self._verify is None:
            return self._declared()
        home, folder = self._home(self._verify, taxonomy), self.base / self._verify.folder
        files = {split: home / "list" / f"{split}.txt" for split in _SPLITS}
        return {split: SampleList(f, folder) for split, f in files.items() if f.is_file()}

    def _declared(self) -> Mapping[str, SampleList]:
        declared = [
            check
            for check in declared_checks(self.recipe.steps)
            if isinstance(check, Listed) and check.paths
        ]
        return {
            Path(check.list).stem: SampleList(
                file=self.base / check.list,
                folder=self.base / check.folder,
                image=check.paths[0],
                label=check.paths[1] if len(check.paths) > 1 else "",
                separator=check.separator,
                skip=check.skip,
            )
            for check in declared
        }
