"""Tables of the steps that prove a dataset: by its lists, or by checks of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from wizard.labels.specs.taxonomies import ByLists, Relabel
from wizard.recipes.keys import suggestion
from wizard.recipes.step_table import Named, Problem, StepTable, Template
from wizard.verify.specs.annotation_checks import Numbered
from wizard.verify.specs.checks import HIGHEST, AnyCheck, Count, JsonCounts, Notice, Only, Pixels
from wizard.verify.specs.looks import looked_at


class Example(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A pixel whose class people can look up: the document's targeted checks."""

    taxonomy: str
    name: str
    index: int
    segment: str
    """File name of the segment; its parent, stem and id are parsed as in the records."""
    split: str
    y: int
    x: int


class Segments(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Relabelled taxonomy whose every record is checked in the written labels."""

    taxonomy: str
    base: str
    relabel: Relabel


class Verify(ByLists, frozen=True, kw_only=True, tag="verify"):
    """Prove every path, label and relabelled segment of a dataset."""

    taxonomies: tuple[str, ...]
    segments: tuple[Segments, ...] = ()
    """Default: every output with relabel records of the dataset's labels steps."""
    examples: tuple[Example, ...] = ()

    @property
    def reads(self) -> tuple[str, ...]:
        """What is verified."""
        return self.taxonomies

    def lands(self) -> Iterator[str]:
        """Yield nothing: it only reads."""
        yield from ()

    def taxonomies_named(self) -> Iterator[Named]:
        """Yield what is verified."""
        yield from ((f"taxonomies[{i}]", name) for i, name in enumerate(self.taxonomies))

    def problems(self) -> Iterator[Problem]:
        """Yield examples of what is not verified."""
        for index, example in enumerate(self.examples):
            place = f"examples[{index}]"
            if example.taxonomy not in self.taxonomies:
                hint = suggestion(example.taxonomy, self.taxonomies)
                yield f"{place}.taxonomy", f"is not verified here: {example.taxonomy!r}", hint
            if example.split not in self.splits:
                hint = suggestion(example.split, self.splits)
                yield f"{place}.split", f"is not verified here: {example.split!r}", hint

    def completed(self, steps: Sequence[StepTable]) -> Self:
        """Return it with the relabelled outputs of its dataset, unless it names its own."""
        if self.segments:
            return self
        relabelled = tuple(
            Segments(taxonomy=output.taxonomy, base=output.base, relabel=output.relabel)
            for step in steps
            if isinstance(step, ByLists)
            for output in step.makes
            if output.relabel
        )
        return replace(self, segments=relabelled)


class Check(StepTable, frozen=True, kw_only=True, tag="check"):
    """Prove what the training code will read."""

    checks: tuple[AnyCheck, ...]
    exact: bool = True
    """Whether counts must be the published ones; a site file with its own copies says no."""

    def alternatives_named(self) -> Iterator[Named]:
        """Yield the ways that numbers are stated by."""
        for index, check in enumerate(self.checks):
            place = f"checks[{index}].by_alternative"
            yield from ((f"{place}.{each}", each) for each in check.by_alternative)

    def looked_at(self) -> Iterator[Named]:
        """Yield what has to be there for its checks to hold."""
        for index, check in enumerate(self.checks):
            yield from ((f"checks[{index}].{key}", path) for key, path in looked_at(check))

    def globs_named(self) -> Iterator[Named]:
        """Yield what need not be there."""
        for index, check in enumerate(self.checks):
            if isinstance(check, Notice):
                yield f"checks[{index}].files", check.files

    def patterns_named(self) -> Iterator[Named]:
        """Yield what names have to fit."""
        for index, check in enumerate(self.checks):
            if isinstance(check, Count | Only):
                yield f"checks[{index}].fits", check.fits

    def templates_named(self) -> Iterator[Template]:
        """Yield how files are named, and the names that are filled in."""
        for index, check in enumerate(self.checks):
            if isinstance(check, Numbered):
                yield f"checks[{index}].name", check.name, ("n",)
            if isinstance(check, JsonCounts):
                yield f"checks[{index}].prefix", check.prefix, ("name", "head")

    def problems(self) -> Iterator[Problem]:
        """Yield numbers that no file can have."""
        for index, check in enumerate(self.checks):
            if isinstance(check, Count) and check.count < 1:
                yield (
                    f"checks[{index}].count",
                    f"is {check.count}: at least one has to be there",
                    "",
                )
            if isinstance(check, Pixels) and check.highest is not None:
                most = HIGHEST[check.mode]
                if not 0 <= check.highest <= most:
                    reason = f"is {check.highest}: {check.mode} holds 0 to {most}"
                    yield f"checks[{index}].highest", reason, ""

    def inexact(self) -> Self:
        """Return it with published counts as a guide only."""
        return replace(self, exact=False)


def declared_checks(steps: Iterable[StepTable], *, exact: bool = False) -> Iterator[AnyCheck]:
    """Yield the checks that the steps of a dataset declare.

    ``exact`` leaves out the counts of which a site's own copies make a guide only.
    """
    for step in steps:
        if isinstance(step, Check):
            guides = Count if exact and not step.exact else ()
            yield from (check for check in step.checks if not isinstance(check, guides))
