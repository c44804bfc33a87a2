"""Telling text from commands: what was meant for a field must not steer the work.

A field may close while somebody types, because its answer was taken or came from elsewhere. What
follows is still text, until they pause or press a key that is none.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.events import Key

PAUSE = 1.5
"""Seconds without a key after which a letter is a command again."""
_TEXT = ("enter", "backspace", "delete")
_LEAVING = ("escape", "tab", "shift+tab", "up", "down")


class TypingGuard:
    """Follows the keys, and knows those that were typed ahead."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._typing_until = 0.0
        self._dropping = False

    def takes(self, key: Key, *, in_field: bool) -> bool:
        """Whether a key is the rest of a text and must not act; call it for every key, once."""
        typing = self._clock() < self._typing_until
        if in_field:
            self._dropping = False
            self._typing_until = 0.0 if key.key in _LEAVING else self._clock() + PAUSE
            return False
        # A second Enter, pressed where the first one closed the field, is meant for what it left.
        text = key.is_printable or (self._dropping and key.key in _TEXT)
        self._dropping = typing and text
        self._typing_until = self._clock() + PAUSE if self._dropping else 0.0
        return self._dropping
