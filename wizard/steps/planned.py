"""The plan: ordered steps with sizes, hours and what each waits for; the object a run executes.

Sizes are bytes, times seconds.
"""

from __future__ import annotations

from typing import TypeVar

from msgspec import Struct

from wizard.errors import RecipeError
from wizard.recipes.model import Archive, LicenceRequest, Terms
from wizard.recipes.step_table import StepTable


class Accept(StepTable, frozen=True, kw_only=True, tag="terms"):
    """Show a dataset's terms and record who accepted them; derived, never written in recipes."""

    terms: Terms


class Fetch(StepTable, frozen=True, kw_only=True, tag="fetch"):
    """Bring one archive to its place, proven; derived from the dataset's archives."""

    archive: Archive


class PlannedStep(Struct, frozen=True, kw_only=True):
    """One step, addressed, with everything it waits for spelled out."""

    address: str
    dataset: str
    title: str
    kind: str
    dependencies: tuple[str, ...]
    """Addresses; a step opens when all of them are done."""
    spec: StepTable
    optional: bool = False
    """Whether an install whose other steps are done is whole without it."""
    alternative: str = ""
    """Which of its dataset's alternatives it is part of; an optional one stands by."""
    uses: tuple[str, ...] = ()
    """Addresses of optional steps whose files it takes where they are there, without waiting."""
    rank: int = 0
    """How many of its dataset's alternatives come before its own."""

    @property
    def archive(self) -> Archive | None:
        """The archive it brings to its place, if that is what it does."""
        return self.spec.archive if isinstance(self.spec, Fetch) else None

    @property
    def terms(self) -> Terms | None:
        """The terms it has accepted, if that is what it does."""
        return self.spec.terms if isinstance(self.spec, Accept) else None


SpecT = TypeVar("SpecT", bound=StepTable)


def spec_as(planned: PlannedStep, table: type[SpecT]) -> SpecT:
    """Return a step's table as what its kind knows it to be; raises ``RecipeError``."""
    if not isinstance(planned.spec, table):
        raise RecipeError(f"is no step of kind {planned.kind}", where=planned.address)
    return planned.spec


class PlannedDataset(Struct, frozen=True, kw_only=True):
    """One chosen dataset with what it costs."""

    id: str
    title: str
    folder: str
    access: tuple[str, ...]
    """Kinds of access of its archives, in order, without repeats."""
    fetch_bytes: int
    present_bytes: int
    """Archive bytes already on this machine."""
    unpacked_bytes: int
    label_bytes: int
    label_files: int = 0
    files: int
    """Inodes at the end."""
    label_seconds: float = 0.0
    """CPU seconds of making labels."""
    core_seconds: float
    """CPU seconds of all its steps."""
    request: LicenceRequest | None = None


class Plan(Struct, frozen=True, kw_only=True):
    """All of it, in order."""

    collection: str
    dest: str
    datasets: tuple[PlannedDataset, ...]
    left_out: tuple[str, ...]
    """Ids of the datasets that were not chosen; with any, the install is partial for good."""
    steps: tuple[PlannedStep, ...]
    fetch_bytes: int
    peak_bytes: int
    """Most disk space in use at any moment of a run from here."""
    end_bytes: int
    inodes: int
    core_seconds: float
    """CPU seconds of a whole run."""
    estimated: bool
    """Whether any figure rests on an estimate rather than an exact size."""
    keep: bool | None = None
    """Whether archives stay once their dataset is proven; None: as each of them says."""
    present: tuple[str, ...] = ()
    """Addresses of the fetch steps whose archive is on this machine already."""
