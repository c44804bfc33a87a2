"""A run in plain lines: events, progress, steps and the closing summary; pure text."""

from __future__ import annotations

import shlex
import textwrap
import time
from collections.abc import Hashable, Iterator, Sequence

from msgspec.structs import replace

from wizard import figures
from wizard.app.outcome import LastPage, failed
from wizard.engine.remote.protocol import Event
from wizard.headless.terminal.columns import in_series, named, numbered, unnumbered
from wizard.views import Snapshot, State, StepView, checked_words

WORDS: dict[State, str] = {
    "todo": "to do",
    "locked": "locked",
    "waiting": "waiting for you",
    "running": "running",
    "partial": "partly done",
    "paused": "paused",
    "failed": "failed",
    "done": "done",
}
"""The states in the words people read."""

_RUNNING_SHOWN = 3
_ARCHIVES_ONLY = "its archives are all there is to prove"


def event_line(event: Event) -> str:
    """Return an event with its time of day and step."""
    clock = time.strftime("%H:%M:%S", time.localtime(event.moment))
    place = f" [{event.address}]" if event.address else ""
    level = "" if event.level == "info" else f" {event.level}:"
    return f"{clock}{level} {event.text}{place}"


def folded(line: str, width: int) -> str:
    """Return a line as several of at most ``width`` cells, later ones below the first one's text.

    Words are never cut: an address or a path stays whole for those who copy it.
    """
    return textwrap.fill(
        line,
        width,
        subsequent_indent=" " * len("00:00:00 "),
        break_long_words=False,
        break_on_hyphens=False,
    )


def progress_line(snapshot: Snapshot) -> str:
    """Return how the whole stands, on one line."""
    done = sum(step.state == "done" for step in snapshot.steps)
    parts = [
        f"{figures.percent(snapshot.fraction)}",
        f"{done} of {len(snapshot.steps)} steps",
        f"{figures.rate(snapshot.rate)}" if snapshot.rate else "",
        f"{figures.span(snapshot.eta)} left" if snapshot.eta is not None else "",
        "paused" if snapshot.paused else "",
        *_running(snapshot),
        f"{figures.size(snapshot.disk_free)} free",
    ]
    return " · ".join(part for part in parts if part)


def _running(snapshot: Snapshot) -> Iterator[str]:
    running = [step for step in snapshot.steps if step.state == "running"]
    for step in running[:_RUNNING_SHOWN]:
        share = f" {figures.percent(step.done / step.total)}" if step.total else ""
        yield f"{step.address}{share}"
    if len(running) > _RUNNING_SHOWN:
        yield f"and {len(running) - _RUNNING_SHOWN} more"


def _standing(step: StepView) -> Hashable:
    """What steps about the shards of a series share when they stand alike."""
    locks = tuple(map(unnumbered, step.waits_for))
    asked = unnumbered(step.request.ask) if step.request else ""
    return unnumbered(step.address), step.state, step.presumed, locks, asked


def step_line(step: StepView, *alike: StepView) -> str:
    """Return one step, or the many about the shards of a series, as ``status`` lists them."""
    word, names = WORDS[step.state], [each.address.partition("/")[2] for each in (step, *alike)]
    return f"  {word:<16} {named(names):<34} {_step_detail(_summed(step, *alike))}".rstrip()


def _summed(step: StepView, *alike: StepView) -> StepView:
    """Return the steps of a series as one: what they did added up, what only one says left out."""
    every = (step, *alike)
    totals = [each.total for each in every if each.total is not None]
    return replace(
        step,
        done=sum(each.done for each in every),
        total=sum(totals) if len(totals) == len(every) else None,
        detail=step.detail if len({each.detail for each in every}) == 1 else "",
    )


def _step_detail(step: StepView) -> str:
    if step.presumed:
        return "seems to be here; the lists will tell"
    if step.waits_for:
        series = in_series(step.waits_for, alike=unnumbered)
        return f"until {', '.join(named(alike) for alike in series)} is done"
    if step.request is not None:
        return step.request.ask
    parts = [_count(step), figures.rate(step.rate, step.unit) if step.rate else ""]
    parts.append(f"{figures.span(step.eta)} left" if step.eta is not None else "")
    parts.append(step.detail)
    return ", ".join(part for part in parts if part)


def _count(step: StepView) -> str:
    if step.state == "todo" or not (step.done or step.total) or step.total == 1:
        return ""
    if step.unit == "bytes":
        total = f" of {figures.size(step.total)}" if step.total else ""
        return f"{figures.size(step.done)}{total}"
    total = f" of {step.total:,}" if step.total else ""
    return f"{step.done:,}{total} {step.unit}"


def status_lines(snapshot: Snapshot) -> Iterator[str]:
    """Yield every dataset with its steps, then the verdict."""
    for dataset in snapshot.datasets:
        if not dataset.chosen:
            yield f"{dataset.title}: left out"
            continue
        yield (
            f"{dataset.title}: {WORDS[dataset.state]}, "
            f"{dataset.done_steps} of {dataset.total_steps} steps{_presumed(snapshot, dataset.id)}"
        )
        if dataset.alternative:
            yield f"  source: {dataset.alternative}"
        own = [step for step in snapshot.steps if step.dataset == dataset.id]
        for alike in in_series(own, alike=_standing):
            yield step_line(*alike)
    yield ""
    yield from plausible_lines(snapshot.plausible)
    yield verdict(snapshot)
    if snapshot.runner:
        yield f"Runner: {snapshot.runner}{', paused' if snapshot.paused else ''}"


def plausible_lines(archives: Sequence[str]) -> Iterator[str]:
    """Yield which archives neither a hash nor their structure proves; nothing where all are."""
    if archives:
        number = figures.count(len(archives), "archive")
        yield f"Only plausible, proven by neither hash nor structure: {number}"
        yield from (f"    {each}" for each in archives)


def verdict(snapshot: Snapshot) -> str:
    """Say in a sentence whether the install is complete, partial, or under way."""
    done = sum(step.state == "done" for step in snapshot.steps)
    total = len(snapshot.steps)
    name = f"{snapshot.collection} in {snapshot.dest}"
    checked = checked_words(snapshot.plausible)
    if snapshot.complete:
        return f"{name} is complete: {figures.count(total, 'step')} done and {checked}."
    out = [dataset.title for dataset in snapshot.datasets if not dataset.chosen]
    partial = f" Partial install: left out {', '.join(out)}." if out else ""
    if done == total:
        return f"{name}: everything chosen is done and {checked}.{partial}"
    return f"{name} is not complete: {done} of {total} steps done{_presumed(snapshot)}.{partial}"


def _presumed(snapshot: Snapshot, dataset: str = "") -> str:
    """Say how many more steps' files seem to be here, of a dataset or of all."""
    steps = (each for each in snapshot.steps if dataset in ("", each.dataset))
    count = sum(each.presumed for each in steps)
    return f", {count} more seem to be here" if count else ""


def shard_verdict(snapshot: Snapshot, shard: str) -> str:
    """Say in a sentence whether one shard's part is done."""
    done, total = sum(step.state == "done" for step in snapshot.steps), len(snapshot.steps)
    name = f"Shard {shard} of {snapshot.collection} in {snapshot.dest}"
    if done == total:
        return f"{name}: its part is done."
    return f"{name}: {done} of {total} of its steps done."


def summary_lines(snapshot: Snapshot, again: str, told: str = "") -> Iterator[str]:
    """Yield what came of a run: the verdict, what waits for whom, what failed and what to do.

    ``again`` is the command that goes on with it; ``told`` takes the verdict's place.
    """
    yield told or verdict(snapshot)
    waiting = [
        step for step in snapshot.steps if step.state in ("waiting", "paused") and step.request
    ]
    if waiting:
        yield from ("", "Waiting for you:")
        for alike in in_series(waiting, alike=_standing):
            yield from _need_lines(alike)
    yield from _failure_lines(snapshot)
    if not all(step.state == "done" for step in snapshot.steps):
        yield from ("", f"Go on with: {again}")


def _need_lines(steps: Sequence[StepView]) -> Iterator[str]:
    requests = [step.request for step in steps if step.request]
    asked = numbered([each.ask for each in requests])
    yield f"  {named([step.address for step in steps])}: {asked}"
    details = (
        ("open", numbered([each.page for each in requests])),
        ("upload", numbered([each.upload for each in requests])),
        ("then", numbered([each.command for each in requests])),
    )
    for word, text in details:
        if text:
            yield f"      {word}: {text}"


def _failure_lines(snapshot: Snapshot) -> Iterator[str]:
    groups = failed(snapshot)
    if not groups:
        return
    yield from ("", "Failed, by cause:")
    for group in groups:
        times = figures.count(group.count, "time")
        places = ", ".join(map(named, in_series(group.steps, alike=unnumbered)))
        yield f"  {group.title} ({times}) in {places}"
        for example in group.examples:
            yield f"      {example}"
        if group.hint:
            yield f"      do: {group.hint}"


def closing_lines(page: LastPage) -> Iterator[str]:
    """Yield what is installed, how much is proven, how long it took, and what to do next."""
    yield from ("", "Installed and proven:" if not page.plausible else "Installed and checked:")
    for dataset in page.installed:
        yield f"  {dataset.title}: {dataset.checked.words() or _ARCHIVES_ONLY}"
        yield f"      in {dataset.folder}"
    if len(page.installed) > 1 and page.checked.words():
        yield f"  Altogether: {page.checked.words()}"
    yield from plausible_lines(page.plausible)
    if page.seconds is not None:
        yield f"It took {figures.span(page.seconds)}."
    if page.report:
        yield f"Report: {page.report}"
    yield from _variables(page)
    yield from ("", "What to run next:")
    for each in page.commands:
        yield f"  {each.command}"
        yield f"      {each.about}"
    yield from _left_out(page)


def _variables(page: LastPage) -> Iterator[str]:
    yield from ("", "Training code finds it by:")
    for each in page.variables:
        if each.name:
            yield f"  export {each.name}={shlex.quote(each.value)}"
            yield f"      for {each.reader}"
        else:
            yield f"  {each.reader}"


def _left_out(page: LastPage) -> Iterator[str]:
    if page.left_out:
        yield from ("", "Left out:")
    for each in page.left_out:
        yield f"  {each.title}{': ' if each.loss else ''}{each.loss}"
        yield f"      add it: {each.command}"
