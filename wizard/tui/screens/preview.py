"""Looking: an image beside its label in colour, with a legend, in every taxonomy there is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PIL import Image
from rich.color import Color
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from wizard import figures
from wizard.app.pictures import Gallery, LabelledImage, Share, galleries, read_example
from wizard.errors import LabelError, WizardError
from wizard.tui.canvas import Canvas
from wizard.tui.crash import in_thread
from wizard.tui.screens.base import BACK, Page
from wizard.tui.stages import dataset_of
from wizard.tui.widgets.keyline import KeyLine, TopLine
from wizard.tui.widgets.picture import ImagePane

_HELP = """\
# Looking at labels

An image on the left, its label map in colour on the right, and below the classes it holds with
their share of the image.

**Left, Right** show another image. **Up, Down** show the same image in another taxonomy: as
published, remapped, relabelled. **Page Up, Page Down** move by a hundred.

Pictures are in real pixels where the terminal can, else in half blocks; **b** changes between the
two. `SEGWIZARD_PICTURES` (`auto`, `kitty`, `sixel`, `blocks`) decides before the terminal is asked.
"""


class PreviewPage(Page):
    """Leafs through a dataset."""

    HELP = _HELP
    BINDINGS = [
        Binding("left", "move(-1)", "Image", tooltip="The image before"),
        Binding("right", "move(1)", "Image", tooltip="The next image"),
        Binding("pageup", "move(-100)", "100 back", show=False),
        Binding("pagedown", "move(100)", "100 on", show=False),
        Binding("up", "change(-1)", "Taxonomy", tooltip="The taxonomy it was made from"),
        Binding("down", "change(1)", "Taxonomy", tooltip="The taxonomy made from it"),
        Binding("b", "blocks", "Blocks", tooltip="Pictures in half blocks, or not"),
        Binding("y", "copy", "Copy path", tooltip="Copy the path of the label"),
        BACK,
    ]

    def __init__(self, dataset: str) -> None:
        super().__init__()
        self._dataset = dataset
        self._galleries: tuple[Gallery, ...] = ()
        self._gallery = 0
        self._width = 0
        self._place = 0
        self._blocks = False

    def compose(self) -> ComposeResult:
        """Head, two pictures, legend."""
        session = self.wizard.open_session
        title = dataset_of(session.recipe, self._dataset).title
        yield TopLine(f"{title}, labels", str(session.dest))
        yield Static("Looking for images…", id="head")
        with Horizontal(id="pictures"):
            with Vertical():
                yield Static("image", classes="caption")
                yield ImagePane("image")
            with Vertical():
                yield Static("label", classes="caption")
                yield ImagePane("label", Image.Resampling.NEAREST)
        yield Static("", id="legend")
        yield KeyLine()

    def on_mount(self) -> None:
        """Find the lists without holding up the screen."""
        self.run_worker(self._find(), group="find", exclusive=True)
        self.wizard.find_canvas()
        self.watch(self.wizard, "canvas", self._draw_on)

    def on_resize(self) -> None:
        """Lay the legend out anew, for another width than it was drawn for."""
        if self._galleries and self._width != self.app.size.width:
            self._draw_soon()

    def on_screen_suspend(self) -> None:
        """Make room for the screen above."""
        for picture in self.query(ImagePane):
            picture.lift()

    def on_screen_resume(self) -> None:
        """Draw what was lifted."""
        for picture in self.query(ImagePane):
            picture.refresh()

    def action_move(self, by: int) -> None:
        """Show another image."""
        gallery = self._current
        if gallery is not None and gallery.pairs:
            self._place = (self._place + by) % len(gallery.pairs)
            self._draw_soon()

    def action_change(self, by: int) -> None:
        """Show another taxonomy of the same image."""
        if self._galleries:
            image = self._image_path()
            self._gallery = (self._gallery + by) % len(self._galleries)
            self._find_again(image)
            self._draw_soon()

    def action_blocks(self) -> None:
        """Draw in half blocks, or again as well as the terminal can."""
        self._blocks = not self._blocks
        self._draw_on(self.wizard.canvas)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what has more than half blocks can be asked for half blocks."""
        return action != "blocks" or self.wizard.canvas.protocol != "blocks"

    def action_copy(self) -> None:
        """The path of the label in view."""
        gallery = self._current
        if gallery is not None and gallery.pairs:
            self.wizard.copy_text(str(gallery.folder / gallery.pairs[self._place][1]))

    def _draw_on(self, canvas: Canvas) -> None:
        self.refresh_bindings()
        if self._blocks:
            canvas = replace(canvas, protocol="blocks")
        for picture in self.query(ImagePane):
            picture.draw_on(canvas)

    @property
    def _current(self) -> Gallery | None:
        return self._galleries[self._gallery] if self._galleries else None

    def _image_path(self) -> str:
        gallery = self._current
        return gallery.pairs[self._place][0] if gallery and gallery.pairs else ""

    def _find_again(self, image: str) -> None:
        """Stay with an image although lists may differ."""
        gallery = self._current
        paths = [pair[0] for pair in gallery.pairs] if gallery else []
        self._place = paths.index(image) if image in paths else 0

    async def _find(self) -> None:
        session = self.wizard.open_session
        dataset = dataset_of(session.recipe, self._dataset)
        self._galleries = await in_thread(lambda: galleries(session.recipe, dataset, session.dest))
        self._gallery = max(0, len(self._galleries) - 1)
        await self._draw()

    def _draw_soon(self) -> None:
        self.run_worker(self._draw(), group="draw", exclusive=True)

    async def _draw(self) -> None:
        gallery, place = self._current, self._place
        if gallery is None:
            self._show_nothing("There is no label work in this dataset, so nothing to look at.")
            return
        try:
            seen = await in_thread(lambda: read_example(gallery, place))
        except LabelError as error:
            self._show_nothing(f"{gallery.taxonomy}: {error.message}. Come back when it is made.")
            return
        except WizardError as error:
            self._show_nothing(str(error))
            return
        self._show(gallery, seen)

    def _show(self, gallery: Gallery, seen: LabelledImage) -> None:
        where = f"{self._place + 1:,} of {len(gallery.pairs):,}"
        stage = f"taxonomy {self._gallery + 1} of {len(self._galleries)}"
        self.query_one("#head", Static).update(
            Content.assemble(
                (gallery.taxonomy, "bold $text-primary"),
                (f"  {stage}, image {where}  ", "$text"),
                (Path(seen.name).name, "$text-muted"),
            )
        )
        self._width = self.app.size.width
        self.query_one("#image", ImagePane).show(seen.image)
        self.query_one("#label", ImagePane).show(seen.label)
        self.query_one("#legend", Static).update(
            legend(seen.legend, self._width - 4, rows=3 if self.has_class("-short") else 6)
        )

    def _show_nothing(self, said: str) -> None:
        self.query_one("#head", Static).update("")
        for name in ("#image", "#label"):
            self.query_one(name, ImagePane).show(None)
        # Below, where it has several lines.
        self.query_one("#legend", Static).update(Content.styled(said, "$text-warning"))


def legend(shares: tuple[Share, ...], width: int, *, rows: int = 6) -> Content:
    """Swatch, name and share of every class, as many as fit in columns, and how many do not."""
    if not shares:
        return Content.styled(
            "Shown as published: colours stand for classes or segments.", "$text-muted"
        )
    column = max(len(share.name) for share in shares) + 9
    columns = max(1, width // column)
    room = columns * rows
    shown = shares if len(shares) <= room else shares[: room - 1]
    cells = [_entry(share).pad_right(column).truncate(column) for share in shown]
    if rest := len(shares) - len(shown):
        cells.append(Content.styled(f"and {rest} more", "$text-muted"))
    lines = [Content("").join(cells[at : at + columns]) for at in range(0, len(cells), columns)]
    return Content("\n").join(lines)


def _entry(share: Share) -> Content:
    swatch = Color.from_rgb(*share.colour).get_truecolor().hex
    percent = "<1%" if share.share < 0.01 else figures.percent(share.share)
    return Content.assemble(("  ", f"on {swatch}"), f" {share.name} {percent}")
