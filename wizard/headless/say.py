"""Output: data to stdout, talk to stderr, JSON with every field in it."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from wizard.errors import WizardError


class OutputError(WizardError):
    """Standard output takes nothing more: its disk is full, its terminal was hung up."""


def data(text: str = "") -> None:
    """Print what was asked for; raises ``OutputError`` when it cannot be written."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(
            f"the output cannot be written: {error.strerror}",
            hint="see where it is sent; what was done so far stays",
        ) from None


def talk(text: str = "") -> None:
    """Print what accompanies it."""
    raw(f"{text}\n")


def raw(text: str) -> None:
    """Write to stderr as it is; a terminal that was hung up loses talk, never the run."""
    with contextlib.suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()


def json_data(value: Any, *, indent: int = 2) -> None:
    """Print a value as JSON, defaults included; ``indent`` 0 puts it on one line.

    In ASCII, which no locale spoils.
    """
    plain = msgspec.to_builtins(complete(value))
    separators = None if indent else (",", ":")
    data(json.dumps(plain, indent=indent or None, separators=separators))


def complete(value: Any) -> Any:
    """Return structs as dictionaries with every field, also those that hold their default.

    Readers of ``--json`` should not have to know defaults; the socket saves them.
    """
    if isinstance(value, msgspec.Struct):
        fields = {name: complete(each) for name, each in msgspec.structs.asdict(value).items()}
        tag = value.__struct_config__
        return {tag.tag_field: tag.tag, **fields} if tag.tag_field else fields
    if isinstance(value, Mapping):
        return {name: complete(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [complete(each) for each in value]
    return str(value) if isinstance(value, Path) else value
