"""Data goes to stdout, whole and alone; talk goes to stderr."""

from __future__ import annotations

from typing import Any

import click
import msgspec


def write_json(data: Any) -> None:
    """Write structs or plain data as indented JSON to stdout."""
    click.echo(msgspec.json.format(msgspec.json.encode(data), indent=2).decode())


def talk(text: str) -> None:
    """Say something to the person at the terminal without touching the data."""
    click.echo(text, err=True)
