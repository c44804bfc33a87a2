"""What commands have in common: the destination, datasets, sizes and lengths of time."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from wizard.errors import UsageError
from wizard.headless.completing import complete_datasets
from wizard.headless.terminal import say

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?(?:/s)?", re.IGNORECASE)
LARGEST_NUMBER = 2**62
"""What a number on the command line may be at most."""
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)", re.IGNORECASE)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class GivenPath(click.Path):
    """A path on the command line, as a ``Path``; an empty one is refused.

    An empty variable of a script would else stand for the folder one is in.
    """

    def __init__(self, *, exists: bool = False, files: bool = True, folders: bool = True) -> None:
        super().__init__(exists=exists, file_okay=files, dir_okay=folders, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, a home told by ``~`` in it; fails for an empty one."""
        if not str(value):
            self.fail("the path is empty", param, ctx)
        try:
            home = Path(value).expanduser()
        except RuntimeError:  # nobody's home: a name that begins so
            home = Path.cwd() / value
        return super().convert(home, param, ctx)


class JobCommand(click.Command):
    """A command that works: when nobody reads its output any more it goes on without."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it to its true end."""
        with say.unheard():
            return super().invoke(ctx)


def parse_size(text: str) -> int:
    """Return bytes of ``500k``, ``20MB`` or ``1.5 GiB``; raises ``UsageError``."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no size", hint="write it like 500k, 20MB or 1.5GiB")
    power = " kmgt".index(match[2].lower() or " ")
    size = float(match[1]) * (1024 if match[3] else 1000) ** power
    if size > LARGEST_NUMBER:
        raise UsageError(f"{text[:40]!r} is more than any disk holds")
    return int(size)


def parse_span(text: str) -> float:
    """Return seconds of ``90``, ``30m``, ``8h`` or ``2d``; raises ``UsageError``."""
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no length of time", hint="write it like 30m, 8h or 2d")
    seconds = float(match[1]) * _SECONDS[match[2].lower()]
    if seconds > LARGEST_NUMBER:
        raise UsageError(f"{text[:40]!r} is longer than anybody waits")
    return seconds


def as_size(_context: click.Context, _parameter: click.Parameter, value: str) -> int:
    """Parse an option as a size, in bytes."""
    return parse_size(value)


def as_span(_context: click.Context, _parameter: click.Parameter, value: str) -> float:
    """Parse an option as a length of time, in seconds."""
    return parse_span(value)


def dest_option(command: CommandT) -> CommandT:
    """Add ``--dest``."""
    return click.option(
        "--dest",
        type=GivenPath(),
        required=True,
        envvar="SEGWIZARD_DEST",
        help="Folder the collection is set up in.",
    )(command)


_LISTS = ("--only", "--without")
_GIVEN = "segwizard.given"
"""Where the words of a command stand in its context."""


class ListCommand(click.Command):
    """A command whose ``--only`` and ``--without`` take every word up to the next option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words after writing each listed name with its option."""
        ctx.meta[_GIVEN] = tuple(args)
        return super().parse_args(ctx, spread(args))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer one more dataset behind the first of a list."""
        options = [word for word in ctx.meta.get(_GIVEN, ()) if word.startswith("-")]
        if options and options[-1] in _LISTS and not incomplete.startswith("-"):
            return complete_datasets(ctx, None, incomplete)
        return super().shell_complete(ctx, incomplete)


class ListJob(ListCommand, JobCommand):
    """A job with such lists."""


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
            option,
            multiple=True,
            metavar="DATASET...",
            callback=_names,
            shell_complete=complete_datasets,
            help=text,
        )(command)
    return command


def site_option(command: CommandT) -> CommandT:
    """Add ``--site``: a site file instead of the user's or the machine's."""
    return click.option(
        "--site",
        type=GivenPath(folders=False),
        help="Site file with your own mirrors, sizes, hashes and limits.",
    )(command)


def shard_option(command: CommandT) -> CommandT:
    """Add ``--shard``, which arrives as text."""
    return click.option(
        "--shard",
        metavar="I/N",
        default="",
        help="Do one of N parts, counted from 0, beside runs that do the others.",
    )(command)


def json_option(command: CommandT) -> CommandT:
    """Add ``--json``, which arrives as ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Write JSON to stdout.")(command)
