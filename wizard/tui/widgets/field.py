"""The input every form uses."""

from __future__ import annotations

from textual.binding import Binding
from textual.events import Key
from textual.widgets import Input


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
