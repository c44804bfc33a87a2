"""Runs segwizard and tells every promise that was made before the disk held what it is about.

A recording layer over the calls that sync, and a look at the files at each promise: a record that
names an archive's members, a step that is called done, an archive that is deleted.
``python -m tests.state.promises DEST OUT run ...``
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from wizard import durability
from wizard.__main__ import main
from wizard.engine import cleanup
from wizard.engine.table import TaskTable
from wizard.files import PARTIAL

_OWN = ".segwizard"


class Promises:
    """Knows which bytes and which names are safe, and writes down what was promised too early."""

    def __init__(self, dest: Path) -> None:
        self._dest = dest
        self._lock = threading.Lock()
        self._bytes: dict[int, int] = {}
        """Inode -> size that is safe."""
        self._names: set[tuple[str, int]] = set()
        self._ended: dict[str, float] = {}
        self.made = {"record": 0, "done": 0, "deletion": 0}
        self.broken: list[str] = []

    def wrap(self) -> None:
        """Stand between the program and the system."""
        real = durability._syncfs()
        assert real is not None

        def sync(descriptor: int, place: str) -> None:
            seen = [*_found(self._dest)]
            real(descriptor, place)
            with self._lock:
                for path, found in seen:
                    self._bytes[found.st_ino] = found.st_size
                    self._names.add((path, found.st_ino))

        durability._syncfs = lambda: sync  # type: ignore[assignment]
        for name in ("fsync", "fdatasync"):
            setattr(os, name, self._syncing(getattr(os, name)))
        os.rename = self._renaming(os.rename)  # type: ignore[assignment]
        TaskTable.settling = self._settling(TaskTable.settling)  # type: ignore[method-assign]
        TaskTable.finished = self._finishing(TaskTable.finished)  # type: ignore[method-assign]
        cleanup._delete = self._deleting(cleanup._delete)

    def _syncing(self, call: Callable[[int], None]) -> Callable[[int], None]:
        def sync(descriptor: int) -> None:
            path, found = path_of(descriptor), os.fstat(descriptor)
            inside = [*os.scandir(path)] if os.path.isdir(path) else []
            seen = [(each.path, each.inode()) for each in inside]
            call(descriptor)
            with self._lock:
                self._bytes[found.st_ino] = found.st_size
                self._names.update(seen)

        return sync

    def _renaming(self, call: Callable[..., None]) -> Callable[..., None]:
        """A record of members gets its name when it and all the members are safe."""

        def rename(old: Any, new: Any, **at: Any) -> None:
            into = path_of(at["dst_dir_fd"]) if "dst_dir_fd" in at else os.path.dirname(new)
            name = os.path.basename(new)
            if into.endswith(f"{_OWN}/steps") and "extract" in name:
                self.made["record"] += 1
                found = os.stat(old, dir_fd=at.get("src_dir_fd"))
                if self._bytes.get(found.st_ino) != found.st_size:
                    self.broken.append(f"{name} gets its name before its bytes are safe")
                self._look(name.partition(".")[0].partition("_")[0], f"record {name}")
            call(old, new, **at)

        return rename

    def _settling(self, call: Callable[..., None]) -> Callable[..., None]:
        def settling(table: TaskTable, address: str) -> None:
            self._ended[address] = time.time()
            call(table, address)

        return settling

    def _finishing(self, call: Callable[..., bool]) -> Callable[..., bool]:
        def finished(table: TaskTable, address: str) -> bool:
            self.made["done"] += 1
            until, (dataset, _, step) = self._ended[address], address.partition("/")
            self._look(dataset, f"{address} is done", until)
            for path, found in _found(self._dest / _OWN):
                if dataset in path and step.partition(":")[0] in path and found.st_ctime <= until:
                    self._check(path, found, f"{address} is done")
            return call(table, address)

        return finished

    def _deleting(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def delete(place: Any, doomed: Any) -> Any:
            self.made["deletion"] += 1
            for dataset in {each.path.parent.name for each in doomed}:
                self._look(dataset, f"archives of {dataset} go")
            return call(place, doomed)

        return delete

    def _look(self, dataset: str, promise: str, until: float = float("inf")) -> None:
        for path, found in _found(self._dest / "toys" / dataset):
            if found.st_ctime <= until and PARTIAL not in path and not path.endswith(".zip"):
                self._check(path, found, promise)

    def _check(self, path: str, found: os.stat_result, promise: str) -> None:
        with self._lock:
            named = (path, found.st_ino) in self._names
            held = self._bytes.get(found.st_ino) == found.st_size
        if not (named and held):
            lacks = "bytes" if named else "name"
            self.broken.append(f"{promise}, and the {lacks} of {path} may be lost")


def path_of(descriptor: int) -> str:
    """Return where an open file or folder lies."""
    return os.readlink(f"/proc/self/fd/{descriptor}")


def _found(top: Path) -> Iterator[tuple[str, os.stat_result]]:
    for folder, _, names in os.walk(top):
        for name in names:
            path = f"{folder}/{name}"
            try:
                yield path, os.lstat(path)
            except FileNotFoundError:
                continue


if __name__ == "__main__":
    where, out, *words = sys.argv[1:]
    promises = Promises(Path(where))
    promises.wrap()
    try:
        main(words)
    finally:
        Path(out).write_text(json.dumps([promises.made, promises.broken]))
