"""Login forms in web pages: hidden fields, and whether a page asks for a password."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from wizard.transfer.http.pages import shown_part


@dataclass(frozen=True, slots=True)
class PasswordForm:
    """The form of a page that asks for a password."""

    action: str
    """Where it is sent, as written; empty for the page itself."""
    hidden: dict[str, str] = field(repr=False)
    """Fields that go with it unseen, such as a CSRF token."""


def find_login_form(page: str) -> PasswordForm | None:
    """Return the first form with a password field, None when the page has none."""
    reader = _FormReader()
    # Comments and scripts that never end make the parser look for their end again and again.
    reader.feed(shown_part(page))
    reader.close()
    return reader.found


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: PasswordForm | None = None
        self._form = PasswordForm("", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = PasswordForm(values.get("action", ""), {})
        elif tag == "input":
            self._take_input(values)

    def _take_input(self, values: dict[str, str]) -> None:
        kind = values.get("type", "text").lower()
        if kind == "hidden" and values.get("name"):
            self._form.hidden[values["name"]] = values.get("value", "")
        elif kind == "password" and self.found is None:
            # Hidden fields may follow the password; they land in the same form.
            self.found = self._form
