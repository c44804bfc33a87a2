"""What shows that an archive was unpacked when nothing is written down: the files the lists name.

An install made by hand, or one whose state was lost, has neither archive nor record. The published
lists then say which images and labels should lie where.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from wizard.errors import LabelError
from wizard.foreign import open_foreign
from wizard.kinds.unpacking.checked_files import CheckedFiles
from wizard.labels.specs.taxonomies import ByLists, LabelOutput, Relabel
from wizard.labels.tables.records import RECORD_FILE, load_records
from wizard.labels.tables.taxonomies import Tables
from wizard.verify.scan import FileFacts, scan_folder

_TAIL = 64
Coverage = Literal["all", "some", "none", "unknown"]
"""How much of an archive's files is on disk; ``unknown`` while the lists are not there yet."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Looks for the listed files below the folders one archive provides."""

    base: Path
    """Folder that recipe paths of the dataset start from."""
    dest: Path
    provides: tuple[str, ...]
    lists: tuple[ByLists, ...]
    checked: CheckedFiles
    into: str = ""
    """Folder the archive is unpacked into: lists below it come out of it, or of one like it."""
    _folders: dict[Path, dict[str, FileFacts]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def verdict(self) -> Coverage:
        """Compare lists and disk, with one look at each folder."""
        self._folders.clear()
        if not any((self.base / place).exists() for place in self.provides):
            return "none"
        try:
            wanted = set(self._listed()) | set(self._mask_files())
        except LabelError as error:
            return "some" if self._brings(error.where) else "unknown"
        alone = {place for place in self.provides if Path(place).suffix}
        wanted |= alone
        there = sum(self._holds(path) for path in wanted)
        counted = list(map(self.checked.holds, self.checked.numbers(self._prefixes())))
        counted += [not _is_cut(self.base / place) for place in alone]
        if self._is_told(wanted) and there == len(wanted) and all(counted):
            return "all"
        return "some" if there or any(counted) else "none"

    def _brings(self, place: str) -> bool:
        return bool(self.into) and place.startswith(f"{self.into.strip('/')}/")

    def _is_told(self, wanted: set[str]) -> bool:
        """Tell whether something says what belongs into the folders this archive fills.

        Of checks, each folder has to have one; label lists name what is needed of all of them.
        """
        if self.lists:
            return bool(wanted)
        return all(
            any(path.startswith(f"{place}/") for path in wanted)
            or self.checked.numbers((f"{place}/",))
            for place in self.provides
            if not Path(place).suffix
        )

    def listed(self) -> tuple[str, ...]:
        """Return the listed files of this archive; none while the lists are not there."""
        try:
            return tuple(dict.fromkeys(self._listed()))
        except LabelError:
            return ()

    def lacking(self, unpacked: Container[str], made: tuple[str, ...]) -> tuple[str, ...] | None:
        """Return the listed files that are neither among those unpacked nor on disk.

        ``made`` are folders that later steps make; None while the lists are not there.
        """
        self._folders.clear()
        try:
            wanted = dict.fromkeys(self._listed())
        except LabelError:
            return None
        given = (path for path in wanted if path not in unpacked and not path.startswith(made))
        return tuple(path for path in given if not self._holds(path))

    def _listed(self) -> Iterator[str]:
        """Yield images and labels of the lists that this archive provides.

        An archive that provides nothing of train and val is one of test images.
        """
        yield from (each for each in self.checked.listed() if each.startswith(self._prefixes()))
        for splits in (("train", "val"), ("test",)):
            found = {path for path in self._paths(splits) if path.startswith(self._prefixes())}
            yield from found
            if found:
                return

    def _paths(self, splits: tuple[str, ...]) -> Iterator[str]:
        for spec, taxonomy in self._sources():
            tables = Tables(self.dest / spec.tables)
            _check_there(tables)
            for split in splits:
                if split == "test" and not tables.has(taxonomy, split):
                    continue
                for pair in tables.pairs(taxonomy, split):
                    yield f"{spec.folder}/{pair.image}"
                    if pair.label:
                        yield f"{spec.folder}/{pair.label}"

    def _sources(self) -> Iterator[tuple[ByLists, str]]:
        """Yield the taxonomies whose labels come out of archives, not out of our steps."""
        made = {output.taxonomy for spec in self.lists for output in spec.makes}
        for spec in self.lists:
            yield from ((spec, taxonomy) for taxonomy in spec.reads if taxonomy not in made)

    def _mask_files(self) -> Iterator[str]:
        """Yield the files of this archive that relabel records read and look for by name."""
        for spec in self.lists:
            for output in spec.makes:
                rule = output.relabel
                if rule and "/**" in rule.source and rule.source.startswith(self._prefixes()):
                    yield from self._searched(Tables(self.dest / spec.tables), output, rule)

    def _searched(self, tables: Tables, output: LabelOutput, rule: Relabel) -> Iterator[str]:
        folder, _, pattern = rule.source.partition("/**")
        found = self._names_below(folder)
        for split in ("train", "val"):
            records = load_records(tables, rule.records, split, output.taxonomy, rule.segment)
            for _, stem in records:
                name = pattern.rpartition("/")[2].format(stem=stem.removesuffix(rule.trim))
                yield found.get(name, f"{folder}/{name}")

    def _names_below(self, folder: str) -> dict[str, str]:
        """Map the name of every file below a folder to its path."""
        return {
            name: f"{Path(top).relative_to(self.base).as_posix()}/{name}"
            for top, _, names in os.walk(self.base / folder)
            for name in names
        }

    def _prefixes(self) -> tuple[str, ...]:
        return tuple(place if Path(place).suffix else f"{place}/" for place in self.provides)

    def _holds(self, path: str) -> bool:
        place = self.base / path
        if place.parent not in self._folders:
            self._folders[place.parent] = scan_folder(place.parent)
        entry = self._folders[place.parent].get(place.name)
        return entry is not None and entry.size > 0


def holds_something(folder: Path) -> bool:
    """Tell whether a folder is there and not empty."""
    try:
        return any(folder.iterdir())
    except OSError:
        return False


def _is_cut(path: Path) -> bool:
    """Tell whether a JSON file ends before its document does; nothing is said of other files."""
    if path.suffix != ".json":
        return False
    try:
        with open_foreign(path) as file:
            file.seek(-min(_TAIL, file.seek(0, os.SEEK_END)), os.SEEK_END)
            return not file.read().rstrip().endswith((b"}", b"]"))
    except OSError:
        return True


def _check_there(tables: Tables) -> None:
    """Raise ``LabelError`` while the tables are not unpacked: lists alone tell nothing."""
    if not (tables.folder / RECORD_FILE).exists():
        raise LabelError("the tables are not there yet", where=str(tables.folder))
