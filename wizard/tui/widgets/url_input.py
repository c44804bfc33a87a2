"""An input for links as people paste them: over several lines, quoted, inside a command."""

from __future__ import annotations

import time

from textual.events import Paste

from wizard.app.bringing import clean, read_base_address, read_link, validity
from wizard.errors import UsageError
from wizard.tui.widgets.field import TextField


def pasted(text: str) -> str:
    """The link in a pasted text; text without one comes back as one line, nothing lost."""
    try:
        return clean(text)
    except UsageError:
        return "".join(line.strip() for line in text.splitlines())


def link_facts(text: str, now: float) -> tuple[str, bool]:
    """What may be shown of a link, host, file and expiry, and whether it looks usable."""
    try:
        link = read_link(text)
    except UsageError as error:
        return f"{error.message}: {error.hint}", False
    valid = validity(link, size=0, rate=None, now=now)
    return f"{link.shown()}. {valid.words()}", not valid.expired


class UrlInput(TextField):
    """Takes a whole pasted link, where the stock input keeps only its first line."""

    def _on_paste(self, event: Paste) -> None:
        event.stop()
        event.prevent_default()
        text = self.pasted(event.text)
        if "://" in text:
            self.value = text
            self.cursor_position = len(text)
        elif text:
            self.insert_text_at_cursor(text)

    def pasted(self, text: str) -> str:
        """What to keep of a pasted text."""
        return pasted(text)

    def facts(self) -> tuple[str, bool]:
        """What may be shown of what is entered, and whether it looks usable."""
        return link_facts(self.value, time.time()) if self.value.strip() else ("", False)


class BaseUrlInput(UrlInput):
    """Takes a base address, or the whole mailed script; its folder is secret and not repeated."""

    def pasted(self, text: str) -> str:
        """The address, out of a script as well."""
        try:
            return read_base_address(text).address.reveal()
        except UsageError:
            return pasted(text)

    def facts(self) -> tuple[str, bool]:
        """The host alone."""
        if not self.value.strip():
            return "", False
        try:
            return f"An address on {read_base_address(self.value).host}.", True
        except UsageError as error:
            return f"{error.message}: {error.hint}", False
