"""Output: data to stdout, talk to stderr, JSON with every field in it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from wizard.errors import WizardError, reason_of
from wizard.harmless import harmless, harmless_line


class OutputError(WizardError):
    """Standard output takes nothing more: its disk is full, its terminal was hung up."""


_working = False


@contextlib.contextmanager
def unheard() -> Iterator[None]:
    """Let output that nobody takes any more end in silence within the block, never the work."""
    global _working
    before, _working = _working, True
    try:
        yield
    finally:
        _working = before


def data(text: str = "", *, several: bool = False) -> None:
    """Print what was asked for: one line, or ``several`` that are known to be of our making.

    Raises ``OutputError`` when it cannot be written and ``BrokenPipeError`` when nobody reads any
    more, but of a job, which goes on without output.
    """
    _print(harmless(text) if several else harmless_line(text))


def row(*cells: str) -> None:
    """Print cells with a tab between them, as scripts read them; a terminal gets them cleaned."""
    clean = sys.stdout.isatty()
    _print("\t".join(harmless_line(cell) if clean else cell for cell in cells))


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except OSError as error:
        if _working:
            _go_on_unheard(error)
        elif isinstance(error, BrokenPipeError):
            raise
        else:
            raise OutputError(
                f"the output cannot be written: {reason_of(error)}",
                hint="see where it is sent; what was done so far stays",
            ) from None


def _go_on_unheard(error: OSError) -> None:
    let_go_of_output()
    if not isinstance(error, BrokenPipeError):
        talk(f"note: the output cannot be written: {reason_of(error)}; going on without it")


def let_go_of_output() -> None:
    """Point standard output at nothing, so that nothing trips over a closed pipe or full disk."""
    with contextlib.suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


def talk(text: str = "", *, several: bool = False) -> None:
    """Print what accompanies it, as ``data`` does."""
    raw(f"{harmless(text) if several else harmless_line(text)}\n")


def fault(message: str, hint: str = "", *, indent: str = "") -> None:
    """Print what is wrong, and below it what to do, a line each."""
    talk(f"{indent}error: {message}")
    for line in hint.splitlines():
        talk(f"{indent}hint: {line}")


def raw(text: str) -> None:
    """Write to stderr as it is; a terminal that was hung up loses talk, never the run."""
    with contextlib.suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()


def rewrite(text: str) -> None:
    """Write a line on stderr over the one before, in a terminal; nothing clears it."""
    raw(f"\r\x1b[K{harmless_line(text)}")


def json_data(value: Any, *, indent: int = 2) -> None:
    """Print a value as JSON, defaults included; ``indent`` 0 puts it on one line.

    In ASCII, which no locale spoils.
    """
    # As in ``complete``.
    import msgspec

    plain = msgspec.to_builtins(complete(value))
    separators = None if indent else (",", ":")
    _print(json.dumps(plain, indent=indent or None, separators=separators))


_FOR_PEOPLE = frozenset(
    {"text", "ask", "how", "detail", "title", "hint", "error", "reason", "words", "note", "about"}
)
"""Fields that people read as they are; paths, names and addresses stay to the letter."""


def complete(value: Any) -> Any:
    """Return structs as dictionaries with every field, also those that hold their default.

    Readers of ``--json`` should not have to know defaults; the socket saves them.
    """
    # Here, as ``--help`` must not wait for it: a fifth of its time.
    import msgspec

    if isinstance(value, msgspec.Struct):
        fields = _shown(msgspec.structs.asdict(value))
        tag = value.__struct_config__
        return {tag.tag_field: tag.tag, **fields} if tag.tag_field else fields
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _shown({each.name: getattr(value, each.name) for each in dataclasses.fields(value)})
    if isinstance(value, Mapping):
        return _shown(value)
    if isinstance(value, list | tuple):
        return [complete(each) for each in value]
    return str(value) if isinstance(value, Path) else value


def _shown(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: harmless(each) if name in _FOR_PEOPLE and isinstance(each, str) else complete(each)
        for name, each in fields.items()
    }
