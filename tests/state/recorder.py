"""Runs segwizard and keeps what a power cut could leave of a destination, at random instants.

A shim over the calls that change names, and over those that sync. After any change the disk may
hold the names as they are now, but of each file only what was synced: the rest reads as empty,
as journals without data leave it. ``python -m tests.state.recorder DEST OUT SEED SHARE run ...``
"""

from __future__ import annotations

import os
import random
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wizard import durability
from wizard.__main__ import main

_CHANGES = ("open", "mkdir", "rename", "replace", "unlink", "remove", "rmdir", "link", "symlink")


class Recorder:
    """Knows which bytes are safe; see the module docstring."""

    def __init__(self, dest: Path, out: Path, seed: int, share: float) -> None:
        self._dest, self._out, self._share = dest, out, share
        self._dice = random.Random(seed)
        self._safe: dict[int, tuple[int, int]] = {}
        self._lock = threading.RLock()
        self._kept = 0

    def wrap_changes(self) -> None:
        """Stand between the program and the system."""
        for name in _CHANGES:
            setattr(os, name, self._changing(getattr(os, name)))
        for name in ("fsync", "fdatasync"):
            setattr(os, name, self._syncing(getattr(os, name)))
        real = durability._syncfs()
        assert real is not None

        def sync(descriptor: int, place: str) -> None:
            with self._lock:
                real(descriptor, place)
                for path in self._dest.rglob("*"):
                    self._mark(os.lstat(path))

        durability._syncfs = lambda: sync  # type: ignore[assignment]

    def _changing(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def change(*given: Any, **named: Any) -> Any:
            with self._lock:
                result = call(*given, **named)
                if self._dice.random() < self._share and self._dest.exists():
                    self._keep()
                return result

        return change

    def _syncing(self, call: Callable[[int], None]) -> Callable[[int], None]:
        def sync(descriptor: int) -> None:
            with self._lock:
                call(descriptor)
                self._mark(os.fstat(descriptor))

        return sync

    def _mark(self, found: os.stat_result) -> None:
        self._safe[found.st_ino] = found.st_size, found.st_mtime_ns

    def _keep(self) -> None:
        self._kept += 1
        share, self._share = self._share, 0.0
        try:
            self._copy(self._dest, self._out / f"{self._kept:04}")
        finally:
            self._share = share

    def _copy(self, folder: Path, to: Path) -> None:
        to.mkdir(parents=True)
        for path in folder.iterdir():
            target = to / path.name
            if path.is_symlink():
                target.symlink_to(os.readlink(path))
            elif path.is_dir():
                self._copy(path, target)
            elif path.is_file():
                size, changed = self._safe.get(path.stat().st_ino, (0, 0))
                whole = changed == path.stat().st_mtime_ns
                target.write_bytes(path.read_bytes() if whole else path.read_bytes()[:size])


if __name__ == "__main__":
    where, into, seed, share, *words = sys.argv[1:]
    Recorder(Path(where), Path(into), int(seed), float(share)).wrap_changes()
    main(words)
