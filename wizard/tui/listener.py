"""Keys as the terminal sends them, with its answers about itself taken out.

Rests on two private names of the toolkit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.message import Message

_ANSWER = re.compile(r"\x1b_G[^\x1b]*\x1b\\|\x1b\[\?1;\d+;[\d;]*S|\x1b\[6;\d+;\d+t|\x1b\[\?[\d;]*c")
_BEGUN = re.compile(r"\x1b(?:_G[^\x1b]*\x1b?|\[\?[\d;]*|\[6[\d;]*)\Z")


class Described(Message):
    """The terminal told what it is."""

    def __init__(self, said: str) -> None:
        super().__init__()
        self.said = said


class Listener(XTermParser):
    """Reads keys, and knows the terminal's answers from keys."""

    _said = ""
    _rest = ""

    def feed(self, data: str) -> Iterable[Message]:
        """Yield events; an answer that is cut off waits for its end."""
        if not data:
            yield from super().feed(data)
            return
        keys = _ANSWER.sub(self._heard, self._rest + data)
        begun = _BEGUN.search(keys)
        self._rest = begun.group() if begun else ""
        if keys := keys.removesuffix(self._rest):
            yield from super().feed(keys)
        if self._said.endswith("c"):
            yield Described(self._said)
            self._said = ""

    def _heard(self, answer: re.Match[str]) -> str:
        self._said += answer.group()
        return ""


def install() -> bool:
    """Have every terminal the toolkit opens from now on read so; False where it cannot be."""
    driver = vars(linux_driver)
    if "XTermParser" not in driver:
        return False
    driver["XTermParser"] = Listener
    return True
