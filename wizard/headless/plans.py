"""``segwizard plan``: what an install takes, before anything is written."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click

from wizard import figures
from wizard.engine.views import Snapshot
from wizard.errors import DestinationError
from wizard.headless.choosing import ListCommand, choice_options, json_option, site_option
from wizard.headless.columns import WIDTH, columns
from wizard.headless.say import data, json_data, talk
from wizard.plan.costs import size_of
from wizard.plan.known import known_here
from wizard.plan.model import Fetch, Plan, PlannedDataset
from wizard.plan.planner import make_plan
from wizard.plan.preflight import Preflight, check_destination
from wizard.plan.waiting import Waiting, waiting
from wizard.recipes.loader import load
from wizard.recipes.model import Recipe
from wizard.recipes.site import apply_site, load_site

_RIGHT = frozenset({2, 3, 4})


class Row(NamedTuple):
    """One archive of a plan, as data."""

    dataset: str
    name: str
    place: str
    """Below the destination."""
    access: str
    bytes: int
    exact: bool
    present: bool
    way: str = ""
    reserve: bool = False
    """Whether it is only fetched when another way to the dataset's files fails, or if asked for."""


class WayRow(NamedTuple):
    """One of several ways to a dataset's files, as data."""

    dataset: str
    id: str
    title: str
    state: str
    """``taken``, ``first``, or ``reserve``."""


@click.command("plan", cls=ListCommand)
@click.argument("collection")
@click.option(
    "--dest",
    type=click.Path(path_type=Path),
    help="Folder of the install; its disk is checked too.",
)
@site_option
@choice_options
@click.option("--workers", type=int, default=2, show_default=True, help="Labels made at once.")
@click.option(
    "--keep-archives/--delete-archives",
    "keep",
    default=None,
    help="Keep archives once their dataset is proven, or not. Default: as the recipe says.",
)
@json_option
def command(
    collection: str,
    *,
    dest: Path | None,
    site: Path | None,
    only: tuple[str, ...],
    without: tuple[str, ...],
    workers: int,
    keep: bool | None,
    as_json: bool,
) -> None:
    """Show what an install of COLLECTION takes: datasets, archives, sizes, hours, waiting times.

    With --dest its disk is checked as before a run; what does not fit ends with exit code 4.
    """
    recipe = apply_site(load(collection), load_site(site))
    stands = _stands(collection, dest, site) if dest else None
    done = (
        frozenset(step.address for step in stands.steps if step.state == "done")
        if stands
        else frozenset()
    )
    plan = make_plan(
        recipe, dest, only=only, without=without, keep=keep, have=done | known_here(recipe)
    )
    ways = tuple(_ways(recipe, plan, stands))
    room, refusal = _checked(plan, dest, workers, done)
    if as_json:
        found = _as_data(recipe, plan, room, refusal, has_dest=dest is not None)
        json_data(found | {"ways": [each._asdict() for each in ways]})
    else:
        for line in _lines(recipe, plan, room, workers, ways):
            data(line)
    for note in room.notes if room else ():
        talk(f"note: {note}")
    if refusal:
        raise refusal


def _stands(collection: str, dest: Path, site: Path | None) -> Snapshot | None:
    """How an install at the destination stands: what is done needs no room again."""
    if not (dest / ".segwizard").is_dir():
        return None
    from wizard.engine.opening import Choices, open_install
    from wizard.engine.survey import survey

    return survey(open_install(Choices(collection, dest, site=site)))


def _checked(
    plan: Plan, dest: Path | None, workers: int, done: frozenset[str]
) -> tuple[Preflight | None, DestinationError | None]:
    if dest is None:
        return None, None
    try:
        return check_destination(plan, dest, workers, done=done), None
    except DestinationError as error:
        return None, error


def _as_data(
    recipe: Recipe,
    plan: Plan,
    room: Preflight | None,
    refusal: DestinationError | None,
    *,
    has_dest: bool,
) -> dict[str, object]:
    import msgspec

    found = msgspec.structs.asdict(plan) | {
        "archives": [row._asdict() for row in _archives(recipe, plan)],
        "waiting": [each._asdict() for each in waiting(recipe, plan)],
        "destination": None,
    }
    if has_dest:
        found["destination"] = {
            "fits": refusal is None,
            "reason": refusal.message if refusal else "",
            "free_bytes": room.volume.free_bytes if room else None,
            "need_bytes": room.need_bytes if room else None,
            "free_files": room.volume.free_files if room else None,
            "need_files": room.need_files if room else None,
            "filesystem": room.volume.kind if room else "",
            "notes": list(room.notes) if room else [],
        }
    return found


def _archives(recipe: Recipe, plan: Plan) -> Iterator[Row]:
    for step in plan.steps:
        if isinstance(step.spec, Fetch):
            archive = step.spec.archive
            yield Row(
                dataset=step.dataset,
                name=archive.name,
                place=recipe.archive_place(recipe.dataset(step.dataset), archive),
                access=archive.access.kind,
                bytes=size_of(archive),
                exact=archive.size is not None,
                present=step.address in plan.present,
                way=step.way,
                reserve=step.optional,
            )


def _ways(recipe: Recipe, plan: Plan, stands: Snapshot | None) -> Iterator[WayRow]:
    taken = {each.id: each.way for each in stands.datasets} if stands else {}
    for each in plan.datasets:
        ways = recipe.dataset(each.id).ways
        gone = taken.get(each.id, "")
        for way in ways:
            first = "first" if way == ways[0] and not gone else "reserve"
            yield WayRow(each.id, way.id, way.title, "taken" if way.title == gone else first)


def _lines(
    recipe: Recipe,
    plan: Plan,
    room: Preflight | None,
    workers: int,
    ways: Sequence[WayRow],
) -> Iterator[str]:
    rows = [("dataset, archive", "access", "fetch", "on disk", "core h")]
    for dataset in plan.datasets:
        rows.append(_dataset_row(dataset))
        own = (row for row in _archives(recipe, plan) if row.dataset == dataset.id)
        rows += [_archive_row(row, ways) for row in own]
    yield from columns(rows, right=_RIGHT)
    yield ""
    yield from _totals(plan, room, workers)
    if any(row.reserve and not row.present for row in _archives(recipe, plan)):
        yield "Archives in brackets are in reserve and not counted."
    yield from _way_lines(plan, ways)
    yield from _waiting_lines(waiting(recipe, plan))
    if plan.left_out:
        yield ""
        text = f"Left out, so the install will be partial: {', '.join(plan.left_out)}"
        yield from textwrap.wrap(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _dataset_row(dataset: PlannedDataset) -> tuple[str, str, str, str, str]:
    disk = dataset.unpacked_bytes + dataset.label_bytes
    hours = dataset.core_seconds / 3600
    return (
        f"{dataset.title} ({dataset.id})",
        "",
        figures.size(dataset.fetch_bytes - dataset.present_bytes),
        figures.size(disk),
        f"{hours:.2f}" if hours >= 0.005 else "",
    )


def _archive_row(row: Row, ways: Sequence[WayRow]) -> tuple[str, str, str, str, str]:
    taken = [each.id for each in ways if each.dataset == row.dataset and each.state == "taken"]
    size = ("" if row.exact else "~") + figures.size(row.bytes) if row.bytes else "unknown"
    if row.present:
        fetch = "not needed" if row.way and taken and row.way not in taken else "done"
    else:
        fetch = f"({size})" if row.reserve else size
    return f"  {row.name}", row.access, fetch, "", ""


def _totals(plan: Plan, room: Preflight | None, workers: int) -> Iterator[str]:
    fits = f"; {figures.size(room.volume.free_bytes)} are free: fits" if room else ""
    files = figures.count(plan.inodes, "file")
    hours = f"{plan.core_seconds / 3600:.1f} core hours"
    span = figures.span(plan.core_seconds / max(1, workers))
    for name, text in (
        ("To fetch", figures.size(plan.fetch_bytes)),
        ("Disk at the fullest", f"{figures.size(plan.peak_bytes)}{fits}"),
        ("Disk at the end", f"{figures.size(plan.end_bytes)} in {files}"),
        ("Label work", f"{hours}: {span} with {figures.count(workers, 'worker')}"),
    ):
        yield f"{name:<20} {text}"
    if plan.estimated:
        yield "Files, disk and hours are estimates, and sizes marked ~ too."


_WAY_WORDS = {"taken": "taken", "first": "first", "reserve": "or"}


def _way_lines(plan: Plan, ways: Sequence[WayRow]) -> Iterator[str]:
    """Say what several ways there are to the same files."""
    if not ways:
        return
    yield ""
    yield "One way is enough; the next is gone where one fails, or when you bring its files:"
    for dataset in plan.datasets:
        own = [each for each in ways if each.dataset == dataset.id]
        yield from (f"  {dataset.title}" for _ in own[:1])
        yield from (f"      {_WAY_WORDS[each.state] + ':':<7} {each.title}" for each in own)


def _waiting_lines(people: Sequence[Waiting]) -> Iterator[str]:
    if not people:
        return
    yield ""
    yield "Waits for a person; begin with the first:"
    for each in people:
        yield f"  {each.title}: {each.what}"
        yield f"      answer: {each.wait}" if each.wait else ""
        yield f"      open:   {each.page}" if each.page else ""
