"""Signs and words of the states, in Unicode and in plain ASCII."""

from __future__ import annotations

import locale
from dataclasses import dataclass
from types import MappingProxyType

from wizard import environment
from wizard.views import State

STATE_WORDS = MappingProxyType[State, str](
    {
        "todo": "ready",
        "locked": "later",
        "waiting": "needs you",
        "running": "running",
        "partial": "begun",
        "paused": "paused",
        "failed": "failed",
        "done": "done",
    }
)
"""One word per state, always shown beside its sign."""

TONES = MappingProxyType[State, str](
    {
        "todo": "$text",
        "locked": "$text-muted",
        "waiting": "$text-warning",
        "running": "$text-primary",
        "partial": "$text-primary",
        "paused": "$text-secondary",
        "failed": "$text-error",
        "done": "$text-success",
    }
)
"""The theme colour of each state."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of signs."""

    states: MappingProxyType[State, str]
    full: str
    half: str
    empty: str
    dot: str
    arrow: str
    down: str
    bullet: str
    sparks: str
    shade: str
    """What fills the second of two parts, told from the first without colours."""

    def bar(self, fraction: float, width: int) -> tuple[str, str]:
        """A progress bar as its filled and its empty part, together ``width`` cells."""
        halves = round(max(0.0, min(1.0, fraction)) * width * 2)
        filled = self.full * (halves // 2) + (self.half if halves % 2 else "")
        return filled, self.empty * (width - len(filled))

    def spark(self, values: tuple[float, ...], width: int) -> str:
        """The last ``width`` values as a line of blocks, scaled to the largest."""
        shown = values[-width:]
        top = max(shown, default=0.0)
        if top <= 0:
            return ""
        steps = len(self.sparks) - 1
        return "".join(self.sparks[round(value / top * steps)] for value in shown)


UNICODE = Glyphs(
    states=MappingProxyType[State, str](
        {
            "todo": "○",
            "locked": "·",
            "waiting": "◆",
            "running": "▶",
            "partial": "◐",
            "paused": "‖",
            "failed": "✗",
            "done": "✓",
        }
    ),
    full="━",
    half="╸",
    empty="─",
    dot="·",
    arrow="→",
    down="↓",
    bullet="•",
    sparks="▁▂▃▄▅▆▇█",
    shade="░",
)

ASCII = Glyphs(
    states=MappingProxyType[State, str](
        {
            "todo": "o",
            "locked": ".",
            "waiting": "!",
            "running": ">",
            "partial": "~",
            "paused": "=",
            "failed": "x",
            "done": "+",
        }
    ),
    full="#",
    half="#",
    empty="-",
    dot="-",
    arrow="->",
    down="v",
    bullet="*",
    sparks="_.-=+*#",
    shade=":",
)


def glyphs() -> Glyphs:
    """The set this terminal can show; ``SEGWIZARD_ASCII=1`` asks for the plain one."""
    return ASCII if plain_terminal() else UNICODE


def plain_terminal() -> bool:
    """Whether only ASCII should be drawn: asked for, a Linux console, or no UTF-8 locale.

    Python takes the locale C for UTF-8, as windows of today do; terminals of DEC's kind do not.
    """
    if environment.variable("SEGWIZARD_ASCII", "") not in ("", "0"):
        return True
    term = environment.variable("TERM", "")
    if term == "linux" or (term.startswith("vt") and "utf" not in _named_locale()):
        return True
    return "utf" not in locale.getpreferredencoding(do_setlocale=False).lower()


def _named_locale() -> str:
    names = (environment.variable(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    return next(filter(None, names), "").lower()
