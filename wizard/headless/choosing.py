"""Choosing datasets on the command line: ``--only``, ``--without``, ``--site``, ``--json``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from wizard.errors import UsageError

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_LISTS = ("--only", "--without")


class ListCommand(click.Command):
    """A command whose ``--only`` and ``--without`` take every word up to the next option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words after writing each listed name with its option."""
        return super().parse_args(ctx, spread(args))


def spread(args: Sequence[str]) -> list[str]:
    """Return the words with ``--only a b`` written as ``--only a --only b``."""
    words: list[str] = []
    option, bare = "", False
    for word in args:
        if word.startswith("-"):
            words += [option] if bare else []
            option, bare = (word, True) if word in _LISTS else ("", False)
            words += [] if option else [word]
        elif option:
            words += [option, word]
            bare = False
        else:
            words.append(word)
    return words + ([option] if bare else [])


def _names(
    _context: click.Context, parameter: click.Parameter, value: Sequence[str]
) -> tuple[str, ...]:
    names = tuple(name.strip() for part in value for name in part.split(",") if name.strip())
    if value and not names:
        # An empty variable of a script must not choose the whole collection.
        raise UsageError(
            f"{parameter.opts[0]} names no dataset", hint="segwizard plan COLLECTION lists them"
        )
    return names


def choice_options(command: CommandT) -> CommandT:
    """Add ``--only`` and ``--without``, which arrive as tuples of names."""
    for option, text in (
        ("--without", "Leave these out; the install is then partial."),
        ("--only", "Only these datasets, and what they need."),
    ):
        command = click.option(
            option, multiple=True, metavar="DATASET...", callback=_names, help=text
        )(command)
    return command


def site_option(command: CommandT) -> CommandT:
    """Add ``--site``: a site file instead of the user's or the machine's."""
    return click.option(
        "--site",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Site file with your own mirrors, sizes, hashes and limits.",
    )(command)


def json_option(command: CommandT) -> CommandT:
    """Add ``--json``, which arrives as ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Write JSON to stdout.")(command)
