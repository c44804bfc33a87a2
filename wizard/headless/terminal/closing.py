"""The last page in plain lines: what there is to say once everything chosen is done; pure text."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from wizard import figures
from wizard.app.outcome import LastPage
from wizard.headless.terminal.lines import plausible_lines

_ARCHIVES_ONLY = "its archives are all there is to prove"


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
