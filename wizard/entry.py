"""What stands around every command: its streams, its errors as sentences, its exit code."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn, TextIO

import click

from wizard import environment
from wizard.errors import WizardError
from wizard.headless.exits import COMPLETE, FAULT, INTERRUPTED
from wizard.headless.terminal import say
from wizard.state.notices import take_notices


def exit_code(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; errors become one sentence and a hint."""
    try:
        _ready_streams()
        code = _carried_out(arguments)
        _tell_damage()
    except KeyboardInterrupt:
        say.fault("interrupted", "what was finished stays; run the command again to go on")
        return INTERRUPTED
    return code


def end(code: int) -> NoReturn:
    """Leave the process, whether or not anybody still reads what it said."""
    try:
        sys.stdout.flush()
    except OSError:
        say.let_go_of_output()
    sys.exit(code)


def _ready_streams() -> None:
    """Let no closed stream, and no letter that a terminal's encoding lacks, end a command."""
    # In this order each takes its own closed descriptor, which no file may get instead.
    sys.stdin = sys.stdin or _nothing(os.O_RDONLY, "r")
    sys.stdout = sys.stdout or _nothing(os.O_WRONLY, "w")
    sys.stderr = sys.stderr or _nothing(os.O_WRONLY, "w")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _nothing(flags: int, mode: str) -> TextIO:
    return io.TextIOWrapper(io.FileIO(os.open(os.devnull, flags), mode))


def _carried_out(arguments: Sequence[str] | None) -> int:
    try:
        # Here, so that a start that fails says so without what failed to load.
        from wizard.cli import invoke

        _settle()
        result = invoke(arguments)
    except WizardError as error:
        say.fault(str(error), error.hint)
        return error.exit_code
    except click.Abort:  # what click makes of an interrupt
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        say.fault(error.format_message(), _usage_hint(error))
        return error.exit_code
    except SystemExit:  # how click leaves when nobody reads the output any more
        say.let_go_of_output()
        return COMPLETE
    except Exception as error:  # noqa: BLE001  # the last line of defence
        return _fault(error)
    return result if isinstance(result, int) else COMPLETE


def _settle() -> None:
    """Mend the environment, and tell what took the place of what."""
    for note in environment.settle_environment():
        say.talk(f"note: {note}")


def _tell_damage() -> None:
    """Say which of our own files could not be used, as far as no run has said so."""
    for notice in take_notices():
        say.talk(f"note: {notice}")


def _usage_hint(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{context.command_path} --help tells how" if context else ""


def _fault(error: Exception) -> int:
    """Write down an error nobody foresaw, without the values around it, and say where."""
    from wizard.engine.logs import write_crash

    place = write_crash(error)
    file = f" and the file {place}" if place else ""
    where = f"please report it with the output of 'segwizard doctor'{file}"
    say.fault(f"segwizard met a fault of its own: {type(error).__name__}", where)
    return FAULT
