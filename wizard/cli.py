"""The command line: names, one-line helps, and which module holds each command.

A command's module is imported when it is used, so ``--help`` costs next to nothing.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import click

from wizard import __version__
from wizard.headless.exits import EPILOG, USAGE


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives."""

    module: str
    about: str
    hidden: bool = False
    command: str = "command"
    """Its name in the module."""


COMMANDS: Mapping[str, Entry] = {
    "run": Entry("wizard.headless.run", "Set up a collection, or go on with it."),
    "demo": Entry("wizard.headless.demo", "Watch a whole install of a miniature collection."),
    "plan": Entry("wizard.headless.plans", "Show datasets, archives, sizes and waiting times."),
    "status": Entry("wizard.headless.status", "Show every step: done, partial, waiting, locked."),
    "verify": Entry("wizard.headless.verify", "Prove every path, label and relabelled segment."),
    "make": Entry("wizard.headless.make", "Make one step's labels or weights, or list them."),
    "segfix": Entry("wizard.headless.segfix", "Refine predicted labels by SegFix offsets."),
    "attach": Entry("wizard.headless.attach", "Watch and steer a run in another terminal."),
    "pause": Entry("wizard.headless.control", "Pause a run, or one archive.", command="pause"),
    "resume": Entry("wizard.headless.control", "Go on with what was paused.", command="resume"),
    "retry": Entry("wizard.headless.control", "Try failed steps again.", command="retry"),
    "stop": Entry("wizard.headless.control", "Stop a run cleanly.", command="stop"),
    "log": Entry("wizard.headless.show", "Print the newest lines of the log.", command="log"),
    "show": Entry("wizard.headless.show", "Print what was copied on screen.", command="show"),
    "recipes": Entry("wizard.headless.recipes", "List the collections."),
    "site": Entry("wizard.headless.sites", "Point a recipe at your own mirror."),
    "credentials": Entry("wizard.headless.credentials", "Show, set, test and clear credentials."),
    "link": Entry("wizard.headless.links", "Give a link you were mailed or copied."),
    "import": Entry("wizard.headless.imports", "Take in a file you downloaded by hand."),
    "_serve": Entry("wizard.headless.serve", "Run in the background.", hidden=True),
}


class Commands(click.Group):
    """A group whose commands are imported when asked for by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of a first use."""
        return [name for name, entry in COMMANDS.items() if not entry.hidden]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        found = vars(importlib.import_module(entry.module))[entry.command]
        if not isinstance(found, click.Command):
            raise TypeError(f"{entry.module}.{entry.command} is no command")
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list from the table above, importing nothing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].about) for name in self.list_commands(ctx)])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command, suggesting the nearest name for one that is not there."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = _nearest(args[0], self.list_commands(ctx))
            if not near:
                raise
            message = f"{error.format_message()} Did you mean {near!r}?"
            raise click.UsageError(message, ctx) from None


def _nearest(name: str, names: Sequence[str]) -> str:
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, names, n=1)), "")


@click.group(
    cls=Commands,
    epilog=EPILOG,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="segwizard")
@click.option("--dest", type=click.Path(path_type=Path), help="Open the wizard at this folder.")
@click.pass_context
def cli(context: click.Context, *, dest: Path | None) -> None:
    """From an empty disk to verified segmentation datasets.

    Without a command, in a terminal, the wizard opens on screen; an install that runs in another
    terminal is shown live.
    """
    context.obj = open_screen
    if context.invoked_subcommand is None:
        _open_wizard(context, dest)
    elif dest is not None:
        raise click.UsageError(f"--dest comes after {context.invoked_subcommand}", context)


def _open_wizard(context: click.Context, dest: Path | None) -> NoReturn:
    """Open the wizard on screen, or show the help where nothing can be drawn."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        click.echo(context.get_help(), err=True)
        context.exit(USAGE)
    context.exit(open_screen(dest.expanduser().absolute() if dest else None))


def open_screen(dest: Path | None = None) -> int:
    """Open the wizard on screen, at an install if one is named; return the exit code.

    Handed to commands as click's object: they never import the screen themselves.
    """
    from wizard.tui.app import run

    return run(dest=dest)


def invoke(arguments: Sequence[str] | None = None) -> Any:
    """Run the command line without leaving the process; errors are raised, codes returned."""
    return cli.main(
        args=None if arguments is None else list(arguments),
        prog_name="segwizard",
        standalone_mode=False,
    )
