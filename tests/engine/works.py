"""Works for the tests of batches; in a module, so that they travel to other processes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wizard.errors import LabelError
from wizard.findings import Finding
from wizard.labels.lazy import Lazy
from wizard.work import Item, Report


@dataclass(frozen=True, slots=True)
class Numbers:
    """Writes a file per number; some numbers misbehave."""

    folder: Path
    count: int
    pause: float = 0.0
    broken: tuple[int, ...] = ()
    odd: tuple[int, ...] = ()
    crash: tuple[int, ...] = ()
    full: tuple[int, ...] = ()
    deadly: tuple[int, ...] = ()
    """Kill the process that works on them."""
    once: bool = False
    """Kill only the first process."""
    stdin: bool = False
    """Write what can be read from the standard input."""
    unit: str = "numbers"
    _loads: Lazy[int] = field(default_factory=Lazy, compare=False, repr=False)

    def items(self) -> Sequence[Item]:
        return [Item(str(number), (self.folder / str(number),)) for number in range(self.count)]

    def process(self, item: Item) -> Report:
        number = int(item.key)
        self._loads.get(self._load)
        time.sleep(self.pause)
        if number in self.broken:
            raise LabelError("broken", cause="broken-number", where=item.key, hint="mend it")
        if number in self.crash:
            raise KeyError(number)
        if number in self.full:
            raise OSError(28, "No space left on device", item.key)
        if number in self.deadly and self._dies():
            os.kill(os.getpid(), signal.SIGKILL)
        said = f"stdin: {os.read(0, 99).decode()!r}" if self.stdin else None
        item.outputs[0].write_text(said or f"{os.getpid()} {threading.get_ident()}")
        found = Finding("odd-number", item.key, "is odd", fatal=False)
        return Report((found,) if number in self.odd else ())

    def _dies(self) -> bool:
        if not self.once:
            return True
        try:
            (self.folder / "died").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def _load(self) -> int:
        (self.folder / f"loaded-{os.getpid()}-{time.monotonic_ns()}").touch()
        return os.getpid()

    def made(self) -> set[int]:
        return {int(path.name) for path in self.folder.iterdir() if path.name.isdecimal()}
