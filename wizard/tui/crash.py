"""What a crash says, and how blocking calls leave the screen's thread."""

from __future__ import annotations

import asyncio
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from rich.text import Text

ResultT = TypeVar("ResultT")


def report() -> Text:
    """The current exception as file, line and kind: no locals, no source, no message values."""
    error = sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1]
    if error is None:
        return Text("segwizard stopped for an unknown reason.")
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    said = [
        "segwizard hit a fault of its own and stopped. What was finished is kept; start it again",
        "to go on. If it happens again, please report these lines:",
        *lines,
        f"  {type(error).__module__}.{type(error).__name__}",
    ]
    return Text("\n".join(said))


async def in_thread(call: Callable[[], ResultT]) -> ResultT:
    """Run a blocking call on a daemon thread of its own.

    Daemon, so that a hanging keyring or server never keeps the program from ending; its own, so
    that it never waits for the toolkit's few worker threads.
    """
    result: Future[ResultT] = Future()
    # A caller that gives up must not make the thread fail when it has its answer.
    result.set_running_or_notify_cancel()

    def work() -> None:
        try:
            answer = call()
        except BaseException as error:
            result.set_exception(error)
        else:
            result.set_result(answer)

    threading.Thread(target=work, name="segwizard-call", daemon=True).start()
    return await asyncio.wrap_future(result)
