"""A picture in real pixels where the terminal has them, else in half blocks: two pixels a cell."""

from __future__ import annotations

import io
import itertools
import re
from base64 import b64encode
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from wizard.tui.canvas import Canvas, measured
from wizard.tui.crash import in_thread
from wizard.tui.glyphs import plain_terminal
from wizard.tui.shell import Shell

_BAND = 6
"""Rows of pixels in one row of Sixel characters."""
_RUN = re.compile(r"(.)\1{3,}")
_CHUNK = 4096
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class TerminalImage:
    """What to write, beginning with the cursor where the upper left corner shall be."""

    put: str
    """Draws the picture."""
    load: str = ""
    """Comes before the first ``put``."""
    lift: str = ""
    """Takes the picture off; text written over it does where this is empty."""
    free: str = ""
    """Lets the terminal forget it."""


def kitty(image: Image.Image, columns: int, rows: int) -> TerminalImage:
    """A PNG the terminal keeps, and places over ``columns`` by ``rows`` cells.

    Source: "Terminal graphics protocol" of the Kitty manual. ``q=2`` keeps answers away from the
    keys, ``C=1`` the cursor where it is.
    """
    number = next(_numbers)
    png = io.BytesIO()
    image.save(png, "png", compress_level=2)
    data = b64encode(png.getvalue()).decode("ascii")
    chunks = [data[start : start + _CHUNK] for start in range(0, len(data), _CHUNK)]
    keys = [f"a=t,f=100,i={number},q=2,m=1", *["q=2,m=1"] * (len(chunks) - 1)]
    keys[-1] = keys[-1].replace("m=1", "m=0")
    return TerminalImage(
        put=_message(f"a=p,i={number},p=1,c={columns},r={rows},C=1,q=2"),
        load="".join(map(_message, keys, chunks)),
        lift=_message(f"a=d,d=i,i={number},q=2"),
        free=_message(f"a=d,d=I,i={number},q=2"),
    )


def _message(keys: str, data: str = "") -> str:
    return f"\x1b_G{keys};{data}\x1b\\"


def sixel(image: Image.Image, colours: int) -> TerminalImage:
    """Bands of six rows, drawn once per colour in them.

    Source: DEC STD 070, chapter "Sixel"; pixels left out stay as they are.
    """
    few = image.quantize(colours)
    indices, palette = np.asarray(few), few.getpalette() or []
    parts = [f'\x1bP0;1;0q"1;1;{few.width};{few.height}']
    for number in range(len(palette) // 3):
        red, green, blue = (round(part / 2.55) for part in palette[number * 3 : number * 3 + 3])
        parts.append(f"#{number};2;{red};{green};{blue}")
    bands = [_band(indices[top : top + _BAND]) for top in range(0, few.height, _BAND)]
    return TerminalImage(put="".join([*parts, "-".join(bands), "\x1b\\"]))


def _band(band: NDArray[np.uint8]) -> str:
    """Six rows as one row of characters per colour: bit ``n`` of a character is its pixel ``n``."""
    colours, places = np.unique(band, return_inverse=True)
    signs = np.zeros((len(colours), band.shape[1]), np.uint8)
    columns = np.arange(band.shape[1])
    for row, place in enumerate(places.reshape(band.shape)):
        signs[place, columns] |= 1 << row
    return "$".join(
        f"#{colour}{_packed(line)}" for colour, line in zip(colours, signs + 63, strict=True)
    )


def _packed(signs: NDArray[np.uint8]) -> str:
    text = signs.tobytes().decode("ascii").rstrip("?")
    return _RUN.sub(lambda run: f"!{len(run[0])}{run[1]}", text)


def fitted(image: Size, room: Size, cell: tuple[int, int] = (1, 2)) -> Size:
    """The cells to cover in ``room``, so that sides stay in proportion on cells of that shape."""
    across, down = image.width / cell[0], image.height / cell[1]
    scale = min(room.width / across, room.height / down)
    return Size(max(1, round(across * scale)), max(1, round(down * scale)))


def half_blocks(image: Image.Image, *, plain: bool) -> list[Strip]:
    """Rows of cells, upper pixel in the foreground and lower in the background.

    Where the terminal has no block characters, a cell is one colour.
    """
    pixels = image.convert("RGB").load()
    strips: list[Strip] = []
    for row in range(0, image.height - 1, 2):
        cells: list[Segment] = []
        for column in range(image.width):
            upper, lower = _rgb(pixels, column, row), _rgb(pixels, column, row + 1)
            style = Style.parse(f"on rgb{lower}" if plain else f"rgb{upper} on rgb{lower}")
            cells.append(Segment(" " if plain else "▀", style))
        strips.append(Strip(cells, image.width).simplify())
    return strips


def _rgb(pixels: object, column: int, row: int) -> str:
    red, green, blue = pixels[column, row]  # type: ignore[index]
    return f"({red},{green},{blue})"


class ImagePane(Widget):
    """Scales its image to the room it has.

    The cells always hold half blocks. Pixels are written over them after the cells are, and only
    while nothing lies above, so what covers a picture needs to know nothing of it.
    """

    DEFAULT_CSS = """
    ImagePane { width: 1fr; height: 1fr; }
    """

    def __init__(self, name: str, how: Image.Resampling = Image.Resampling.BOX) -> None:
        super().__init__(id=name)
        self._how = how
        self._image: Image.Image | None = None
        self._canvas = Canvas()
        self._strips: list[Strip] = []
        self._room = self._box = Size(0, 0)
        self._pixels: TerminalImage | None = None
        self._due = False

    def show(self, image: Image.Image | None) -> None:
        """Show another image."""
        self._image = image
        self._fit_anew()

    def draw_on(self, canvas: Canvas) -> None:
        """Draw in another way."""
        self._canvas = canvas
        self._fit_anew()

    def lift(self) -> None:
        """Take the pixels off; they come back when the cells are drawn again."""
        if self._pixels is not None:
            self._write(self._pixels.lift)

    def on_unmount(self) -> None:
        """Leave nothing in the terminal's memory."""
        self._forget()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The cells, with pixels to follow."""
        if not self._due:
            self._due = self.call_after_refresh(self._put)
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One row of half blocks, centred."""
        if self._image is None:
            return Strip.blank(self.size.width, self.rich_style)
        if self._room != self.size:
            self._fit(self._image)
        if y >= len(self._strips):
            return Strip.blank(self.size.width, self.rich_style)
        blank = Segment(" " * self._left, self.rich_style)
        return Strip([blank, *self._strips[y]]).adjust_cell_length(self.size.width, self.rich_style)

    @property
    def _left(self) -> int:
        return (self.size.width - self._box.width) // 2

    def _fit_anew(self) -> None:
        self._forget()
        self._room = Size(0, 0)
        self.refresh()

    def _fit(self, image: Image.Image) -> None:
        """Draw the cells now and the pixels soon: packing them takes a while."""
        self._forget()
        self._room = self.size
        canvas = self._canvas = measured(self._canvas)
        self._box = box = fitted(Size(*image.size), self.size, canvas.cell)
        cells = image.resize((box.width, box.height * 2), self._how)
        self._strips = half_blocks(cells, plain=plain_terminal())
        if canvas.protocol != "blocks":
            self.run_worker(self._pack(image, canvas, box), exclusive=True)

    async def _pack(self, image: Image.Image, canvas: Canvas, box: Size) -> None:
        def pack() -> TerminalImage:
            wide, high = canvas.cell
            large = image.resize((box.width * wide, box.height * high), self._how)
            if canvas.protocol == "kitty":
                return kitty(large, box.width, box.height)
            return sixel(large, canvas.colours)

        self._pixels = await in_thread(pack)
        self._write(self._pixels.load)
        if not self._due:
            self._put()

    def _put(self) -> None:
        self._due = False
        if self._pixels is None:
            return
        place = Region(self.region.x + self._left, self.region.y, *self._box)
        if self._covered(place):
            self.lift()
        else:
            self._write(f"\x1b[{place.y + 1};{place.x + 1}H{self._pixels.put}")
            cast(Shell, self.app).forget_cells(place)

    def _covered(self, place: Region) -> bool:
        """Whether a screen or a notice lies above."""
        return self.app.screen is not self.screen or any(
            toast.region.overlaps(place) for toast in self.screen.query("Toast")
        )

    def _forget(self) -> None:
        if self._pixels is not None:
            self._write(self._pixels.free)
            self._pixels = None
        self.workers.cancel_node(self)

    def _write(self, data: str) -> None:
        driver = self.app._driver
        if driver is not None and data:
            driver.write(data)
