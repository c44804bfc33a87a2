"""The install at one glance: the table of stages, and what moved over time."""

from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widget import Widget

from tests.tui.driving import at_work, seen, sees
from tests.tui.fakes import GIGA, MAPILLARY, MOMENT, busy, host_with, mseg, plan_of, snapshot_of
from wizard.tui.glyphs import ASCII, UNICODE
from wizard.tui.history import SPANS, History
from wizard.tui.stages import steps_of
from wizard.tui.widgets.plots import Plots, drawn, plot, shares, stacked
from wizard.tui.widgets.sidebar import COLUMNS, TABLE_WIDTH, cells, sidebar_row, table_head
from wizard.views import Snapshot

amounts = st.lists(st.floats(0, 1e12), max_size=40)


def words(snapshot: Snapshot, dataset: str, asked: float | None = None) -> dict[str, str]:
    found = cells(steps_of(snapshot, dataset), asked)
    return {name: cell.words(UNICODE) for name, cell in zip(COLUMNS, found, strict=True)}


def test_a_row_tells_every_stage_by_a_sign_and_a_share() -> None:
    now = busy(plan_of(mseg()))
    assert words(now, "coco-panoptic") == {
        "Terms": "✓",
        "Files": "✓",
        "Unpacked": "✓",
        "Labels": "▶ 33%",
        "Proven": "·",
    }
    assert words(now, "kitti")["Files"] == "✗"
    assert words(now, "mseg-api")["Labels"] == ""


def test_what_waits_has_its_date() -> None:
    now = busy(plan_of(mseg()))
    day = time.mktime((2026, 12, 3, 12, 0, 0, 0, 0, -1))
    assert words(now, "mapillary")["Files"] == "◆ you"
    assert words(now, "mapillary", day)["Files"] == "◆ 3 Dec"
    # A login waits for nobody's answer, whenever it was asked for.
    assert words(now, "cityscapes", day)["Files"] == "◆ you"
    tried = msgspec.structs.replace(MAPILLARY, again=day)
    fetch = next(s.address for s in now.steps if s.dataset == "mapillary" and s.kind == "fetch")
    later = snapshot_of(
        plan_of(mseg()),
        {"mapillary/terms": {"state": "done"}, fetch: {"state": "waiting", "request": tried}},
    )
    assert words(later, "mapillary")["Files"] == "◆ 12:00"


def test_sources_that_stand_by_are_no_part_of_the_share() -> None:
    now = busy(plan_of(mseg()))
    own = [step for step in steps_of(now, "camvid") if step.kind == "fetch"]
    ways = [
        msgspec.structs.replace(own[0], alternative="first", state="done"),
        msgspec.structs.replace(own[0], alternative="second", state="locked"),
    ]
    assert cells(ways)[COLUMNS.index("Files")].words(UNICODE) == "✓"


@pytest.mark.parametrize("width", [TABLE_WIDTH, 62, 100])
@pytest.mark.parametrize("signs", [UNICODE, ASCII])
def test_every_row_is_as_wide_as_the_table_and_stands_below_its_head(width, signs) -> None:
    now = busy(plan_of(mseg()))
    for view in now.datasets:
        found = cells(steps_of(now, view.id), MOMENT)
        row = sidebar_row(view, signs, width, found).plain
        assert len(row) == width
        for name, cell in zip(COLUMNS, found, strict=True):
            # The head stands in the frame, one cell further right.
            place = table_head(width).index(name) + 1
            assert row[place:].startswith(cell.words(signs))


@given(amounts, st.integers(1, 30), st.integers(1, 8), st.sampled_from([UNICODE, ASCII]))
def test_a_plot_fills_its_place_and_shows_whatever_moved(values, width, height, signs) -> None:
    rows = [row.plain for row in plot(values, width, height, signs, "$text")]
    assert [len(row) for row in rows] == [width] * height
    shown = values[-width:]
    for column, value in zip(range(width - len(shown), width), shown, strict=True):
        assert (rows[-1][column] != " ") == (value > 0)


@given(
    st.lists(st.tuples(st.floats(0, 1e12), st.floats(0, 1e12)), max_size=40),
    st.integers(1, 30),
    st.integers(1, 8),
)
def test_two_parts_are_told_apart_without_colours(pairs, width, height) -> None:
    lower, upper = [low for low, _ in pairs], [high for _, high in pairs]
    rows = stacked(lower, upper, width, height, ASCII, ("$text", "$text"))
    assert all(row.cell_length == width for row in rows)
    signs = {sign for row in rows for sign in row.plain}
    assert signs <= {" ", ASCII.sparks[-1], ASCII.shade}


@given(st.lists(st.integers(0, 500), max_size=8), st.integers(1, 80))
def test_a_bar_of_shares_is_never_wider_than_its_place(counts, width) -> None:
    bar = shares([(float(count), "x", "$text") for count in counts], width)
    assert bar.cell_length == (width if sum(counts) else 0)


def test_an_hour_is_kept_and_no_more() -> None:
    history, now = History(), busy(plan_of(mseg()))
    for second in range(0, 3 * 3600, 2):
        sample = msgspec.structs.replace(now, moment=MOMENT + second, rate=float(second))
        history.note(sample)
    assert history.span == SPANS[-1]
    values = history.values(lambda figures_then: figures_then.rate, 60)
    assert len(values) == 60
    assert values[0] >= 2 * 3600 - 120
    assert list(values) == sorted(values)


def test_what_nobody_noted_stayed_as_it_was() -> None:
    history, now = History(), busy(plan_of(mseg()))
    for second, rate in ((0, 5.0), (100, 7.0)):
        history.note(msgspec.structs.replace(now, moment=MOMENT + second, rate=rate))
    values = history.values(lambda figures_then: figures_then.rate, 60)
    assert values[-1] == 7.0
    assert set(values[:-1]) == {5.0}


@pytest.mark.parametrize("height", range(1, 30))
@pytest.mark.parametrize("width", [40, 64, 120])
def test_plots_never_need_more_room_than_there_is(width, height) -> None:
    history, now = History(), busy(plan_of(mseg()))
    history.note(now)
    shown = drawn(now, history, width, height)
    lines = shown.plain.split("\n")
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    assert "Download" in lines[0]


async def test_the_table_and_the_plots_stand_from_a_hundred_columns_on() -> None:
    async with at_work(host_with(busy(plan_of(mseg()))), (120, 40)) as pilot:
        await sees(pilot, "Unpacked", "▶ 47%", "182 images/s", "Disk", "2 running, 4 need you")
    async with at_work(host_with(busy(plan_of(mseg())))) as pilot:
        assert "Unpacked" not in seen(pilot)
        assert "images/s" not in seen(pilot)


async def test_plots_are_drawn_once_a_second_and_only_when_something_changed(monkeypatch) -> None:
    host = host_with(busy(plan_of(mseg())))
    async with at_work(host, (120, 40)) as pilot:
        plots, history = pilot.app.screen.query_one(Plots), History()
        painted: list[Widget] = []
        monkeypatch.setattr(plots, "refresh", lambda *_, **__: painted.append(plots))
        for tenth in range(30):
            now = msgspec.structs.replace(
                host.link.now, moment=MOMENT + 100 + tenth / 10, rate=1e6 * tenth
            )
            history.note(now)
            plots.show(now, history)
        assert 2 <= len(painted) <= 4
        painted.clear()
        for second in range(20):
            still = msgspec.structs.replace(now, moment=now.moment + second, disk_free=GIGA)
            plots.show(still, history)
        assert len(painted) <= 1
