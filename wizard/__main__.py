"""Entry point: ``segwizard`` and ``python -m wizard``.

Imports next to nothing: a Ctrl+C that comes while the rest still loads has to find a handler.
"""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Not loaded, as the docstring says.
    from collections.abc import Sequence
    from types import FrameType
    from typing import NoReturn

_INTERRUPTED = 130
_WORDS = b"error: interrupted\nhint: what was finished stays; run the command again to go on\n"
_LOADING = "<frozen importlib"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code; no traceback gets past here."""
    heard = signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
    if heard:
        signal.signal(signal.SIGINT, _leave)
    # Behind the handler: loading takes as long as a tired hand needs to think again.
    from wizard import entry

    if heard:
        signal.signal(signal.SIGINT, interrupt)
    try:
        code = entry.exit_code(arguments)
    except KeyboardInterrupt:  # the second, while the first is being told
        _leave()
    if heard:
        signal.signal(signal.SIGINT, lambda *_: os._exit(code))
    entry.end(code)


def interrupt(number: int, frame: FrameType | None) -> None:
    """Raise ``KeyboardInterrupt`` for Ctrl+C, or leave at once where modules are being loaded.

    Python prints what strikes its own machinery, and may keep a module that is half there.
    """
    while frame is not None:
        if frame.f_code.co_filename.startswith(_LOADING):
            _leave()
        frame = frame.f_back
    raise KeyboardInterrupt


def _leave(*_: object) -> NoReturn:
    try:
        os.write(2, _WORDS)
    finally:
        os._exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
