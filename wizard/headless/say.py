"""Output: data to stdout, talk to stderr, JSON with every field in it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec


def data(text: str = "") -> None:
    """Print what was asked for."""
    print(text, flush=True)


def talk(text: str = "") -> None:
    """Print what accompanies it."""
    raw(f"{text}\n")


def raw(text: str) -> None:
    """Write to stderr as it is; a terminal that was hung up loses talk, never the run."""
    with contextlib.suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()


def json_data(value: Any, *, indent: int = 2) -> None:
    """Print a value as JSON, defaults included; ``indent`` 0 puts it on one line."""
    encoded = msgspec.json.encode(complete(value))
    data((msgspec.json.format(encoded, indent=indent) if indent else encoded).decode())


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
