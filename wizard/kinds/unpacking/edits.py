"""Unpacked files in which a later step sets something: what else they hold is to stay."""

from __future__ import annotations

import errno
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from wizard.files import make_folder, put_aside, rename
from wizard.folders import has_content
from wizard.foreign import read_foreign
from wizard.recipes.step_table import StepTable
from wizard.state.store import Store
from wizard.state.table import EDITED
from wizard.steps.install import Install

LARGEST_EDITED = 1 << 24
"""Bytes of a file that a step edits: all of it is read."""


class _Rest(Struct, frozen=True):
    sha256: str


_STORE = Store(EDITED, _Rest)


@dataclass(frozen=True, slots=True)
class Edit:
    """A file that a step sets something in, and what is remembered of the rest of it.

    The archive's own checksum tells nothing of such a file, so that of the rest is kept from the
    moment it is set. Nobody can say whether a change elsewhere in it is harm or a person's work:
    the file comes anew from its archive, and the changed one is kept.
    """

    file: Path
    record: Path
    table: StepTable
    kept: Path
    """Folder for what may be somebody's work."""

    def note(self) -> None:
        """Write down what the file holds beside what is set; raises ``OSError``."""
        _STORE.write(self.record, _Rest(self._sha256_of_rest()))

    def is_spoiled(self) -> bool:
        """Tell whether the file is there and changed elsewhere since it was noted."""
        try:
            known = _STORE.peek(self.record) if is_filled(self.file) else None
            return known is not None and known.sha256 != self._sha256_of_rest()
        except OSError:
            return False

    def give_way(self) -> Path:
        """Keep the changed file elsewhere and forget it; returns where it is, or ``OSError``."""
        self.record.unlink(missing_ok=True)
        make_folder(self.kept)
        try:
            return rename(self.file, self.kept / f"{self.file.name}.{os.urandom(4).hex()}")
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        return put_aside(self.file)

    def _sha256_of_rest(self) -> str:
        return hashlib.sha256(
            self.table.rest_of(read_foreign(self.file, LARGEST_EDITED))
        ).hexdigest()


def is_filled(path: Path) -> bool:
    """Tell whether a file is there and holds something."""
    return path.is_file() and has_content(path)


def edit_of(path: str, table: StepTable, dataset: str, install: Install) -> Edit:
    """Return the edit of one file, its path below the folder of its dataset."""
    state, recipe = install.place.state, install.recipe
    base = install.place.dest / recipe.base(recipe.dataset(dataset))
    record = state / "steps" / f"{dataset}.set.{path.replace('/', '.')}.json"
    return Edit(base / path, record, table, state / "kept")
