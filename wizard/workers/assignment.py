"""A batch as workers on other machines read it: work and items in a file on the disk they share.

A chunk then travels as two numbers and a ticket, however many labels there are. The ticket holds
the hash of what the file says of itself, so a neighbour who may write there cannot slip in work.
"""

from __future__ import annotations

import contextlib
import hashlib
import pickle
import secrets
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from wizard.files import make_folder, write_whole
from wizard.foreign import open_foreign
from wizard.work import Item, Work

_BLOCK = 512
"""Items packed as one: what a worker unpacks to get at one of them."""
_LOOK = 0.5
"""Seconds between looks at whether the batch still stands."""


class _Part(Struct, frozen=True, array_like=True):
    """Some bytes of the file."""

    start: int
    size: int
    sha256: bytes


class _Contents(Struct, frozen=True, array_like=True):
    work: _Part
    blocks: tuple[_Part, ...]


@dataclass(frozen=True, slots=True)
class Ticket:
    """Where a batch is written down, and the hash of its table of contents."""

    path: str
    start: int
    size: int
    sha256: bytes


class Assignment:
    """The file of one batch, for as long as it is worked on."""

    def __init__(self, folder: Path, work: Work[Any], items: Sequence[Item]) -> None:
        make_folder(folder)
        self.path = folder.resolve() / f"batch-{secrets.token_hex(8)}"
        parts, contents, end = [], [], 0
        for data in _packed(work, items):
            parts.append(data)
            contents.append(_Part(end, len(data), hashlib.sha256(data).digest()))
            end += len(data)
        table = msgspec.msgpack.encode(_Contents(contents[0], tuple(contents[1:])))
        self.ticket = Ticket(str(self.path), end, len(table), hashlib.sha256(table).digest())
        write_whole(self.path, b"".join((*parts, table)), mode=0o644)

    def remove(self) -> None:
        """Let every worker that is still at it stop."""
        with contextlib.suppress(OSError):
            self.path.unlink()


def read_work(ticket: Ticket) -> Work[Any]:
    """Return the work of a batch, kept for its next chunk.

    Raises ``OSError`` where the file is not seen, ``ValueError`` where it is not the one meant.
    """
    work: Work[Any] = _read(ticket, _contents(ticket).work)
    return work


def read_items(ticket: Ticket, rows: range) -> Iterator[Item]:
    """Yield items of a batch by their places; raises as ``read_work``."""
    for row in rows:
        yield _read(ticket, _contents(ticket).blocks[row // _BLOCK])[row % _BLOCK]


def watch(ticket: Ticket) -> Callable[[], bool]:
    """Return what tells whether the batch is over: its file goes when it ends or is stopped."""
    path, looked, over = Path(ticket.path), time.monotonic(), False

    def is_over() -> bool:
        nonlocal looked, over
        if not over and time.monotonic() - looked > _LOOK:
            looked, over = time.monotonic(), not path.exists()
        return over

    return is_over


def _packed(work: Work[Any], items: Sequence[Item]) -> Iterator[bytes]:
    yield zlib.compress(pickle.dumps(work), 1)
    for start in range(0, len(items), _BLOCK):
        yield zlib.compress(pickle.dumps(tuple(items[start : start + _BLOCK])), 1)


@lru_cache(maxsize=4)
def _contents(ticket: Ticket) -> _Contents:
    table = _Part(ticket.start, ticket.size, ticket.sha256)
    return msgspec.msgpack.decode(_bytes(ticket, table), type=_Contents)


@lru_cache(maxsize=16)
def _read(ticket: Ticket, part: _Part) -> Any:
    # Proven by its hash to be what the one who started this install wrote.
    return pickle.loads(zlib.decompress(_bytes(ticket, part)))  # noqa: S301


def _bytes(ticket: Ticket, part: _Part) -> bytes:
    with open_foreign(Path(ticket.path)) as file:
        file.seek(part.start)
        data = file.read(part.size)
    if hashlib.sha256(data).digest() != part.sha256:
        raise ValueError(f"{ticket.path} does not hold what was written there")
    return data
