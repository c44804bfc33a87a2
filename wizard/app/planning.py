"""Planning: what an install takes, what is there already, and whether its destination takes it.

One judgement for every front end: a step that the disk says is done needs no more room.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from wizard.app.opening import Choices, install_recipe, open_install
from wizard.engine.remote.client import told_by_runner
from wizard.engine.survey import RecentLook, survey
from wizard.errors import DestinationError, reason_of
from wizard.kinds.terms import accepted, text_hash
from wizard.plan.costs import Waiting, known_here, size_of, waiting
from wizard.plan.planner import make_plan
from wizard.plan.preflight import Preflight, check_destination, check_place
from wizard.plan.volume import volume
from wizard.recipes.model import Recipe, Terms
from wizard.recipes.site import apply_site, load_site
from wizard.steps.install import Install
from wizard.steps.planned import Plan
from wizard.steps.step import Place
from wizard.views import Snapshot

__all__ = [
    "AlternativeRow",
    "ArchiveRow",
    "Disk",
    "OpenTerms",
    "Outlook",
    "Preflight",
    "Waiting",
    "open_terms",
]


@dataclass(frozen=True, slots=True)
class ArchiveRow:
    """One archive of a plan, as data."""

    dataset: str
    name: str
    place: str
    """Below the destination."""
    access: str
    bytes: int
    exact: bool
    present: bool
    alternative: str = ""
    reserve: bool = False
    """Whether it is only fetched when another source of the dataset's files fails, or if asked."""
    presumed: bool = False
    """Whether it is left out of the figures as its files seem to be here; lists will tell."""


class OpenTerms(NamedTuple):
    """Terms that nobody accepted yet as they are worded now."""

    address: str
    """Of the step that asks for them."""
    dataset: str
    """By id."""
    terms: Terms


@dataclass(frozen=True, slots=True)
class AlternativeRow:
    """One of several sources of a dataset's files, as data."""

    dataset: str
    id: str
    title: str
    state: str
    """``taken``, ``first``, or ``reserve``."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an install of some choices takes from here on."""

    recipe: Recipe
    plan: Plan
    done: frozenset[str]
    """Steps the disk says are done, or whose files seem to be here, by address."""
    room: Preflight | None = None
    """What the destination has and needs; None where none is named or it is refused."""
    refusal: DestinationError | None = None
    alternatives: tuple[AlternativeRow, ...] = ()
    presumed: frozenset[str] = frozenset()
    """Those of ``done`` whose files only seem to be here, until the lists tell."""

    @property
    def archives(self) -> tuple[ArchiveRow, ...]:
        """Every archive, in order."""
        return tuple(_archives(self.recipe, self.plan, self.presumed))

    @property
    def people(self) -> tuple[Waiting, ...]:
        """What waits for a person, the longest wait first."""
        return waiting(self.recipe, self.plan)


@dataclass(frozen=True, slots=True)
class Disk:
    """What a folder's file system can take; sizes in bytes."""

    free: int
    inodes: int | None
    """Free inodes; None where the file system does not count them."""
    kind: str
    """Such as ``ext4`` or ``nfs4``; empty when unknown."""
    network: bool
    problem: str = ""
    """Why the folder cannot be used; empty when it can."""


def outlook(choices: Choices, *, judged: bool = True, looks: RecentLook | None = None) -> Outlook:
    """Return what an install takes, and unless told not to, whether its destination takes it.

    What ``looks`` remembers of the disk is not looked at again.

    Raises ``WizardError`` for choices that cannot be planned; a refused destination is no error
    here but part of the answer.
    """
    recipe = apply_site(install_recipe(choices), load_site(choices.site))
    stands = None
    # What is wrong with a destination is told below, beside the plan.
    with contextlib.suppress(DestinationError):
        stands = stand(choices, looks or RecentLook())
    done = here_in(stands) if stands else frozenset()
    plan = make_plan(
        recipe,
        choices.dest,
        only=choices.only,
        without=choices.without,
        keep=choices.settings.keep_archives,
        have=done | known_here(recipe),
    )
    room, refusal = None, None
    if judged:
        try:
            room = check_destination(plan, choices.dest, choices.settings.workers, done=done)
        except DestinationError as error:
            refusal = error
    sources = tuple(_sources(recipe, plan, stands))
    seeming = frozenset(each.address for each in stands.steps if each.presumed) if stands else done
    return Outlook(recipe, plan, done, room, refusal, sources, seeming)


def outlook_anywhere(choices: Choices) -> Outlook:
    """Return what an install takes whose destination is not chosen yet; that of ``choices`` is."""
    recipe = apply_site(install_recipe(choices), load_site(choices.site))
    plan = make_plan(
        recipe,
        None,
        only=choices.only,
        without=choices.without,
        keep=choices.settings.keep_archives,
        have=known_here(recipe),
    )
    return Outlook(recipe, plan, frozenset(), alternatives=tuple(_sources(recipe, plan, None)))


def stand(choices: Choices, looks: RecentLook) -> Snapshot | None:
    """Return how an install stands on disk, made by us or by hand; None where nothing of it is.

    A runner at work there knows, and is asked.
    """
    install = open_install(choices)
    known = _runners_word(install)
    if known is not None:
        return known
    return stand_of(install, looks) if is_begun(install) else None


def stand_of(install: Install, looks: RecentLook) -> Snapshot:
    """Return how an install stands on disk, as far as it was not looked at a moment ago."""
    stands = survey(install, seen=looks.probes(install))
    looks.keep(install)
    return stands


def _runners_word(install: Install) -> Snapshot | None:
    """Return what a runner knows of these very steps; None without one that has seen them all."""
    seen = told_by_runner(install.place.dest)
    if seen is None:
        return None
    known = {step.address for step in seen.steps}
    wanted = {step.address for step in install.plan.steps}
    same = seen.collection == install.plan.collection
    return seen if same and wanted <= known and not seen.looking else None


def here_in(stands: Snapshot | None) -> frozenset[str]:
    """Return the addresses of the steps that are done, or whose files seem to be here already."""
    steps = stands.steps if stands else ()
    return frozenset(step.address for step in steps if step.state == "done" or step.presumed)


def is_begun(install: Install) -> bool:
    """Whether anything of an install is on disk: a folder of its datasets, or what we remember."""
    recipe, dest = install.recipe, install.place.dest
    folders = (dest / recipe.base(each) / each.folder for each in recipe.datasets)
    return install.place.state.is_dir() or any(folder.exists() for folder in folders)


def judge(install: Install, done: frozenset[str]) -> Preflight:
    """Check that the destination takes what is left; raises ``DestinationError`` with numbers."""
    dest, workers = install.place.dest, install.settings.workers
    return check_destination(install.plan, dest, workers, done=done)


def open_terms(plan: Plan) -> tuple[OpenTerms, ...]:
    """Return what is still to be accepted of a plan, in its order; a damaged record is none."""
    dest = Path(plan.dest)
    known = accepted(Place(dest=dest, root=dest).state)
    signed = {(dataset, entry.sha256) for dataset, entry in known.items()}
    return tuple(
        OpenTerms(step.address, step.dataset, step.terms)
        for step in plan.steps
        if step.terms and (step.dataset, text_hash(step.terms)) not in signed
    )


def look_at_disk(dest: Path) -> Disk:
    """Free space, inodes and kind of the file system a destination is or would be on.

    What is wrong with the place comes before how much is free, judged as before every run.
    """
    problem = ""
    try:
        check_place(dest)
    except (DestinationError, OSError) as error:
        problem = error.message if isinstance(error, DestinationError) else reason_of(error)
    try:
        room = volume(dest)
    except OSError as error:
        return Disk(0, None, "", network=False, problem=problem or reason_of(error))
    return Disk(room.free_bytes, room.free_files, room.kind, room.network, problem)


def _archives(recipe: Recipe, plan: Plan, presumed: Collection[str]) -> Iterator[ArchiveRow]:
    for step in plan.steps:
        archive = step.archive
        if archive is not None:
            yield ArchiveRow(
                dataset=step.dataset,
                name=archive.name,
                place=recipe.archive_place(recipe.dataset(step.dataset), archive),
                access=archive.access.kind,
                bytes=size_of(archive),
                exact=archive.size is not None,
                present=step.address in plan.present,
                alternative=step.alternative,
                reserve=step.optional,
                presumed=step.address in presumed,
            )


def _sources(recipe: Recipe, plan: Plan, stands: Snapshot | None) -> Iterator[AlternativeRow]:
    taken = {each.id: each.alternative for each in stands.datasets} if stands else {}
    for each in plan.datasets:
        alternatives = recipe.dataset(each.id).alternatives
        gone = taken.get(each.id, "")
        for alternative in alternatives:
            first = "first" if alternative == alternatives[0] and not gone else "reserve"
            state = "taken" if alternative.title == gone else first
            yield AlternativeRow(each.id, alternative.id, alternative.title, state)
