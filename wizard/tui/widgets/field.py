"""The input every form uses, and telling what is typed for it from commands.

A field may close while somebody types, because its answer was taken or came from elsewhere. What
follows is still text, until they pause or press a key that is none.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.binding import Binding
from textual.events import Key
from textual.widgets import Input

PAUSE = 1.5
"""Seconds without a key after which a letter is a command again."""
_TEXT = ("enter", "backspace", "delete")
_LEAVING = ("escape", "tab", "shift+tab", "up", "down")


class TextField(Input):
    """Does not blink: steadier for eyes, screen readers and slow lines.

    Enter and Tab go to the next field of the form before the next key is looked at. The toolkit
    alone moves on a moment later, so that what a password manager types at once after the user
    name would land, readable, in the user name's field.
    """

    BINDINGS = [
        Binding("f1", "app.help", "Help", key_display="F1", tooltip="Help on this screen"),
        Binding("ctrl+q", "app.leave", "Quit", priority=True, tooltip="Leave while you type"),
    ]
    """Keys that are no letters, for a moment when letters are text."""

    def on_mount(self) -> None:
        """Hold the cursor still."""
        self.cursor_blink = False

    def on_key(self, event: Key) -> None:
        """Move on at once, and pass on what was typed after that."""
        focused = self.screen.focused
        if isinstance(focused, TextField) and focused is not self:
            event.stop()
            event.prevent_default()
            focused.post_message(Key(event.key, event.character))
        elif event.key in ("enter", "tab") and (later := self._next()) is not None:
            event.stop()
            event.prevent_default()
            self.screen.set_focus(later)

    def _next(self) -> TextField | None:
        beside = self.parent.children if self.parent is not None else ()
        fields = [each for each in beside if isinstance(each, TextField)]
        later = fields[fields.index(self) + 1 :]
        return later[0] if later else None


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
