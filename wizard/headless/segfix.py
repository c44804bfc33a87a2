"""``segwizard segfix``: refine predicted Cityscapes labels or instances, without PyTorch."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from wizard import figures
from wizard.engine.batch import Crew, grouped, run_batch
from wizard.engine.opening import usable_workers
from wizard.errors import UsageError
from wizard.headless import exits, say
from wizard.headless.signals import interruptible
from wizard.labels.segfix import DEFAULT_SCALE, SegFixWork, output_folder
from wizard.labels.segfix_instances import DEFAULT_SCALE as INSTANCE_SCALE
from wizard.labels.segfix_instances import InstanceFixWork
from wizard.progress import CancelToken, Counter
from wizard.work import Finding

_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command(name="segfix", epilog=exits.EPILOG)
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
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the refined labels; default: label_w_segfix beside or inside PRED_DIR.",
)
@click.option("--workers", type=click.IntRange(min=1), help="Processors to use.")
def command(
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
    into = out or output_folder(pred_dir)
    if into.resolve() == pred_dir.resolve():
        raise UsageError("the refined labels would replace the predictions", hint="name another -o")
    work: SegFixWork | InstanceFixWork
    if instances:
        work = InstanceFixWork(pred_dir, offsets, into, INSTANCE_SCALE if scale is None else scale)
    else:
        work = SegFixWork(pred_dir, offsets, into, DEFAULT_SCALE if scale is None else scale)
    findings, items = [*work.start()], work.items()
    with interruptible(), tempfile.TemporaryDirectory() as scratch:
        crew = Crew(workers or usable_workers(), "threads", "", Path(scratch))
        findings += run_batch(work, items, crew=crew, counter=Counter(), token=CancelToken())
    return _conclude(findings, len(items), into, "frame" if instances else "label")


def _conclude(findings: list[Finding], labels: int, into: Path, noun: str) -> int:
    for group in grouped(findings):
        say.talk(f"{group.cause} ({group.count:,}): {group.hint}")
        for example in group.examples:
            say.talk(f"    {example}")
    broken = sum(finding.cause != "no-offsets" for finding in findings)
    say.data(f"{figures.count(labels - broken, noun)} refined in {into}")
    return exits.FAILED if findings or not labels else exits.COMPLETE
