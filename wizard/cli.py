"""The command line: names, one-line helps, and which module holds each command.

A command's module is imported when it is used, so ``--help`` costs next to nothing.
"""

from __future__ import annotations

import importlib
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from wizard import environment
from wizard.headless import exits
from wizard.headless.options import GivenPath
from wizard.version import __version__

if TYPE_CHECKING:
    from wizard.app.app import App


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives: a module of ``headless.commands``."""

    module: str
    about: str
    hidden: bool = False
    command: str = "command"
    """Its name in the module."""


COMMANDS: Mapping[str, Entry] = {
    "run": Entry("run", "Set up a collection, or go on with it."),
    "demo": Entry("demo", "Watch a whole install of a miniature collection."),
    "plan": Entry("plans", "Show datasets, archives, sizes and waiting times."),
    "status": Entry("status", "Show every step: done, partial, waiting, locked."),
    "verify": Entry("verify", "Prove every path, label and relabelled segment."),
    "sbatch": Entry("sbatch", "Print a script that has Slurm install by shards."),
    "make": Entry("labels", "Make one step's labels or weights, or list them.", command="make"),
    "segfix": Entry("labels", "Refine predicted labels by SegFix offsets.", command="segfix"),
    "attach": Entry("attach", "Watch and steer a run in another terminal."),
    "pause": Entry("control", "Pause a run, or one archive.", command="pause"),
    "resume": Entry("control", "Go on with what was paused.", command="resume"),
    "retry": Entry("control", "Try failed steps again.", command="retry"),
    "stop": Entry("control", "Stop a run cleanly.", command="stop"),
    "log": Entry("attach", "Print the newest lines of the log.", command="log"),
    "show": Entry("attach", "Print what was copied on screen.", command="copied"),
    "path": Entry("library", "Print where a dataset's images and labels lie.", command="path"),
    "env": Entry("library", "Print the variables training code reads.", command="env"),
    "manifest": Entry("manifest", "Write or check an install's checksums.", command="manifest"),
    "compare": Entry("manifest", "Tell what differs between two installs.", command="compare"),
    "recipes": Entry("recipes", "List the collections."),
    "sources": Entry("sources", "Show where archives come from; ask every address."),
    "site": Entry("sites", "Point a recipe at your own mirror."),
    "credentials": Entry("credentials", "Show, set, test and clear credentials."),
    "link": Entry("bringing", "Give a link you were mailed or copied.", command="link"),
    "masks": Entry("bringing", "Give masks of relabel records to another lab.", command="masks"),
    "import": Entry("bringing", "Take in a file you downloaded by hand.", command="import_"),
    "schema": Entry("programs", "Show what a command's JSON looks like.", command="schema"),
    "completion": Entry("programs", "Print what makes TAB complete names.", command="completion"),
    "man": Entry("programs", "Print the manual page.", command="man"),
    "doctor": Entry("doctor", "Show what a report of a fault needs."),
    "_serve": Entry("control", "Run in the background.", hidden=True, command="background"),
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
        found = vars(importlib.import_module(f"wizard.headless.commands.{entry.module}"))[
            entry.command
        ]
        if not isinstance(found, click.Command):
            raise TypeError(f"{entry.module}.{entry.command} is no command")
        _tell_codes(found, cmd_name)
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


def _tell_codes(command: click.Command, words: str) -> None:
    """Have the help of a command, and of those below it, tell their exit codes."""
    command.epilog = exits.epilog(words)
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            _tell_codes(below, f"{words} {name}")


def _nearest(name: str, names: Sequence[str]) -> str:
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, names, n=1)), "")


@click.group(
    cls=Commands,
    epilog=exits.epilog(""),
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="segwizard")
@click.option("--dest", type=GivenPath(), help="Open the wizard at this folder.")
@click.option("--site", type=GivenPath(folders=False), help="Site file for the wizard on screen.")
@click.option("--plain", is_flag=True, help="Ask line by line instead of drawing a screen.")
@click.pass_context
def cli(context: click.Context, *, dest: Path | None, site: Path | None, plain: bool) -> None:
    """From an empty disk to verified segmentation datasets.

    Without a command, in a terminal, the wizard opens on screen; an install that runs in another
    terminal is shown live. --plain asks the same line by line.
    """
    context.obj = open_screen
    if context.invoked_subcommand is None:
        _open_wizard(context, dest, site, plain=plain)
    elif dest is not None or site is not None or plain:
        early = "--dest" if dest is not None else "--site" if site is not None else "--plain"
        raise click.UsageError(f"{early} comes after {context.invoked_subcommand}", context)


def _open_wizard(
    context: click.Context, dest: Path | None, site: Path | None, *, plain: bool
) -> NoReturn:
    """Open the wizard on screen or line by line, or show the help where nobody can answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        click.echo(context.get_help(), err=True)
        context.exit(exits.USAGE)
    dest = dest.expanduser().absolute() if dest else None
    if plain or environment.variable("TERM") == "dumb":
        context.exit(_walk(dest, site))
    context.exit(open_screen(dest, site))


def _walk(dest: Path | None, site: Path | None) -> int:
    # As in ``open_screen``.
    from wizard.app.app import App
    from wizard.headless.pages import walk_pages

    return walk_pages(App(site=site.expanduser().absolute() if site else None), dest)


def open_screen(
    dest: Path | None = None,
    site: Path | None = None,
    app: App | None = None,
    collection: str = "",
) -> int:
    """Open the wizard on screen, at an install if one is named; return the exit code.

    Handed to commands as click's object: they never import the screen themselves. ``app`` takes
    the place of the person's own, as in a rehearsal.
    """
    # Here, as no other command may wait for the screen or the engine to be imported.
    from wizard.tui.app import run

    # What runs a screen's tasks takes Ctrl+C over from this handler alone.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if app is not None or site is None:
        return run(app, dest=dest, collection=collection)
    from wizard.app.app import App

    return run(App(site=site.expanduser().absolute()), dest=dest)


def invoke(arguments: Sequence[str] | None = None) -> Any:
    """Run the command line without leaving the process; errors are raised, codes returned."""
    return cli.main(
        args=None if arguments is None else list(arguments),
        prog_name="segwizard",
        standalone_mode=False,
    )
