"""Setting one string in a fetched Python file, by text: the file is data and never imported."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wizard.errors import UsageError
from wizard.files import write_whole
from wizard.foreign import read_foreign
from wizard.kinds.kind import Kind
from wizard.kinds.unpacking.edits import LARGEST_EDITED, Edit, edit_of
from wizard.recipes.step_table import Named, StepTable
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep, spec_as
from wizard.steps.step import Probe, Resource, StepContext

_STRING = r"""("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""


class Assign(StepTable, frozen=True, kw_only=True, tag="assign"):
    """Set one string assignment in a Python file of a fetched archive, by text, never by import."""

    file: str
    name: str
    value: str
    """May hold ``{dest}``."""
    optional: bool = False
    """Whether an archive without the file is worth a note only."""

    def paths_named(self) -> Iterator[Named]:
        """Yield the file."""
        yield "file", self.file

    def edited(self) -> Iterator[str]:
        """Yield the file."""
        yield self.file

    def rest_of(self, data: bytes) -> bytes:
        """Return the file without the strings that are set."""
        return _pattern(self.name).sub(r"\1", _decoded(data)).encode(errors="surrogateescape")


@dataclass(frozen=True, slots=True)
class AssignStep:
    """Replaces the string literal after ``NAME =`` at the start of a line."""

    address: str
    dataset: str
    title: str
    kind: str
    dependencies: tuple[str, ...]
    top: Path
    """Folder the archive was unpacked into."""
    edit: Edit
    name: str
    value: str
    optional: bool
    resource: Resource = "instant"

    @property
    def file(self) -> Path:
        """The file that is filled in."""
        return self.edit.file

    def probe(self) -> Probe:
        """Look whether the file holds the value."""
        if not self.file.exists():
            if self.optional and self.top.is_dir():
                return Probe("done", detail=f"{self.file.name} is not in this archive")
            return Probe("todo", total=1)
        text = _read(self.file)
        try:
            set_already = self._assigned(text) == text
        except UsageError as error:
            return Probe("todo", total=1, detail=error.message)
        return Probe("done", done=1, total=1) if set_already else Probe("todo", total=1)

    def run(self, context: StepContext) -> None:
        """Write the value; raises ``UsageError`` when the file has no such assignment."""
        context.counter.total = 1
        if not self.file.exists():
            if self.optional:
                context.detail = f"{self.file.name} is not in this archive"
                return
            raise UsageError(
                "the file to fill in is not there",
                where=str(self.file),
                hint="the archive is not the one the recipe was written for",
            )
        text = self._assigned(_read(self.file))
        self.edit.note()
        write_whole(self.file, text.encode(errors="surrogateescape"))
        context.counter.advance()

    def _assigned(self, text: str) -> str:
        try:
            return assigned(text, self.name, self.value)
        except UsageError as error:
            error.where = str(self.file)
            error.hint = "Move it away and run again: it is unpacked anew."
            raise


def _read(file: Path) -> str:
    """Return a file's text so that writing it back gives the same bytes, whatever its encoding."""
    return _decoded(read_foreign(file, LARGEST_EDITED))


def _decoded(data: bytes) -> str:
    return data.decode(errors="surrogateescape")


def assigned(text: str, name: str, value: str) -> str:
    """Return Python source with the string of every ``name = "..."`` at line start replaced."""
    # A JSON string is a Python string: both escape quotes, backslashes and control characters.
    literal = json.dumps(value, ensure_ascii=False)
    written, count = _pattern(name).subn(lambda match: match[1] + literal, text)
    if not count:
        raise UsageError(f"no line assigns a string to {name}")
    return written


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"^({re.escape(name)}[ \t]*(?::[^=\n]*)?=[ \t]*){_STRING}", re.MULTILINE)


def _build(planned: PlannedStep, install: Install) -> AssignStep:
    """Return the step for an ``Assign`` table; ``{dest}`` becomes the absolute destination."""
    spec = spec_as(planned, Assign)
    recipe = install.recipe
    base = install.place.dest / recipe.base(recipe.dataset(planned.dataset))
    return AssignStep(
        address=planned.address,
        dataset=planned.dataset,
        title=planned.title,
        kind=planned.kind,
        dependencies=planned.dependencies,
        top=base / Path(spec.file).parts[0],
        edit=edit_of(spec.file, spec, planned.dataset, install),
        name=spec.name,
        value=spec.value.replace("{dest}", str(install.place.dest.resolve())),
        optional=spec.optional,
    )


KINDS = (
    Kind(
        table=Assign,
        word="Set path",
        title="Set a value in the fetched files",
        build=_build,
    ),
)
