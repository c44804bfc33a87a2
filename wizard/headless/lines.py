"""A run in plain lines: events, progress, steps and the closing summary; pure text."""

from __future__ import annotations

import shlex
import textwrap
import time
from collections.abc import Iterator

from wizard import figures
from wizard.engine.causes import Cause, by_cause
from wizard.engine.link import Event
from wizard.engine.views import Need, Snapshot, State, StepView

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


def event_line(event: Event) -> str:
    """Return an event with its time of day and step."""
    stamp = time.strftime("%H:%M:%S", time.localtime(event.moment))
    place = f" [{event.address}]" if event.address else ""
    level = "" if event.level == "info" else f" {event.level}:"
    return f"{stamp}{level} {event.text}{place}"


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


def step_line(step: StepView) -> str:
    """Return one step as ``status`` lists it."""
    word = WORDS[step.state]
    name = step.address.partition("/")[2]
    return f"  {word:<16} {name:<34} {_step_detail(step)}".rstrip()


def _step_detail(step: StepView) -> str:
    if step.waits_for:
        return f"until {', '.join(step.waits_for)} is done"
    if step.need is not None:
        return step.need.ask
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
            f"{dataset.done_steps} of {dataset.total_steps} steps"
        )
        if dataset.way:
            yield f"  way: {dataset.way}"
        for step in snapshot.steps:
            if step.dataset == dataset.id:
                yield step_line(step)
    yield ""
    yield verdict(snapshot)
    if snapshot.runner:
        yield f"Runner: {snapshot.runner}{', paused' if snapshot.paused else ''}"


def verdict(snapshot: Snapshot) -> str:
    """Say in a sentence whether the install is complete, partial, or under way."""
    done = sum(step.state == "done" for step in snapshot.steps)
    total = len(snapshot.steps)
    name = f"{snapshot.collection} in {snapshot.dest}"
    if snapshot.complete:
        return f"{name} is complete: {figures.count(total, 'step')} done and checked."
    out = [dataset.title for dataset in snapshot.datasets if not dataset.chosen]
    partial = f" Partial install: left out {', '.join(out)}." if out else ""
    if done == total:
        return f"{name}: everything chosen is done and checked.{partial}"
    return f"{name} is not complete: {done} of {total} steps done.{partial}"


def summary_lines(snapshot: Snapshot, again: str) -> Iterator[str]:
    """Yield what came of a run: the verdict, what waits for whom, what failed and what to do.

    ``again`` is the command that goes on with it.
    """
    yield verdict(snapshot)
    waiting = [step for step in snapshot.steps if step.state in ("waiting", "paused") and step.need]
    if waiting:
        yield from ("", "Waiting for you:")
        for step in waiting:
            yield from _need_lines(step, step.need)
    yield from _failure_lines(snapshot)
    if not all(step.state == "done" for step in snapshot.steps):
        yield from ("", f"Go on with: {again}")


def _need_lines(step: StepView, need: Need | None) -> Iterator[str]:
    if need is None:
        return
    yield f"  {step.address}: {need.ask}"
    details = (("open", need.page), ("upload", need.upload), ("then", need.command))
    for word, text in details:
        if text:
            yield f"      {word}: {text}"


def _failure_lines(snapshot: Snapshot) -> Iterator[str]:
    causes = failed(snapshot)
    if not causes:
        return
    yield from ("", "Failed, by cause:")
    for cause in causes:
        group, places = cause.group, ", ".join(cause.addresses)
        yield f"  {group.cause} ({figures.count(group.count, 'time')}) in {places}"
        for example in group.examples:
            yield f"      {example}"
        if group.hint:
            yield f"      do: {group.hint}"


def failed(snapshot: Snapshot) -> tuple[Cause, ...]:
    """Return what must be mended in failed steps, by cause."""
    steps = [step for step in snapshot.steps if step.state == "failed"]
    return tuple(cause for cause in by_cause(steps) if cause.group.fatal)


def command_line(*words: str) -> str:
    """Return a command as a person types it."""
    return shlex.join(words)
