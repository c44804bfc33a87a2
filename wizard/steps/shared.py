"""Objects that the steps of one install share, made when first asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, TypeVar, runtime_checkable

T = TypeVar("T")


@runtime_checkable
class Closable(Protocol):
    """Something that lets go of what it holds."""

    def close(self) -> None:
        """Let go."""
        ...


class Shared:
    """Keeps one object of a class for all steps of an install; safe from many threads."""

    def __init__(self) -> None:
        self._made: dict[type[object], object] = {}
        # What is made may ask for more: the steps of an install share its gateway.
        self._lock = threading.RLock()

    def get(self, kind: type[T], make: Callable[[], T]) -> T:
        """Return the install's object of ``kind``, made by ``make`` at the first call."""
        with self._lock:
            made = self._made.get(kind)
            if not isinstance(made, kind):
                made = self._made[kind] = make()
            return made

    def close(self) -> None:
        """Close what was made and can be closed; the next ``get`` makes it anew."""
        with self._lock:
            made = tuple(self._made.values())
            self._made.clear()
        for each in made:
            if isinstance(each, Closable):
                each.close()
