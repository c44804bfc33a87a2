"""``segwizard make``: one label step by itself, or only the paths it would write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from wizard import figures
from wizard.engine.install import Install, Settings
from wizard.engine.kinds.labels import LabelStep
from wizard.engine.kinds.registry import build_step
from wizard.engine.lease import acquire
from wizard.engine.opening import found, open_install, usable_workers
from wizard.engine.step import StepContext
from wizard.errors import UsageError
from wizard.headless import exits, say
from wizard.headless.choosing import site_option
from wizard.headless.options import dest_option
from wizard.headless.signals import interruptible
from wizard.recipes.keys import suggestion


@click.command(name="make", epilog=exits.EPILOG)
@click.argument("step")
@dest_option
@site_option
@click.option("--workers", type=click.IntRange(min=1), help="Processors to use.")
@click.option("--dry-run", is_flag=True, help="Only print what is missing; write nothing.")
def command(*, step: str, dest: Path, site: Path | None, workers: int | None, dry_run: bool) -> int:
    """Make the labels or weights of one STEP, such as pascal-5i/weights, of the install at --dest.

    What is there already is left alone. With --dry-run the path of every missing file is printed
    and nothing is computed.
    """
    choices = found(dest.expanduser(), "", site)
    choices = replace(choices, settings=Settings(workers=workers or usable_workers()))
    install = open_install(choices)
    wanted = _step(install, step)
    if dry_run:
        return _list(wanted)
    context = StepContext()
    lease = acquire(install.place)
    try:
        with interruptible():
            wanted.run(context)
    finally:
        lease.release()
    say.data(f"{figures.count(context.counter.done, context.counter.unit.rstrip('s'))} in place")
    return exits.COMPLETE


def _step(install: Install, name: str) -> LabelStep:
    """Return a step by its address; raises ``UsageError`` for one that makes no files."""
    planned = {each.address: each for each in install.plan.steps}
    if name not in planned:
        raise UsageError(f"there is no step {name!r}", hint=suggestion(name, planned))
    step = build_step(planned[name], install)
    if not isinstance(step, LabelStep):
        raise UsageError(f"{name} makes no labels", hint="segwizard status shows every step")
    return step


def _list(step: LabelStep) -> int:
    paths = [path for paths in step.work.expected() for path in paths]
    missing = [path for path in paths if not Path(path).is_file()]
    for path in missing:
        say.data(path)
    say.talk(f"{figures.count(len(missing), 'file')} of {len(paths):,} to be made")
    return exits.COMPLETE
