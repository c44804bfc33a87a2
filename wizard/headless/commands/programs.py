"""``segwizard schema``, ``completion`` and ``man``: what other programs take of this one."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import click
from click.shell_completion import get_completion_class

from wizard.app.schemas import SCHEMA_VERSION, published_schema, published_schemas
from wizard.headless.terminal import say
from wizard.version import __version__

SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_SEGWIZARD_COMPLETE"
"""What click is asked by."""
_WIDTH = 78


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes SHELL complete commands, options, collections, datasets and sites.

    In .bashrc, or in .zshrc after compinit: eval "$(segwizard completion bash)". For fish, write
    it to ~/.config/fish/completions/segwizard.fish.
    """
    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(context.find_root().command, {}, "segwizard", _VARIABLE).source()
    say.data(script.rstrip("\n"), several=True)


@click.command("schema")
@click.argument("command", nargs=-1)
def schema(command: tuple[str, ...]) -> None:
    """Print the JSON Schema of what COMMAND writes with --json; alone, list the commands.

    Readers have to take fields they do not know. The version is raised when a field is renamed,
    taken away or means something else.
    """
    if command:
        say.data(published_schema(" ".join(command)), several=True)
        return
    for name in published_schemas():
        say.data(name)
    say.talk(f"Version {SCHEMA_VERSION}; segwizard schema COMMAND prints one.")


@click.command("man")
@click.pass_context
def man(context: click.Context) -> None:
    """Print the manual page: the help of every command, in the form that man reads.

    Write it to ~/.local/share/man/man1/segwizard.1, where man finds it.
    """
    say.data("\n".join(_page(context.find_root())), several=True)


def _page(root: click.Context) -> Iterator[str]:
    yield f'.TH SEGWIZARD 1 "" "segwizard {__version__}" "User Commands"'
    yield ".SH NAME"
    yield r"segwizard \- from an empty disk to verified segmentation datasets"
    yield ".SH SYNOPSIS"
    yield from _verbatim(root.command.get_usage(root).removeprefix("Usage: "))
    yield ".SH DESCRIPTION"
    yield from _verbatim(_help(root))
    yield ".SH COMMANDS"
    for name, context in _below(root):
        yield f".SS {_roff(name)}"
        yield from _verbatim(_help(context))


def _below(parent: click.Context) -> Iterator[tuple[str, click.Context]]:
    """Yield every command below one with its words, a group before what it holds."""
    group = parent.command
    if not isinstance(group, click.Group):
        return
    for name in group.list_commands(parent):
        command = group.get_command(parent, name)
        if command is not None and not command.hidden:
            context = click.Context(command, parent, name, terminal_width=_WIDTH)
            yield context.command_path, context
            yield from _below(context)


def _help(context: click.Context) -> str:
    context.terminal_width = context.max_content_width = _WIDTH
    return context.command.get_help(context)


def _verbatim(text: str) -> Iterator[str]:
    yield ".nf"
    yield from (_roff(line) for line in textwrap.dedent(text).splitlines())
    yield ".fi"


def _roff(line: str) -> str:
    """Return a line that roff prints as it is."""
    line = line.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{line}" if line.startswith((".", "'")) else line
