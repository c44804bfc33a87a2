"""What is said for a moment covers nothing, is said in words, and is true of what is shown."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.tui.driving import at_work, go_to, seen, sees, until
from tests.tui.fakes import busy, host_with, mseg, plan_of
from wizard import figures
from wizard.app.pictures import Gallery, read_example
from wizard.app.planning import look_at_disk
from wizard.engine.remote.protocol import Reply
from wizard.errors import DestinationError
from wizard.labels.tables.colours import class_colour
from wizard.labels.tables.taxonomies import Tables
from wizard.plan.preflight import check_destination
from wizard.tui.widgets.keyline import KeyLine
from wizard.tui.widgets.status import StatusLines
from wizard.views import DatasetView

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_a_sentence_stands_above_the_keys_and_covers_no_figures(size) -> None:
    async with at_work(host_with(), size) as pilot:
        keys = seen(pilot).splitlines()[-1]
        figures_before = seen(pilot).splitlines()[-3:-1]
        pilot.app.screen.say("A sentence that is too long for one line of a small screen. " * 2)
        await sees(pilot, "A sentence that")
        page = pilot.app.screen
        line, status = page.query_one(KeyLine), page.query_one(StatusLines)
        await until(pilot, lambda: line.size.height > 1)
        assert status.region.bottom <= line.region.y
        lines = seen(pilot).splitlines()
        assert lines[-1] == keys
        assert lines[status.region.y : status.region.bottom] == figures_before
        line._forget(line._said)
        await until(pilot, lambda: line.size.height == 1)


NOON = datetime(2026, 12, 3, 12, 0).timestamp()


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2026, 12, 3, 0, 5), "today at 0:05"),
        (datetime(2026, 12, 3, 23, 59), "today at 23:59"),
        (datetime(2026, 12, 2, 23, 59), "yesterday at 23:59"),
        (datetime(2026, 12, 4, 0, 0), "tomorrow at 0:00"),
        (datetime(2026, 11, 28, 9, 5), "on 28 November at 9:05"),
        (datetime(2027, 1, 1, 9, 5), "on 1 January 2027 at 9:05"),
    ],
)
def test_moments_are_told_in_words(moment, words) -> None:
    assert figures.moment(moment.timestamp(), NOON) == words


@given(st.floats(0, 4e9), st.floats(0, 4e9))
def test_no_moment_reads_like_a_log(moment, now) -> None:
    assert "-" not in figures.moment(moment, now)


@pytest.mark.parametrize("place", ["/proc/foo", "/proc/self/environ/below", "/sys/foo"])
def test_both_front_ends_give_the_true_reason_first(place: str) -> None:
    problem = look_at_disk(Path(place)).problem
    with pytest.raises(DestinationError) as caught:
        check_destination(plan_of(mseg()), Path(place), 1)
    assert problem == caught.value.message
    assert "free" not in problem


async def test_an_answer_that_is_taken_but_not_accepted_shows_no_green_line() -> None:
    host = host_with()
    host.link.reply = Reply(ok=True, text="Password of Cityscapes. Kept in the system keyring")
    async with at_work(host) as pilot:
        await go_to(pilot, "cityscapes")
        await pilot.press("enter")
        await pilot.press(*"ada", "enter", *"hunter2", "enter")
        await sees(pilot, "Kept in the system keyring")
        assert "✓ Password" not in seen(pilot)


async def test_a_dataset_that_was_left_out_says_so_and_how_to_add_it() -> None:
    now = busy(plan_of(mseg()))
    out = DatasetView(
        id="wilddash",
        title="WildDash",
        state="todo",
        done_steps=0,
        total_steps=0,
        fraction=0.0,
        chosen=False,
    )
    views = (*(view for view in now.datasets if view.id != "wilddash"), out)
    steps = tuple(step for step in now.steps if step.dataset != "wilddash")
    now = msgspec.structs.replace(now, datasets=views, steps=steps, partial=True)
    for size in ((60, 20), (80, 24), (120, 40)):
        async with at_work(host_with(now), size) as pilot:
            await go_to(pilot, "wilddash")
            await sees(pilot, "WildDash", "left out", "To add it")
            await pilot.press("enter", "left", "right", "y", "o")
            await go_to(pilot, "kitti")
            await sees(pilot, "KITTI")


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    """Two taxonomies of one dataset: colours are published for the first alone."""
    for name, classes in (("street", "road\nsky\n"), ("street-relabeled", "sky\nroad\nbus\n")):
        home = tmp_path / "dataset_lists" / name
        home.mkdir(parents=True)
        (home / f"{name}_names.txt").write_text(classes)
    own = tmp_path / "dataset_lists" / "street" / "street_colors.txt"
    own.write_text("128 64 128\n70 130 180\n")
    return Tables(tmp_path)


@pytest.mark.parametrize("taxonomy", ["street", "street-relabeled"])
def test_labels_are_drawn_in_the_colours_of_their_dataset(tmp_path, tables, taxonomy) -> None:
    Image.new("RGB", (4, 2)).save(tmp_path / "image.png")
    Image.fromarray(np.array([[0, 1], [0, 1]], dtype=np.uint8)).save(tmp_path / "label.png")
    beside = ("street", "street-relabeled")
    pairs = (("image.png", "label.png"),)
    gallery = Gallery(taxonomy, tables, tmp_path, pairs, raw=False, beside=beside)
    legend = {share.name: share.colour for share in read_example(gallery, 0).legend}
    assert legend == {"road": (128, 64, 128), "sky": (70, 130, 180)}


def test_what_is_unlabeled_is_grey_whatever_its_value(tmp_path, tables) -> None:
    home = tmp_path / "dataset_lists" / "street-relabeled"
    (home / "street-relabeled_names.txt").write_text("unlabeled\nroad\n")
    Image.new("RGB", (4, 2)).save(tmp_path / "image.png")
    Image.fromarray(np.array([[0, 1], [255, 1]], dtype=np.uint8)).save(tmp_path / "label.png")
    pairs = (("image.png", "label.png"),)
    gallery = Gallery("street-relabeled", tables, tmp_path, pairs, raw=False)
    grey = [s.colour for s in read_example(gallery, 0).legend if s.name == "unlabeled"]
    assert grey == [(64, 64, 64)] * 2


def test_colours_a_label_is_stored_with_come_first_and_greys_are_none(tmp_path, tables) -> None:
    Image.new("RGB", (4, 2)).save(tmp_path / "image.png")
    stored = Image.fromarray(np.array([[2, 2], [0, 0]], dtype=np.uint8), mode="P")
    stored.putpalette([1, 2, 3, 4, 5, 6, 7, 8, 9])
    stored.save(tmp_path / "label.png")
    pairs = (("image.png", "label.png"),)
    gallery = Gallery("street-relabeled", tables, tmp_path, pairs, raw=False)
    shown = {share.name: share.colour for share in read_example(gallery, 0).legend}
    assert shown == {"bus": (7, 8, 9), "sky": (1, 2, 3)}
    stored.putpalette([0, 0, 0, 1, 1, 1, 2, 2, 2])
    stored.save(tmp_path / "label.png")
    shown = {share.name: share.colour for share in read_example(gallery, 0).legend}
    assert shown["bus"] == class_colour("bus")
