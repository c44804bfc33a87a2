"""Small things done to files of a dataset, each of them either so or not yet."""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import dataclass

from wizard.archives.operations import (
    FileOperation,
)
from wizard.errors import ArchiveError, reason_of
from wizard.findings import FailureGroup, Finding
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep
from wizard.steps.step import Probe, Resource, StepContext

_KEY = re.compile(r"\{(?P<name>dest|root|python)(?P<below>(?:/[^{}!]*)?)(?P<literal>(?:!r)?)\}")


@dataclass(frozen=True, slots=True)
class FileOperationsStep:
    """Does a few small things; done when each is so."""

    address: str
    dataset: str
    title: str
    kind: str
    dependencies: tuple[str, ...]
    operations: tuple[FileOperation, ...]
    resource: Resource = "instant"

    def probe(self) -> Probe:
        """Look at each."""
        done, total = sum(operation.made() for operation in self.operations), len(self.operations)
        if done == total:
            return Probe("done", done, total)
        return Probe("partial" if done else "todo", done, total)

    def run(self, context: StepContext) -> None:
        """Make each so; raises ``ArchiveError`` where something is in the way."""
        context.counter.total = len(self.operations)
        for operation in self.operations:
            try:
                note = None if operation.made() else operation.make()
            except OSError as error:
                raise ArchiveError(reason_of(error), where=self.address) from error
            context.counter.advance()
            if note:
                context.failures.append(_told(note))


def _told(note: str) -> FailureGroup:
    hint = "nothing is to be done: what lies in it is checked like the rest"
    return FailureGroup.of(Finding("taken-over", "", note, hint, fatal=False))


def operations_step(planned: PlannedStep, *operations: FileOperation) -> FileOperationsStep:
    """Bind operations to their planned step."""
    return FileOperationsStep(
        address=planned.address,
        dataset=planned.dataset,
        title=planned.title,
        kind=planned.kind,
        dependencies=planned.dependencies,
        operations=operations,
    )


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
