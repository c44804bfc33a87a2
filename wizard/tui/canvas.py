"""What the terminal can show pictures with: asked once, when the first picture is looked at.

The answer arrives among the keys, whenever it likes, and is taken out of them by ``Listener``. So
nothing waits, no key is lost, and a terminal that never answers simply keeps its half blocks.
Reading keys rests on two private names of the toolkit.
"""

from __future__ import annotations

import fcntl
import re
import struct
import termios
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, get_args

from textual._xterm_parser import XTermParser
from textual.driver import Driver
from textual.drivers import linux_driver
from textual.message import Message

from wizard import environment

PictureProtocol = Literal["blocks", "sixel", "kitty"]

WISH = "SEGWIZARD_PICTURES"
"""The environment variable that names a way, for terminals that are wrong about themselves."""

_KITTY = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
_COLOURS, _CELL, _ABOUT = "\x1b[?1;1;0S", "\x1b[16t", "\x1b[c"
_ANSWER = re.compile(r"\x1b_G[^\x1b]*\x1b\\|\x1b\[\?1;\d+;[\d;]*S|\x1b\[6;\d+;\d+t|\x1b\[\?[\d;]*c")
_BEGUN = re.compile(r"\x1b(?:_G[^\x1b]*\x1b?|\[\?[\d;]*|\[6[\d;]*)\Z")


@dataclass(frozen=True, slots=True)
class Canvas:
    """A way to draw, with what it needs to know."""

    protocol: PictureProtocol = "blocks"
    cell: tuple[int, int] = (10, 20)
    """Width and height of a character in pixels; as of a VT340 where the terminal does not say."""
    colours: int = 256
    """How many a Sixel picture may hold."""


def question(driver: Driver | None) -> str:
    """What to ask this terminal, or nothing where pixels cannot be or are not wanted.

    Answers to the last part are universal, so they end the others. Multiplexers take the question
    for Kitty as a title and Apple's terminal prints it; they get none.
    """
    term = environment.variable("TERM", "dumb")
    deaf = term in ("dumb", "linux") or environment.variable("TERM_PROGRAM") == "Apple_Terminal"
    if deaf or wish() == "blocks" or not isinstance(driver, linux_driver.LinuxDriver):
        return ""
    shared = environment.variable("TMUX") or term.startswith(("screen", "tmux"))
    return ("" if shared else _KITTY) + _COLOURS + _CELL + _ABOUT


def understood(said: str) -> Canvas:
    """The best way to draw, from everything the terminal answered."""
    canvas = Canvas(protocol=wish() or _best(said))
    if match := re.search(r"\x1b\[6;([1-9]\d*);([1-9]\d*)t", said):
        canvas = replace(canvas, cell=(int(match[2]), int(match[1])))
    if match := re.search(r"\x1b\[\?1;0;(\d+)S", said):
        canvas = replace(canvas, colours=min(256, max(2, int(match[1]))))
    return canvas


def wish() -> PictureProtocol | None:
    """The way a person asked for; colours are not wanted at all under ``NO_COLOR``."""
    asked = environment.variable(WISH, "auto")
    chosen = next((protocol for protocol in get_args(PictureProtocol) if protocol == asked), None)
    return chosen or ("blocks" if environment.variable("NO_COLOR") else None)


def _best(said: str) -> PictureProtocol:
    if "\x1b_Gi=31;OK" in said:
        return "kitty"
    about = said.rpartition("\x1b[?")[2].rstrip("c")
    return "sixel" if "4" in about.split(";") else "blocks"


def measured(canvas: Canvas) -> Canvas:
    """The canvas with the size of a character as the system knows it: it follows the font."""
    try:
        answer = fcntl.ioctl(2, termios.TIOCGWINSZ, bytes(8))
    except OSError:
        return canvas
    rows, columns, width, height = struct.unpack("4H", answer)
    if not (rows and columns and width and height):
        return canvas
    return replace(canvas, cell=(width // columns, height // rows))


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


def listen() -> bool:
    """Have every terminal the toolkit opens from now on read so; False where it cannot be.

    The driver leaves no public way in. Without one no question is asked, and pictures are blocks.
    """
    driver = vars(linux_driver)
    if "XTermParser" not in driver:
        return False
    driver["XTermParser"] = Listener
    return True
