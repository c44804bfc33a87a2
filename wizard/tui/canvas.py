"""What the terminal can show pictures with: asked once, when the first picture is looked at.

The answer arrives among the keys, whenever it likes, and is taken out of them by ``listener``. So
nothing waits, no key is lost, and a terminal that never answers simply keeps its half blocks.
"""

from __future__ import annotations

import fcntl
import re
import struct
import termios
from dataclasses import dataclass, replace
from typing import Literal, get_args

from textual.driver import Driver
from textual.drivers import linux_driver

from wizard import environment
from wizard.tui import listener

PictureProtocol = Literal["blocks", "sixel", "kitty"]

WISH = "SEGWIZARD_PICTURES"
"""The environment variable that names a way, for terminals that are wrong about themselves."""

_KITTY = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
_COLOURS, _CELL, _ABOUT = "\x1b[?1;1;0S", "\x1b[16t", "\x1b[c"


@dataclass(frozen=True, slots=True)
class Canvas:
    """A way to draw, with what it needs to know."""

    protocol: PictureProtocol = "blocks"
    cell: tuple[int, int] = (10, 20)
    """Width and height of a character in pixels; as of a VT340 where the terminal does not say."""
    colours: int = 256
    """How many a Sixel picture may hold."""


def listen() -> bool:
    """Let the terminal's answers be told from keys; False where the toolkit's inside is not ours.

    The driver leaves no public way in. Without one no question is asked, and pictures are blocks.
    """
    return listener.install()


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
