"""``segwizard plan``: what an install takes, before anything is written."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click
import msgspec

from wizard import figures
from wizard.app.app import App
from wizard.app.opening import Settings
from wizard.app.planning import (
    AlternativeRow,
    ArchiveRow,
    Outlook,
    Preflight,
    Waiting,
    outlook_anywhere,
)
from wizard.errors import UsageError
from wizard.headless.completing import complete_collections
from wizard.headless.options import GivenPath, ListCommand, choice_options, json_option, site_option
from wizard.headless.terminal.columns import WIDTH, columns, in_series, named, unnumbered
from wizard.headless.terminal.say import data, json_data, talk
from wizard.steps.planned import Plan, PlannedDataset

_RIGHT = frozenset({2, 3, 4})


@click.command("plan", cls=ListCommand)
@click.argument("collection", shell_complete=complete_collections)
@click.option(
    "--dest",
    type=GivenPath(),
    help="Folder of the install; its disk is checked too.",
)
@site_option
@choice_options
@click.option(
    "--workers",
    type=int,
    default=2,
    show_default=True,
    help="Labels made at once.",
)
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
    if workers < 1:
        hint = "use --workers 1 or more"
        raise UsageError(f"{workers} workers cannot do anything", hint=hint)
    app = App(site=site, settings=Settings(workers=workers, keep_archives=keep))
    choices = app.choose(collection, dest or Path(), only, without)
    found = app.outlook(choices) if dest else outlook_anywhere(choices)
    if as_json:
        json_data(_document(found, has_dest=dest is not None))
    else:
        for line in _lines(found, workers):
            data(line)
    for note in found.room.notes if found.room else ():
        talk(f"note: {note}")
    if found.refusal:
        raise found.refusal


class DestinationFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a folder takes an install; sizes in bytes."""

    fits: bool
    reason: str
    free_bytes: int | None
    need_bytes: int | None
    free_files: int | None
    need_files: int | None
    filesystem: str
    notes: tuple[str, ...]


class PlanDocument(Plan, frozen=True, kw_only=True):
    """A plan as ``--json`` gives it: with its archives, and what has to come from people."""

    archives: tuple[ArchiveRow, ...]
    waiting: tuple[Waiting, ...]
    alternatives: tuple[AlternativeRow, ...]
    destination: DestinationFacts | None
    """None where no folder was named."""


def _document(found: Outlook, *, has_dest: bool) -> PlanDocument:
    return PlanDocument(
        **msgspec.structs.asdict(found.plan),
        archives=found.archives,
        waiting=found.people,
        alternatives=found.alternatives,
        destination=_destination(found) if has_dest else None,
    )


def _destination(found: Outlook) -> DestinationFacts:
    room, refusal = found.room, found.refusal
    return DestinationFacts(
        fits=refusal is None,
        reason=refusal.message if refusal else "",
        free_bytes=room.volume.free_bytes if room else None,
        need_bytes=room.need_bytes if room else None,
        free_files=room.volume.free_files if room else None,
        need_files=room.need_files if room else None,
        filesystem=room.volume.kind if room else "",
        notes=room.notes if room else (),
    )


def _lines(found: Outlook, workers: int) -> Iterator[str]:
    plan, alternatives, archives = found.plan, found.alternatives, found.archives
    rows = [("dataset, archive", "access", "fetch", "on disk", "core h")]
    for dataset in plan.datasets:
        rows.append(_dataset_row(dataset))
        own = [row for row in archives if row.dataset == dataset.id]
        rows += _archive_rows(own, alternatives)
    yield from columns(rows, right=_RIGHT)
    yield ""
    yield from _totals(plan, found.room, workers)
    if any(row.reserve and not row.present for row in archives):
        yield "Archives in brackets are in reserve and not counted."
    if any(row.presumed for row in archives):
        yield "Of some, files seem to be here: a run fetches the lists that tell, then what lacks."
    yield from _alternative_lines(plan, alternatives)
    yield from _waiting_lines(found.people)
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


def _archive_rows(
    rows: Sequence[ArchiveRow], alternatives: Sequence[AlternativeRow]
) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield each archive; the shards of a long series that stand alike share a line."""
    for alike in in_series(rows, alike=_standing):
        shown = _archive_row(alike[0], alternatives)
        if len(alike) > 1:
            whole = replace(
                alike[0],
                bytes=sum(row.bytes for row in alike),
                exact=all(row.exact for row in alike),
            )
            name = named([row.name for row in alike])
            shown = (f"  {name}", *_archive_row(whole, alternatives)[1:])
        yield shown


def _standing(row: ArchiveRow) -> tuple[object, ...]:
    name = unnumbered(row.name)
    return name, row.access, row.present, row.alternative, row.reserve, row.presumed


def _archive_row(
    row: ArchiveRow, alternatives: Sequence[AlternativeRow]
) -> tuple[str, str, str, str, str]:
    taken = [
        each.id for each in alternatives if each.dataset == row.dataset and each.state == "taken"
    ]
    size = ("" if row.exact else "~") + figures.size(row.bytes) if row.bytes else "unknown"
    if row.presumed:
        fetch = "seems here"
    elif row.present:
        fetch = (
            "not needed" if row.alternative and taken and row.alternative not in taken else "done"
        )
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
        ("Processor work", f"{hours}: {span} with {figures.count(workers, 'worker')}"),
    ):
        yield f"{name:<20} {text}"
    if plan.estimated:
        yield "Files, disk and hours are estimates, and sizes marked ~ too."


_WAY_WORDS = {"taken": "taken", "first": "first", "reserve": "or"}


def _alternative_lines(plan: Plan, alternatives: Sequence[AlternativeRow]) -> Iterator[str]:
    """Say what several ways there are to the same files."""
    if not alternatives:
        return
    yield ""
    yield "One source is enough; the next is gone where one fails or you bring its files:"
    for dataset in plan.datasets:
        own = [each for each in alternatives if each.dataset == dataset.id]
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
