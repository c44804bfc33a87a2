"""What a person chose on the way to a run; kept while they go back and forth."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from wizard.plan.model import Plan
from wizard.recipes.model import Recipe


@dataclass(slots=True)
class Choices:
    """Filled in screen by screen."""

    dest: Path | None = None
    collection: str = ""
    recipe: Recipe | None = None
    only: tuple[str, ...] = ()
    """Chosen datasets; empty until somebody chose, which means all."""
    plan: Plan | None = None
    asked: dict[str, float] = field(default_factory=dict)
    """When licences were asked for, by dataset, seconds since the epoch."""

    def choose(self, recipe: Recipe) -> None:
        """Take a collection; choices made for another one are dropped."""
        if self.recipe is None or self.recipe.id != recipe.id:
            self.only = ()
            self.plan = None
        self.recipe = recipe
        self.collection = recipe.id
