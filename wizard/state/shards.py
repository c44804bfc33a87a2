"""Shards: runs that share one install, each with its part, and what each writes down for the rest.

No shard writes another's file. What they write is a hint for those that wait: whether labels are
there is told by the disk. An array is named by a word all its shards agree on; what another array
wrote counts as not there.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from wizard.errors import UsageError
from wizard.files import make_folder, open_ours
from wizard.state.store import Store
from wizard.state.table import ARRAY, SHARD_RESULTS

MOST = 4096
"""Shards of one array, at most."""
_LONGEST_MOMENT = 30.0
"""Seconds for which what was seen of other shards counts, at most: the more, the longer."""
_FORM = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")

ArrayWork = Literal["run", "verify"]

Stand = Literal["begun", "made", "whole"]
"""How far a shard is with a step: at work on its part, done with it, or with all of the step."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One part of ``of`` equal ones, counted from 0 as job arrays count.

    What is at place ``k`` of a list belongs to shard ``k % of``. Neighbours in a list are alike,
    as frames of one drive are: dealt out one by one, every shard gets as much of each sort.
    """

    index: int
    of: int

    def __str__(self) -> str:
        return f"{self.index}/{self.of}"

    def takes(self, place: int) -> bool:
        """Tell whether what is at a place of a list is this shard's."""
        return place % self.of == self.index

    def places(self, count: int) -> range:
        """Return its places in a list of ``count``."""
        return range(self.index, count, self.of)


def parse_shard(text: str) -> Shard:
    """Return the shard of ``2/8``; raises ``UsageError``."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text[:40]!r} is no shard", hint="write it like 0/8, up to 7/8")
    shard = Shard(int(found[1]), int(found[2]))
    if not 0 < shard.of <= MOST or shard.index >= shard.of:
        raise UsageError(
            f"there is no shard {shard}", hint=f"shards count from 0, and are {MOST:,} at most"
        )
    return shard


class ArrayRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The array that works on an install, or did last."""

    array: str
    of: int
    work: ArrayWork
    unfinished: tuple[str, ...] = ()
    """Steps whose parts were made, and which nobody has brought to their end since."""


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """What one shard has come to, by the addresses of steps."""

    array: str = ""
    steps: dict[str, Stand] = {}
    ended: bool = False
    """Whether it came to its end: it did what it could."""


_ARRAY = Store(ARRAY, ArrayRecord)
_RESULTS = Store(SHARD_RESULTS, Results)


def shards_folder(state: Path) -> Path:
    """Return where the files of shards lie in an install's state."""
    return state / "shards"


def read_array(state: Path) -> ArrayRecord | None:
    """Return the array that works on an install, or did last."""
    return _ARRAY.read(shards_folder(state) / "array.json")


def write_array(state: Path, record: ArrayRecord) -> None:
    """Name the array that works on an install from now on."""
    _ARRAY.write(shards_folder(state) / "array.json", record)


def begin_array(state: Path, array: str, of: int, work: ArrayWork) -> None:
    """Name a new array; what the one before it left without an end stays known."""
    make_folder(shards_folder(state))
    before = read_array(state)
    if before is None or before.array != array:
        left = unfinished_steps(state, before) if before else ()
        write_array(state, ArrayRecord(array=array, of=of, work=work, unfinished=tuple(left)))


def read_results(state: Path, index: int, array: str) -> Results:
    """Return what a shard has come to in this array."""
    found = _RESULTS.read(_results_file(state, index))
    return found if found and found.array == array else Results(array=array)


def unfinished_steps(state: Path, record: ArrayRecord) -> tuple[str, ...]:
    """Return the steps of which parts were made, and which nobody has brought to their end."""
    found, ended = set(record.unfinished), set[str]()
    for index in range(record.of):
        steps = read_results(state, index, record.array).steps
        found.update(steps)
        ended.update(address for address, stand in steps.items() if stand == "whole")
    return tuple(sorted(found - ended))


def all_ended(state: Path, record: ArrayRecord) -> bool:
    """Tell whether every shard came to its end."""
    return all(read_results(state, each, record.array).ended for each in range(record.of))


def close_array(state: Path, finished: Collection[str], *, complete: bool) -> None:
    """Forget what shards wrote, now that a run of the whole is over; keep what is left to end."""
    record = read_array(state)
    if record is None:
        return
    if not complete:
        left = tuple(each for each in unfinished_steps(state, record) if each not in finished)
        write_array(state, msgspec.structs.replace(record, unfinished=left))
    folder = shards_folder(state)
    for path in folder.iterdir():
        if complete or path.name.startswith(("made-", "waits-")):
            with contextlib.suppress(OSError):
                path.unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()


def _results_file(state: Path, index: int) -> Path:
    return shards_folder(state) / f"made-{index}.json"


def _rest_mark(state: Path, index: int) -> Path:
    return shards_folder(state) / f"waits-{index}"


@dataclass(frozen=True, slots=True)
class ArrayPart:
    """What an install knows of the array it is worked on by."""

    state: Path
    array: str
    of: int = 1
    shard: Shard | None = None
    """The shard that this run is; None: it is the run of the whole, after them."""
    left: frozenset[str] = frozenset()
    """Steps that an array left without an end."""
    grace: float = 0.0
    """Seconds to wait for a shard that is not at work."""
    lives: Callable[[int], bool] = field(default=lambda _: False, compare=False)
    """Tells whether a shard is at work."""
    _lock: threading.Lock = field(default_factory=threading.Lock, compare=False, repr=False)
    _known: dict[int, tuple[float, Results]] = field(default_factory=dict, compare=False)
    _moving: list[tuple[float, bool]] = field(default_factory=list, compare=False)
    """When it was last looked whether anybody moves, and whether so."""

    def results(self, index: int) -> Results:
        """Return what a shard has come to."""
        return read_results(self.state, index, self.array)

    def told(self, index: int) -> Results:
        """Return the same as it was a moment ago: many that wait must not wear out a disk."""
        moment, known = self._known.get(index, (-_LONGEST_MOMENT, Results()))
        if time.monotonic() - moment < self._moment:
            return known
        known = self.results(index)
        self._known[index] = time.monotonic(), known
        return known

    def anybody_moves(self, first: Collection[int]) -> bool:
        """Tell whether another shard is at work and does not only wait itself.

        Whichever it is, what it does may let others go on. Those named are looked at ``first``.
        """
        moment, moves = self._moving[-1] if self._moving else (-_LONGEST_MOMENT, False)
        if time.monotonic() - moment < self._moment:
            return moves
        order = dict.fromkeys((*first, *range(self.of)))
        own = self.shard.index if self.shard else -1
        moves = any(self._moves(each) for each in order if each != own)
        self._moving[:] = [(time.monotonic(), moves)]
        return moves

    def _moves(self, index: int) -> bool:
        return not _rest_mark(self.state, index).exists() and self.lives(index)

    @property
    def _moment(self) -> float:
        return min(_LONGEST_MOMENT, max(1.0, self.of / 8))

    def rest(self, *, only_waits: bool) -> None:
        """Let the others know whether this shard does nothing but wait for them."""
        if self.shard is None:
            return
        mark = _rest_mark(self.state, self.shard.index)
        with contextlib.suppress(OSError):
            if only_waits and not mark.exists():
                os.close(open_ours(mark, os.O_WRONLY | os.O_CREAT, 0o644))
            elif not only_waits:
                mark.unlink(missing_ok=True)

    def note(self, address: str, stand: Stand) -> None:
        """Write down how far this shard is with a step, after the data; raises ``OSError``."""
        self._write({address: stand}, ended=False)

    def begin(self) -> None:
        """Take back that this shard came to its end: it is at work again."""
        self.rest(only_waits=False)
        self._write({}, ended=False)

    def end(self) -> None:
        """Write down that this shard came to its end."""
        self.rest(only_waits=False)
        self._write({}, ended=True)

    def _write(self, stands: dict[str, Stand], *, ended: bool) -> None:
        if self.shard is None:
            return
        with self._lock:
            before = self.results(self.shard.index)
            now = Results(array=self.array, steps=before.steps | stands, ended=ended)
            _RESULTS.write(_results_file(self.state, self.shard.index), now)


def part_of_whole(state: Path) -> ArrayPart | None:
    """Return what a run of the whole has to know of the array before it; None without one."""
    record = read_array(state)
    if record is None:
        return None
    return ArrayPart(
        state, record.array, record.of, left=frozenset(unfinished_steps(state, record))
    )


def part_of_shard(
    state: Path, array: str, shard: Shard, *, grace: float, lives: Callable[[int], bool]
) -> ArrayPart:
    """Return what a shard has to know of the array it has joined."""
    record = read_array(state)
    left = frozenset(record.unfinished if record else ())
    return ArrayPart(state, array, shard.of, shard, left, grace, lives)
