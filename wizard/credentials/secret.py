"""A string that does not show itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn


@dataclass(frozen=True, slots=True)
class Secret:
    """A password, token or signed address; printing, formatting or pickling never shows it.

    Call ``reveal`` only where the value leaves for its own host or store.
    """

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """Return the secret itself."""
        return self._value

    def __str__(self) -> str:
        return "[secret]"

    def __repr__(self) -> str:
        return "Secret([secret])"

    def __format__(self, spec: str) -> str:
        return str(self)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> NoReturn:
        message = "a Secret is never pickled; hand it over by pipe"
        raise TypeError(message)
