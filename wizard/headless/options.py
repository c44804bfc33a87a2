"""The destination, sizes and lengths of time on the command line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from wizard.errors import UsageError

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?(?:/s)?", re.IGNORECASE)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)", re.IGNORECASE)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_size(text: str) -> int:
    """Return bytes of ``500k``, ``20MB`` or ``1.5 GiB``; raises ``UsageError``."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no size", hint="write it like 500k, 20MB or 1.5GiB")
    power = " kmgt".index(match[2].lower() or " ")
    return int(float(match[1]) * (1024 if match[3] else 1000) ** power)


def parse_span(text: str) -> float:
    """Return seconds of ``90``, ``30m``, ``8h`` or ``2d``; raises ``UsageError``."""
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no length of time", hint="write it like 30m, 8h or 2d")
    return float(match[1]) * _SECONDS[match[2].lower()]


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
        type=click.Path(path_type=Path),
        required=True,
        envvar="SEGWIZARD_DEST",
        help="Folder the collection is set up in.",
    )(command)
