"""Steps that bring files to where code looks for them."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wizard.archives.arrange import ArrangeWork
from wizard.archives.chores import (
    Chore,
    PlacedFile,
    Removal,
    SecondName,
    Settings,
    TextFile,
)
from wizard.engine.install import Install
from wizard.engine.kinds.labels import LabelStep, base_folder, label_step
from wizard.engine.step import Lane, Probe, StepContext
from wizard.errors import ArchiveError, RecipeError
from wizard.labels.value_table import LookupWork
from wizard.plan.model import PlannedStep
from wizard.recipes.arrangements import Arrange, Lookup, Place, Remove, Symlinks, Write

_KEY = re.compile(r"\{(?P<name>dest|root|python)(?P<below>(?:/[^{}!]*)?)(?P<literal>(?:!r)?)\}")


@dataclass(frozen=True, slots=True)
class ChoreStep:
    """Does a few small things; done when each is so."""

    address: str
    dataset: str
    title: str
    kind: str
    needs: tuple[str, ...]
    chores: tuple[Chore, ...]
    lane: Lane = "instant"

    def probe(self) -> Probe:
        """Look at each."""
        done, total = sum(chore.made() for chore in self.chores), len(self.chores)
        if done == total:
            return Probe("done", done, total)
        return Probe("partial" if done else "todo", done, total)

    def run(self, context: StepContext) -> None:
        """Make each so; raises ``ArchiveError`` where something is in the way."""
        context.counter.total = len(self.chores)
        for chore in self.chores:
            try:
                if not chore.made():
                    chore.make()
            except OSError as error:
                raise ArchiveError(error.strerror or str(error), where=self.address) from error
            context.counter.advance()


def build_arrangement(planned: PlannedStep, install: Install) -> LabelStep | ChoreStep:
    """Return the step for any table of ``recipes.arrangements``."""
    base = base_folder(planned, install)
    match planned.spec:
        case Arrange() as spec:
            return label_step(planned, install, ArrangeWork(base, spec))
        case Lookup() as spec:
            return label_step(planned, install, LookupWork(base, spec))
        case _:
            return ChoreStep(
                address=planned.address,
                dataset=planned.dataset,
                title=planned.title,
                kind=planned.kind,
                needs=planned.needs,
                chores=tuple(_chores(planned, install, base)),
            )


def _chores(planned: PlannedStep, install: Install, base: Path) -> Iterator[Chore]:
    match planned.spec:
        case Place(archive=name, to=to):
            dataset = install.recipe.dataset(planned.dataset)
            yield PlacedFile(base / dataset.archive_path(dataset.archive(name)), base / to)
        case Symlinks(links=links):
            yield from (SecondName(base / name, base / target) for name, target in links.items())
        case Write(file=file, text=text, settings=settings):
            kind = Settings if settings else TextFile
            yield kind(base / file, filled(text, install))
        case Remove(patterns=patterns, older_than=folder, dangling=dangling):
            yield Removal(base, patterns, base / folder if folder else None, dangling)
        case _:
            raise RecipeError("not an arrangement", where=planned.address)


def filled(text: str, install: Install) -> str:
    """Fill ``{dest}``, ``{root}`` and ``{python}`` of a text, each quoted for a shell.

    ``{root/VOC2012}`` is a path below; ``{root/VOC2012!r}`` quotes it as Python does.
    """
    values = {
        "dest": str(install.place.dest.resolve()),
        "root": str(install.place.root.resolve()),
        "python": sys.executable,
    }

    def value(found: re.Match[str]) -> str:
        path = values[found["name"]] + found["below"]
        return repr(path) if found["literal"] else shlex.quote(path)

    return _KEY.sub(value, text)
