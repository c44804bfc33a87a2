"""``segwizard sbatch``: the script that has Slurm set up a collection by shards."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from wizard.app.app import App
from wizard.app.opening import MOST, open_install
from wizard.errors import UsageError
from wizard.headless import exits
from wizard.headless.commands.run import command as run
from wizard.headless.options import ListCommand
from wizard.headless.terminal import say

_PLACED = frozenset({"collection", "dest"})
_SENSELESS = frozenset({"shard", "detach", "plain", "as_json"})
"""Options of a run that the script sets itself, or that make no sense in a job."""
_HEAD = """\
#!/bin/bash
# Queues {shards} shards and, after them, a run of the whole for what they leave. On a node where
# sbatch is: bash THIS-FILE
set -euo pipefail
array=$(sbatch --parsable <<'END-OF-SHARD'
"""
_BETWEEN = """\
END-OF-SHARD
)
sbatch --dependency=afterany:"${array%%;*}" <<'END-OF-WHOLE'
"""


def _fitting(form: str) -> Callable[[click.Context, click.Parameter, str], str]:
    """Return what refuses a value that could not stand in the script as it is."""

    def convert(_context: click.Context, parameter: click.Parameter, value: str) -> str:
        if value and not re.fullmatch(form, value, re.ASCII):
            raise UsageError(f"{parameter.opts[0]}: {value[:40]!r} is nothing that sbatch takes")
        return value

    return convert


_NAME = _fitting(r"[\w.+@-]{1,80}")


@click.command(name="sbatch", cls=ListCommand)
@click.option(
    "--shards", type=click.IntRange(1, MOST), required=True, help="Jobs to divide the work among."
)
@click.option(
    "--time",
    "limit",
    callback=_fitting(r"\d{1,6}(-\d{1,2})?(:\d{1,2}){0,2}"),
    default="12:00:00",
    show_default=True,
    help="Limit of each job, as Slurm writes it.",
)
@click.option("--cpus", type=click.IntRange(1), default=16, show_default=True, help="Of each job.")
@click.option(
    "--mem",
    callback=_fitting(r"\d{1,9}[KMGT]?"),
    default="16G",
    show_default=True,
    help="Memory of each job.",
)
@click.option("--partition", callback=_NAME, default="", help="Where the jobs go.")
@click.option("--account", callback=_NAME, default="", help="Who is charged.")
@click.pass_context
def command(
    context: click.Context,
    /,
    *,
    shards: int,
    limit: str,
    cpus: int,
    mem: str,
    partition: str,
    account: str,
    collection: str,
    dest: Path,
    only: tuple[str, ...],
    without: tuple[str, ...],
    site: Path | None,
    **_: Any,
) -> int:
    """Print a script that has Slurm set up COLLECTION below --dest, on a disk all nodes share.

    Given to bash, it queues an array of --shards jobs, each with its part, and a job that runs
    after all of them for what they leave. Options of run go into both. Jobs are told before their
    limit, put down what they began, and are queued again where a node fails.
    """
    choices = App(site=site).choose(collection, dest, only, without)
    open_install(choices)
    words = ["segwizard", "run", choices.collection, "--dest", str(choices.dest), "--plain"]
    words += _carried(context, run.params)
    if any(not word.isprintable() for word in words):
        raise UsageError("a path or name holds a control character, which no script may hold")
    lines = _directives(limit, cpus, mem, partition, account)
    workers = [] if "workers" in _given(context) else ['--workers "$SLURM_CPUS_PER_TASK"']
    line = " ".join(("exec", shlex.join(words), *workers))
    job = "\n".join(("#!/bin/bash", "#SBATCH --job-name=segwizard{array}", *lines))
    shard = f'{line} --shard "$SLURM_ARRAY_TASK_ID/{shards}"'
    text = _HEAD.format(shards=shards)
    text += f"{job.format(array=f' --array=0-{shards - 1}')}\n{shard}\n"
    text += f"{_BETWEEN}{job.format(array='')}\n{line}\nEND-OF-WHOLE"
    say.data(text, several=True)
    if "yes" not in _given(context):
        say.talk("nobody answers a job: give --yes, or accept all terms before with segwizard run")
    return exits.COMPLETE


command.params += [each for each in run.params if each.name not in _SENSELESS]


def _directives(limit: str, cpus: int, mem: str, partition: str, account: str) -> Iterator[str]:
    yield f"#SBATCH --time={limit} --cpus-per-task={cpus} --mem={mem}"
    yield "#SBATCH --signal=B:TERM@120 --requeue --open-mode=append"
    if partition:
        yield f"#SBATCH --partition={partition}"
    if account:
        yield f"#SBATCH --account={account}"


def _given(context: click.Context) -> set[str]:
    """Return the names of what was said, on the line or by a variable."""
    said = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)
    return {name for name in context.params if context.get_parameter_source(name) in said}


def _carried(context: click.Context, parameters: Iterable[click.Parameter]) -> Iterator[str]:
    """Yield the words of a run's options as they were given."""
    given = _given(context)
    for each in parameters:
        if each.name is None or each.name in _PLACED | _SENSELESS or each.name not in given:
            continue
        value = context.params[each.name]
        if isinstance(value, bool):
            yield each.opts[0] if value else each.secondary_opts[0]
            continue
        if isinstance(value, tuple):
            value = ",".join(value)
        if isinstance(value, Path):
            value = value.absolute()
        yield f"{each.opts[0]}={value}"
