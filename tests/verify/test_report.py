from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from tests.verify.town import Town, load
from wizard.verify.context import load_context
from wizard.verify.report.model import (
    ArchiveLine,
    Consent,
    DatasetPage,
    LeftOut,
    ReportData,
    Standing,
)
from wizard.verify.report.render import read_twin, render, write_report
from wizard.verify.report.samples import Sampler, class_colour, colour_table

VOID = {"meta", "img", "br", "rect", "link", "input", "hr"}


class Balanced(HTMLParser):
    """Fails on tags that are not closed in order, and collects what a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name == "src"]
        assert tag not in ("script", "link", "iframe")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def page_of(town: Town, verdict: Standing = "verified") -> DatasetPage:
    summary = town.verify()
    sampler = Sampler(town.subject, load_context(town.subject))
    histogram = sampler.histogram(town.subject.layers[-1])
    assert histogram is not None
    return DatasetPage(
        id="town",
        title="Town <&> country",
        about="A town.",
        folder="data/Town",
        verdict=verdict,
        verified=1.0,
        checked=summary.checked,
        groups=summary.groups,
        sources=(
            ArchiveLine(name="town.zip", size=1_300_000, sha256="ab" * 32, how="sha256 agrees"),
        ),
        consent=Consent(title="Terms", url="https://town.example/terms", who="ann on box"),
        histograms=(histogram,),
        rows=tuple(sampler.rows()),
        citation="A. Town, 2020.",
    )


def report_of(page: DatasetPage, *left_out: LeftOut) -> ReportData:
    return ReportData(
        collection="Towns",
        about="Some towns.",
        dest="/data",
        software="segwizard 1",
        moment=2.0,
        datasets=(page,),
        left_out=left_out,
        inputs={"town/verify": 1.0},
    )


def test_the_page_is_whole_and_needs_nothing_from_outside(town: Town) -> None:
    page = render(report_of(page_of(town)))
    reader = Balanced()
    reader.feed(page)
    assert reader.open == []
    assert reader.loads
    assert all(address.startswith("data:image/") for address in reader.loads)
    assert not re.search(r"url\(|@import|src=\"http", page)
    assert "prefers-color-scheme: dark" in page


def test_values_are_escaped_and_shown(town: Town) -> None:
    page = render(report_of(page_of(town)))
    assert "Town &lt;&amp;&gt; country" in page
    assert "Town <&>" not in page
    for shown in (
        "ab" * 32,
        "1.3 MB",
        "accepted by ann on box",
        "A. Town, 2020.",
        "the image of a published example is not listed",
    ):
        assert shown in page


def test_a_partial_install_says_so(town: Town) -> None:
    whole = report_of(page_of(town))
    partial = report_of(page_of(town), LeftOut(title="Village", loss="No villages."))
    assert (whole.state, partial.state) == ("complete", "partial")
    assert "This install is partial." not in render(whole)
    page = render(partial)
    assert "This install is partial." in page
    assert "No villages." in page


def test_what_is_wrong_is_shown_with_its_remedy(town: Town) -> None:
    town.label("town-3").unlink()
    report = report_of(page_of(town, "faulty"))
    page = render(report)
    assert report.state == "unfinished"
    assert "To mend" in page
    assert "Town/gt3/train/a/one_ids.png" in page
    assert "segwizard run town" in page


def test_the_twin_holds_the_same_without_pictures(town: Town, tmp_path: Path) -> None:
    report = report_of(page_of(town))
    page, twin = write_report(tmp_path, report)
    assert b"data:image" not in twin.read_bytes()
    again = read_twin(tmp_path)
    assert again is not None
    assert again.inputs == report.inputs
    assert again.datasets[0].histograms == report.datasets[0].histograms
    assert msgspec.json.decode(twin.read_bytes())["datasets"][0]["checked"]["labels"] == 12
    page.unlink()
    assert read_twin(tmp_path) is None


def test_a_histogram_counts_pixels(town: Town) -> None:
    sampler = Sampler(town.subject, load_context(town.subject))
    histogram = sampler.histogram(town.subject.layers[-1])
    assert histogram is not None
    pixels = np.concatenate(
        [load(town.label("town-3-relabeled", s)).ravel() for s in ("one", "two", "three", "four")]
    )
    labelled = pixels[pixels != 255]
    shares = {bar.name: bar.share for bar in histogram.bars}
    assert shares["bicyclist"] == pytest.approx((labelled == 1).mean(), abs=1e-4)
    assert histogram.unlabeled == pytest.approx((pixels == 255).mean(), abs=1e-4)
    assert (histogram.labels, histogram.of) == (4, 4)


def test_pictures_show_the_label_before_and_after(town: Town) -> None:
    row = next(Sampler(town.subject, load_context(town.subject)).rows())
    assert [picture.caption for picture in row.pictures] == ["image", "town-3", "town-3-relabeled"]
    assert row.note == "1 x motorcyclist"
    data = base64.b64decode(row.pictures[2].uri.partition(",")[2])
    with Image.open(io.BytesIO(data)) as image:
        shown = np.asarray(image.convert("RGB"))
    values = load(town.label("town-3-relabeled", "four"))
    names = ("road", "bicyclist", "motorcyclist", "car")
    assert (shown == colour_table(names)[values]).all()


def test_a_class_has_one_colour_wherever_it_stands() -> None:
    assert tuple(colour_table(["a", "road"])[1]) == class_colour("road")
    assert tuple(colour_table(["road"])[0]) == class_colour("road")
    assert class_colour("road") != class_colour("car")


def test_unreadable_files_are_passed_over(town: Town) -> None:
    for stem in ("one", "two", "three", "four"):
        town.label("town-3-relabeled", stem).write_bytes(b"junk")
        town.image(stem).write_bytes(b"junk")
    sampler = Sampler(town.subject, load_context(town.subject))
    assert sampler.histogram(town.subject.layers[-1]) is None
    assert [*sampler.rows()] == []
