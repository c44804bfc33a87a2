"""Values made on first use, once per process, and left behind when their owner travels."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from wizard.errors import WizardError

_T = TypeVar("_T")


class Lazy(Generic[_T]):
    """A task for one value; threads that ask at once wait for the one that makes it.

    A ``WizardError`` is kept like a value: what is broken for one item is not tried for the next.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: list[_T] = []
        self._error: WizardError | None = None

    def get(self, make: Callable[[], _T]) -> _T:
        """Return the value, making it if this process has not yet."""
        if not self._values:
            with self._lock:
                if not self._values:
                    self._values.append(self._make(make))
        return self._values[0]

    def drop(self) -> None:
        """Forget the value and free what it holds."""
        with self._lock:
            self._values = []
            self._error = None

    def _make(self, make: Callable[[], _T]) -> _T:
        if self._error is not None:
            raise self._error
        try:
            return make()
        except WizardError as error:
            self._error = error
            raise

    def __reduce__(self) -> tuple[type[Lazy[_T]], tuple[()]]:
        """Arrive empty in another process."""
        return Lazy, ()
