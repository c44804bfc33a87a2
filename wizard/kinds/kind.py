"""A kind of step: its table, its words, what it costs, and what makes its steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from wizard.recipes.step_table import StepTable
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep
from wizard.steps.step import Step
from wizard.views import Role

Writes = Literal["nothing", "archive", "members", "labels"]
"""What fills the disk: the archive it brings, the members of the one it takes, or what is estimated
as a dataset's labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """All that the rest of the program knows of one kind of step."""

    table: type[StepTable]
    """What recipes write; its tag is the kind's name."""
    word: str
    """What it is called on screen, in one word."""
    title: str = ""
    """What a step is called where its recipe does not say; empty: as its id."""
    titled: Callable[[PlannedStep], str] | None = None
    """The same, where it depends on what the step is about."""
    role: Role = "work"
    writes: Writes = "nothing"
    written: bool = True
    """Whether recipes may hold it; what follows from terms and archives is derived instead."""
    build: Callable[[PlannedStep, Install], Step]
    """Makes the step. What is slow to load (numpy, httpx: 0.1 s each) is imported in here, so that
    a recipe is read without it."""

    @property
    def name(self) -> str:
        """What recipes write as ``kind``."""
        return str(self.table.__struct_config__.tag)

    def title_of(self, planned: PlannedStep) -> str:
        """Return what a step is called: as the recipe says, or by what it does."""
        if planned.spec.title:
            return planned.spec.title
        made = self.titled(planned) if self.titled else self.title
        return made or planned.spec.id
