"""Entry point: ``segwizard`` and ``python -m wizard``; no traceback gets past here."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Sequence
from typing import TextIO

import click

from wizard.errors import WizardError
from wizard.headless.exits import COMPLETE, FAULT, INTERRUPTED


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    _ready_streams()
    code = exit_code(arguments)
    try:
        sys.stdout.flush()
    except OSError:
        _let_go_of_output()
    sys.exit(code)


def _ready_streams() -> None:
    """Let no closed stream, and no letter that a terminal's encoding lacks, end a command."""
    # In this order each takes its own closed descriptor, which no file may get instead.
    sys.stdin = sys.stdin or _nothing(os.O_RDONLY, "r")
    sys.stdout = sys.stdout or _nothing(os.O_WRONLY, "w")
    sys.stderr = sys.stderr or _nothing(os.O_WRONLY, "w")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _nothing(way: int, mode: str) -> TextIO:
    return io.TextIOWrapper(io.FileIO(os.open(os.devnull, way), mode))


def exit_code(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; errors become one sentence and a hint."""
    from wizard.cli import invoke

    try:
        result = invoke(arguments)
    except WizardError as error:
        _tell(str(error), error.hint)
        return error.exit_code
    except click.ClickException as error:
        _tell(error.format_message(), _usage_hint(error))
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _tell("interrupted", "what was finished stays; run the command again to go on")
        return INTERRUPTED
    except SystemExit:  # how click leaves when nobody reads the output any more
        _let_go_of_output()
        return COMPLETE
    except Exception as error:  # noqa: BLE001  # the last line of defence
        return _fault(error)
    return result if isinstance(result, int) else COMPLETE


def _tell(message: str, hint: str = "") -> None:
    with contextlib.suppress(OSError):
        click.echo(f"error: {message}", err=True)
        for line in hint.splitlines():
            click.echo(f"hint: {line}", err=True)


def _usage_hint(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{context.command_path} --help tells how" if context else ""


def _fault(error: Exception) -> int:
    """Write down an error nobody foresaw, without the values around it, and say where."""
    from wizard.headless.crash import write_crash

    place = write_crash(error)
    where = f"please report it with the file {place}" if place else "please report it"
    _tell(f"segwizard met a fault of its own: {type(error).__name__}", where)
    return FAULT


def _let_go_of_output() -> None:
    """Point standard output at nothing, so that leaving does not trip over the closed pipe."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
