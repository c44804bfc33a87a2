"""What shows that an archive was unpacked when nothing is written down: the files the lists name.

An install made by hand, or one whose state was lost, has neither archive nor record. The published
lists then say which images and labels should lie where.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from wizard.errors import LabelError
from wizard.labels.records import RECORD_FILE, load_records
from wizard.labels.tables import Tables
from wizard.recipes.steps import LabelOutput, Labels, Relabel, Verify
from wizard.verify.scan import Entry, scan_folder

Verdict = Literal["all", "some", "none", "unknown"]
"""How much of an archive's files is on disk; ``unknown`` while the lists are not there yet."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Looks for the listed files below the folders one archive provides."""

    base: Path
    """Folder that recipe paths of the dataset start from."""
    dest: Path
    provides: tuple[str, ...]
    lists: tuple[Labels | Verify, ...]
    _folders: dict[Path, dict[str, Entry]] = field(default_factory=dict, repr=False, compare=False)

    def verdict(self) -> Verdict:
        """Compare lists and disk, with one look at each folder."""
        self._folders.clear()
        if not any((self.base / place).exists() for place in self.provides):
            return "none"
        try:
            wanted = set(self._listed()) | set(self._mask_files())
        except LabelError:
            return "unknown"
        wanted |= {place for place in self.provides if Path(place).suffix}
        there = sum(self._holds(path) for path in wanted)
        if wanted and there == len(wanted):
            return "all"
        return "some" if there else "none"

    def _listed(self) -> Iterator[str]:
        """Yield images and labels of the lists that this archive provides.

        An archive that provides nothing of train and val is one of test images.
        """
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

    def _sources(self) -> Iterator[tuple[Labels | Verify, str]]:
        """Yield the taxonomies whose labels come out of archives, not out of our steps."""
        made = {
            output.taxonomy
            for spec in self.lists
            if isinstance(spec, Labels)
            for output in spec.outputs
        }
        for spec in self.lists:
            named = (spec.source,) if isinstance(spec, Labels) else spec.taxonomies
            yield from ((spec, taxonomy) for taxonomy in named if taxonomy not in made)

    def _mask_files(self) -> Iterator[str]:
        """Yield the files of this archive that relabel records read and look for by name."""
        for spec in self.lists:
            for output in spec.outputs if isinstance(spec, Labels) else ():
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


def _check_there(tables: Tables) -> None:
    """Raise ``LabelError`` while the tables are not unpacked: lists alone tell nothing."""
    if not (tables.folder / RECORD_FILE).exists():
        raise LabelError("the tables are not there yet", where=str(tables.folder))
