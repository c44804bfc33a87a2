"""Pictures of labels: in pixels exactly as made, and only while nothing lies above them."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from textual.drivers.headless_driver import HeadlessDriver
from textual.widgets import Static

from tests.tui.driving import at_work, go_to, on, seen, sees, until
from tests.tui.fakes import host_with
from wizard.app.pictures import Gallery
from wizard.labels.tables.taxonomies import Tables
from wizard.tui.canvas import Canvas
from wizard.tui.screens.preview import PreviewPage
from wizard.tui.screens.wizard import WizardPage
from wizard.tui.widgets.picture import kitty, sixel

pytestmark = pytest.mark.slow

RED, BLUE = (255, 0, 0), (0, 0, 255)


def painted(data: str) -> np.ndarray:
    """What a Sixel terminal shows: percents of red, green and blue, -1 where nothing is drawn."""
    head = re.match(r'\x1bP0;1;0q"1;1;(\d+);(\d+)', data)
    assert head is not None
    image = np.full((int(head[2]), int(head[1]), 3), -1)
    palette: dict[int, list[int]] = {}
    top = column = colour = 0
    for token in re.findall(
        r"#\d+;2;\d+;\d+;\d+|#\d+|!\d+.|[?-~$-]", data[head.end() :].removesuffix("\x1b\\")
    ):
        if token[0] == "#":
            colour, *rgb = (int(part) for part in token[1:].split(";"))
            if rgb:
                palette[colour] = rgb[1:]
        elif token == "$":
            column = 0
        elif token == "-":
            top, column = top + 6, 0
        else:
            count = int(token[1:-1]) if token[0] == "!" else 1
            for bit in range(6):
                if (ord(token[-1]) - 63) >> bit & 1:
                    image[top + bit, column : column + count] = palette[colour]
            column += count
    return image


@given(
    arrays(np.uint8, st.tuples(st.integers(1, 14), st.integers(1, 20)), elements=st.integers(0, 5))
)
def test_every_pixel_of_a_label_gets_its_own_colour(indices) -> None:
    colours = np.array([(0, 0, 0), RED, BLUE, (128, 64, 128), (24, 24, 25), (24, 24, 24)])
    wanted = colours[indices]
    data = sixel(Image.fromarray(wanted.astype(np.uint8)), 256).put
    assert np.array_equal(painted(data), np.rint(wanted / 2.55).astype(int))


def test_a_terminal_of_few_colours_gets_few() -> None:
    photo = Image.fromarray(np.arange(30 * 30 * 3, dtype=np.uint32).reshape(30, 30, 3).astype("u1"))
    data = sixel(photo, 16).put
    assert len(re.findall(r"#\d+;2;", data)) <= 16
    assert painted(data).min() >= 0


def test_kitty_gets_a_png_in_pieces_it_takes() -> None:
    rng = np.random.default_rng(0)
    photo = Image.fromarray(rng.integers(0, 256, (60, 80, 3), dtype=np.uint8))
    pixels = kitty(photo, 8, 3)
    pieces = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", pixels.load)
    assert len(pieces) > 2
    assert all(len(data) <= 4096 for _, data in pieces)
    assert [keys[-1] for keys, _ in pieces] == ["1"] * (len(pieces) - 1) + ["0"]
    png = base64.b64decode("".join(data for _, data in pieces))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png))), np.asarray(photo))
    number = re.search(r"i=\d+", pixels.load)[0]
    assert all(f"{number}," in part for part in (pixels.put, pixels.lift))
    assert "c=8,r=3" in pixels.put


@pytest.fixture
def gallery(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two images that are published with labels in colour."""
    for name, colour in (("one.png", RED), ("two.png", BLUE)):
        Image.new("RGB", (40, 20), colour).save(tmp_path / name)
    pairs = (("one.png", "one.png"), ("two.png", "two.png"))
    made = Gallery("as-published", Tables(tmp_path), tmp_path, pairs, raw=True)
    monkeypatch.setattr("wizard.tui.screens.preview.galleries", lambda *_: (made,))
    monkeypatch.setattr("wizard.tui.widgets.picture.measured", lambda canvas: canvas)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is written past the cells."""
    found: list[str] = []
    write = HeadlessDriver.write

    def note(self: HeadlessDriver, data: str) -> None:
        if "\x1bP" in data or "\x1b_G" in data:
            found.append(data)
        write(self, data)

    monkeypatch.setattr(HeadlessDriver, "write", note)
    return found


def of(written: list[str], sign: str) -> int:
    return sum(sign in data for data in written)


async def test_a_terminal_that_says_nothing_gets_half_blocks(gallery, written) -> None:
    async with at_work(host_with()) as pilot:
        await go_to(pilot, "ade20k")
        await pilot.press("v")
        await until(pilot, lambda: "▀" in seen(pilot))
        assert "image 1 of 2" in seen(pilot)
        assert "Blocks" not in seen(pilot)
        await pilot.press("right", "b")
        await until(pilot, lambda: "image 2 of 2" in seen(pilot))
    assert written == []


async def test_pixels_follow_the_keys_and_make_room(gallery, written) -> None:
    async with at_work(host_with()) as pilot:
        pilot.app.canvas = Canvas("kitty")
        await go_to(pilot, "ade20k")
        await pilot.press("v")
        await until(pilot, lambda: of(written, "a=p") >= 2)
        page = await on(pilot, PreviewPage)
        assert "Blocks" in seen(pilot)

        await pilot.press("question_mark")
        await until(pilot, lambda: pilot.app.screen is not page)
        await until(pilot, lambda: of(written, "d=i") >= 2)
        placed = of(written, "a=p")
        await pilot.pause()
        assert of(written, "a=p") == placed

        await pilot.press("escape")
        await until(pilot, lambda: of(written, "a=p") >= placed + 2)
        await pilot.press("right")
        await until(pilot, lambda: of(written, "a=t") == 4)
        await pilot.press("b")
        await until(pilot, lambda: of(written, "d=I") == 4)
        placed = of(written, "a=p")
        await pilot.press("b")
        await until(pilot, lambda: of(written, "a=p") > placed)
        await pilot.press("escape")
        await on(pilot, WizardPage)
        await until(pilot, lambda: of(written, "d=I") == of(written, "a=t"))


async def test_a_notice_lies_above_the_picture(gallery, written) -> None:
    async with at_work(host_with()) as pilot:
        pilot.app.canvas = Canvas("sixel")
        await go_to(pilot, "ade20k")
        await pilot.press("v")
        await until(pilot, lambda: of(written, "\x1bP") >= 2)
        pilot.app.notify("\n" * 20, timeout=600)
        await until(pilot, lambda: bool(pilot.app.screen.query("Toast")))
        await pilot.pause()
        written.clear()
        head = pilot.app.screen.query_one("#head", Static)
        await pilot.press("right")
        await until(pilot, lambda: "image 2 of 2" in str(head.content))
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        assert written == []
        pilot.app.clear_notifications()
        await until(pilot, lambda: of(written, "\x1bP") >= 2)


async def test_looking_is_offered_only_where_there_are_labels() -> None:
    async with at_work(host_with()) as pilot:
        await go_to(pilot, "ade20k")
        await sees(pilot, "View")
        await go_to(pilot, "mseg-api")
        await until(pilot, lambda: "View" not in seen(pilot))
        await pilot.press("v")
        await sees(pilot, "nothing to look at")
        assert isinstance(pilot.app.screen, WizardPage)
