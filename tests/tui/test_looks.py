"""Colours that can be read, signs any terminal shows, and what pasted text becomes."""

from __future__ import annotations

import base64

import pytest
from PIL import Image
from rich.segment import Segment
from textual._compositor import LayoutUpdate
from textual.color import Color
from textual.filter import Monochrome, NoColor
from textual.geometry import Region, Size
from textual.scrollbar import ScrollBar
from textual.strip import Strip

from tests.tui.driving import at_work, seen
from tests.tui.fakes import host_with
from wizard.app import machine
from wizard.app.pictures import Share
from wizard.tui import glyphs, themes
from wizard.tui.app import WizardApp
from wizard.tui.painting import ShownCells
from wizard.tui.panes.forms import pasted
from wizard.tui.screens.preview import legend
from wizard.tui.shell import osc52
from wizard.tui.widgets.picture import fitted, half_blocks

pytestmark = pytest.mark.slow

GROUNDS = (
    "background",
    "surface",
    "panel",
    "block-cursor-background",
    "block-cursor-blurred-background",
)
TEXTS = (
    "text",
    "text-muted",
    "text-primary",
    "text-secondary",
    "text-accent",
    "text-success",
    "text-warning",
    "text-error",
)
RGB = [theme for theme in themes.THEMES if not theme.ansi]


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio."""

    def light(name: str) -> float:
        parts = [c / 255 for c in Color.parse(name).rgb]
        lin = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * lin[0] + 0.7152 * lin[1] + 0.0722 * lin[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", RGB, ids=lambda theme: theme.name)
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("ground", GROUNDS)
def test_every_text_can_be_read_on_every_ground(theme, text, ground) -> None:
    colours = theme.to_color_system().generate()
    least = 7.0 if theme is themes.CONTRAST else 4.5
    assert contrast(colours[text], colours[ground]) >= least


@pytest.mark.parametrize("theme", RGB, ids=lambda theme: theme.name)
def test_the_highlighted_row_can_be_read(theme) -> None:
    colours = theme.to_color_system().generate()
    ground = colours["block-cursor-background"]
    assert contrast(colours["block-cursor-foreground"], ground) >= 7.0


async def test_without_block_signs_everything_is_ascii(monkeypatch) -> None:
    for module in ("wizard.tui.glyphs", "wizard.tui.app", "wizard.tui.widgets.picture"):
        monkeypatch.setattr(f"{module}.plain_terminal", lambda: True)
    monkeypatch.setattr(ScrollBar, "renderer", ScrollBar.renderer)
    async with at_work(host_with()) as pilot:
        await pilot.pause()
        odd = {sign for sign in seen(pilot) if ord(sign) > 127}
        assert odd <= {"\u00a0", "…", "⏎"}


def test_the_linux_console_gets_plain_signs(monkeypatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("TERM", "linux")
    assert glyphs.plain_terminal()


@pytest.mark.parametrize(
    ("term", "locale", "plain"),
    [("vt100", "C", True), ("vt220", "", True), ("vt100", "C.UTF-8", False), ("xterm", "C", False)],
)
def test_a_terminal_of_decs_kind_gets_plain_signs_unless_its_locale_says_more(
    monkeypatch, term: str, locale: str, plain: bool
) -> None:
    monkeypatch.undo()
    for name in ("LC_ALL", "LC_CTYPE", "LANG", "SEGWIZARD_ASCII"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_ALL", locale)
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr("locale.getpreferredencoding", lambda do_setlocale=True: "utf-8")
    assert glyphs.plain_terminal() == plain


def test_signs_a_plain_terminal_lacks_are_not_written_to_it() -> None:
    update = LayoutUpdate([[Strip([Segment("⏎ Next\u00a0Dr…")])]], Region(0, 0, 11, 1))
    (run,) = ShownCells(plain=True).changes(update, Size(11, 1))
    assert "".join(sign for sign, _ in run.cells) == "> Next Dr~"


@pytest.mark.parametrize(
    ("term", "name"), [("linux", "terminal-16"), ("xterm-256color", "segwizard-dark")]
)
def test_the_first_theme_suits_the_terminal(monkeypatch, term, name) -> None:
    for variable in ("TEXTUAL_THEME", "COLORTERM"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TERM", term)
    assert themes.first_theme() == name


def test_without_colour_the_terminals_own_are_used_whatever_was_chosen(monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TEXTUAL_THEME", "segwizard-light")
    app = WizardApp(host_with())
    assert themes.first_theme() == "terminal-16"
    assert any(isinstance(each, NoColor) for each in app._filters)
    assert not any(isinstance(each, Monochrome) for each in app._filters)


def test_a_chosen_theme_is_remembered(monkeypatch) -> None:
    monkeypatch.delenv("TEXTUAL_THEME", raising=False)
    machine.remember_theme("high-contrast")
    assert themes.first_theme() == "high-contrast"


def test_copying_is_wrapped_for_tmux(monkeypatch) -> None:
    plain = osc52("scp a b")
    assert base64.b64decode(plain.removeprefix("\x1b]52;c;").removesuffix("\a")) == b"scp a b"
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
    wrapped = osc52("scp a b")
    assert wrapped == "\x1bPtmux;" + plain.replace("\x1b", "\x1b\x1b") + "\x1b\\"


def test_what_is_too_long_for_a_terminal_goes_to_the_file_only() -> None:
    assert osc52("x" * 100_000) == ""
    path = machine.keep_copied("x" * 100_000)
    assert path is not None
    assert len(path.read_text()) == 100_001


@pytest.mark.parametrize(
    "text",
    [
        "https://host.example/a/b.zip",
        "  https://host.example/a/\n  b.zip\n",
        "wget 'https://host.example/a/b.zip' -O x",
    ],
)
def test_pasted_links_come_out_whole(text) -> None:
    assert pasted(text) == "https://host.example/a/b.zip"


def test_a_picture_keeps_its_sides_and_colours() -> None:
    image = Image.new("RGB", (200, 100), (255, 0, 0))
    cells = fitted(Size(*image.size), Size(40, 15))
    assert cells == Size(40, 10)
    assert fitted(Size(*image.size), Size(40, 15), (10, 10)) == Size(30, 15)
    small = image.resize((cells.width, cells.height * 2))
    strips = half_blocks(small, plain=False)
    assert len(strips) == 10
    assert all(strip.cell_length == 40 for strip in strips)
    assert "▀" in strips[0].text
    assert half_blocks(small, plain=True)[0].text == " " * 40


def test_the_legend_names_every_class_with_its_share() -> None:
    shares = (Share("road", (128, 64, 128), 0.62), Share("sky", (70, 130, 180), 0.004))
    said = legend(shares, 80).plain
    assert "road 62%" in said
    assert "sky <1%" in said


def test_a_legend_without_room_says_how_many_classes_are_missing() -> None:
    shares = tuple(Share(f"class {n}", (n, n, n), 0.1) for n in range(10))
    lines = legend(shares, 34, rows=3).plain.splitlines()
    assert len(lines) == 3
    assert lines[-1].split("class 4 10%")[1].strip() == "and 5 more"


def test_bars_and_sparks_fill_what_they_are_given() -> None:
    full, empty = glyphs.UNICODE.bar(0.5, 11)
    assert (len(full), len(empty)) == (6, 5)
    assert glyphs.UNICODE.bar(1.0, 4) == ("━━━━", "")
    assert glyphs.UNICODE.spark((1.0, 2.0), 10) == "▅█"
    assert glyphs.UNICODE.spark((), 10) == ""
