"""``segwizard make`` and ``segwizard segfix``: labels made or refined outside a run."""

from __future__ import annotations

from pathlib import Path

import click

from wizard import figures
from wizard.app import proving
from wizard.app.opening import found, usable_workers
from wizard.app.proving import chosen_for_work, refine
from wizard.headless import exits
from wizard.headless.options import GivenPath, JobCommand, dest_option, site_option
from wizard.headless.terminal import say
from wizard.headless.terminal.signals import interruptible


@click.command(name="make", cls=JobCommand)
@click.argument("step")
@dest_option
@site_option
@click.option("--workers", type=click.IntRange(min=1), help="Processors to use.")
@click.option("--dry-run", is_flag=True, help="Only print what is missing; write nothing.")
def make(*, step: str, dest: Path, site: Path | None, workers: int | None, dry_run: bool) -> int:
    """Make the labels or weights of one STEP, such as pascal-5i/weights, of the install at --dest.

    What is there already is left alone. With --dry-run the path of every missing file is printed
    and nothing is computed.
    """
    choices = found(dest.expanduser(), "", site)
    choices = chosen_for_work(choices, workers or usable_workers())
    with interruptible():
        made = proving.make(choices, step, dry_run=dry_run)
    if dry_run:
        for path in made.missing:
            say.data(path)
        say.talk(f"{figures.count(len(made.missing), 'file')} of {made.total:,} to be made")
        return exits.COMPLETE
    say.data(f"{figures.count(made.done, made.unit.rstrip('s'))} in place")
    return exits.COMPLETE


_FOLDER = GivenPath(exists=True, files=False)


@click.command(name="segfix", cls=JobCommand)
@click.argument("pred_dir", type=_FOLDER)
@click.option("--offsets", type=_FOLDER, required=True, help="Folder with the frames' .mat files.")
@click.option(
    "--scale",
    type=click.FloatRange(min=0),
    help="Pixels that one unit of an offset stands for; default: 2, for instances 1.",
)
@click.option(
    "--instances", is_flag=True, help="PRED_DIR holds instance masks and <frame>_pred.txt files."
)
@click.option(
    "-o",
    "--out",
    type=GivenPath(files=False),
    help="Folder for the refined labels; default: label_w_segfix beside or inside PRED_DIR.",
)
@click.option("--workers", type=click.IntRange(min=1), help="Processors to use.")
def segfix(
    *,
    pred_dir: Path,
    offsets: Path,
    scale: float | None,
    instances: bool,
    out: Path | None,
    workers: int | None,
) -> int:
    """Move the class borders of the label PNGs in PRED_DIR to where the offsets say.

    Labels are Cityscapes label ids, named like their frame. Classes that are not trained become
    255. One gather gives exactly what the published script gave when it was written.

    With --instances every mask that a <frame>_pred.txt lists is moved, and written as 0 and 255
    under its name; the index files are copied. Use the offsets of offset_instance.zip then.
    """
    with interruptible():
        refined = refine(
            pred_dir,
            offsets,
            out,
            scale=scale,
            instances=instances,
            workers=workers or usable_workers(),
        )
    for group in refined.groups:
        say.talk(f"{group.cause} ({group.count:,}): {group.hint}")
        for example in group.examples:
            say.talk(f"    {example}")
    noun = "frame" if instances else "label"
    done = refined.labels - refined.broken
    say.data(f"{figures.count(done, noun)} refined in {refined.folder}")
    return exits.FAILED if refined.groups or not refined.labels else exits.COMPLETE
