"""Setting one string in a fetched Python file, by text: the file is data and never imported."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from wizard.engine.install import Install
from wizard.engine.step import Lane, Probe, StepContext
from wizard.errors import RecipeError, UsageError
from wizard.files import write_whole
from wizard.plan.model import PlannedStep
from wizard.recipes.steps import Assign

_STRING = r"""("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""


@dataclass(frozen=True, slots=True)
class AssignStep:
    """Replaces the string literal after ``NAME =`` at the start of a line."""

    address: str
    dataset: str
    title: str
    kind: str
    needs: tuple[str, ...]
    top: Path
    """Folder the archive was unpacked into."""
    file: Path
    name: str
    value: str
    optional: bool
    lane: Lane = "instant"

    def probe(self) -> Probe:
        """Look whether the file holds the value."""
        if not self.file.exists():
            if self.optional and self.top.is_dir():
                return Probe("done", detail=f"{self.file.name} is not in this archive")
            return Probe("todo", total=1)
        text = _read(self.file)
        if self._assigned(text) == text:
            return Probe("done", done=1, total=1)
        return Probe("todo", total=1)

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
        write_whole(self.file, text.encode(errors="surrogateescape"))
        context.counter.advance()

    def _assigned(self, text: str) -> str:
        try:
            return assigned(text, self.name, self.value)
        except UsageError as error:
            error.where = str(self.file)
            raise


def _read(file: Path) -> str:
    """Return a file's text so that writing it back gives the same bytes, whatever its encoding."""
    return file.read_bytes().decode(errors="surrogateescape")


def assigned(text: str, name: str, value: str) -> str:
    """Return Python source with the string of every ``name = "..."`` at line start replaced."""
    pattern = re.compile(rf"^({re.escape(name)}[ \t]*(?::[^=\n]*)?=[ \t]*){_STRING}", re.MULTILINE)
    # A JSON string is a Python string: both escape quotes, backslashes and control characters.
    literal = json.dumps(value, ensure_ascii=False)
    written, count = pattern.subn(lambda match: match[1] + literal, text)
    if not count:
        raise UsageError(f"no line assigns a string to {name}")
    return written


def build_assign(planned: PlannedStep, install: Install) -> AssignStep:
    """Return the step for an ``Assign`` table; ``{dest}`` becomes the absolute destination."""
    spec = planned.spec
    if not isinstance(spec, Assign):
        raise RecipeError("not an assign step", where=planned.address)
    recipe = install.recipe
    base = install.place.dest / recipe.base(recipe.dataset(planned.dataset))
    return AssignStep(
        address=planned.address,
        dataset=planned.dataset,
        title=planned.title,
        kind=planned.kind,
        needs=planned.needs,
        top=base / Path(spec.file).parts[0],
        file=base / spec.file,
        name=spec.name,
        value=spec.value.replace("{dest}", str(install.place.dest.resolve())),
        optional=spec.optional,
    )
