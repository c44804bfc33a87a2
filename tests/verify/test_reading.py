"""Layers whose labels are colours, ids of segments, or drawn from polygons."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.verify.town import REMEDIES, save, verify_here
from wizard.labels.specs.taxonomies import LabelOutput, Labels, Polygons
from wizard.labels.tables.taxonomies import Tables
from wizard.verify.dataset import verify_dataset
from wizard.verify.specs.datasets import Verify
from wizard.verify.subject import Subject, layers_of
from wizard.verify.summary import Summary

NAMES = ("sky", "road", "car")
COLOURS = ((0, 0, 250), (90, 90, 90), (250, 0, 0))
CLASSES = np.array([[0, 0, 1, 1], [0, 2, 2, 1], [1, 1, 1, 1]], np.uint8)


class Place:
    """One image with a source label and the label made of it."""

    def __init__(self, dest: Path, source: str) -> None:
        self.dest = dest
        self.source = dest / source
        self.made = dest / "made/one.png"
        save(dest / "img/one.png", np.zeros((*CLASSES.shape, 3), np.uint8))
        save(self.made, CLASSES)
        for taxonomy, label in (("source", source), ("made", "made/one.png")):
            home = dest / "mseg/dataset_lists" / taxonomy
            (home / "list").mkdir(parents=True)
            (home / "list/train.txt").write_text(f"img/one.png {label}\n")
            (home / f"{taxonomy}_names.txt").write_text("\n".join(NAMES))
            lines = [" ".join(map(str, colour)) for colour in COLOURS]
            (home / f"{taxonomy}_colors.txt").write_text("\n".join(lines))
        rows = [("source", "made"), *((name, name) for name in (*NAMES, "unlabeled"))]
        table = dest / "mseg/class_remapping_files/source_to_made.tsv"
        table.parent.mkdir()
        table.write_text("\n".join("\t".join(row) for row in rows))

    def verify(self, labels: list[Labels], polygons: list[Polygons] | None = None) -> Summary:
        taxonomies = ("source", "made") if labels else ("source",)
        spec = Verify(tables="mseg", folder=".", taxonomies=taxonomies, splits=("train",))
        layers = layers_of(spec.taxonomies, spec.segments, [*labels, *(polygons or [])])
        tables = Tables(self.dest / "mseg")
        subject = Subject("place", self.dest, ".", tables, layers, splits=("train",))
        return verify_dataset(subject, verify_here, REMEDIES)


def causes(summary: Summary) -> list[str]:
    return [group.cause for group in summary.groups]


def coloured(classes: np.ndarray) -> np.ndarray:
    return np.array(COLOURS, np.uint8)[classes]


@pytest.fixture
def colours(tmp_path: Path) -> Place:
    place = Place(tmp_path, "source/one.png")
    save(place.source, coloured(CLASSES))
    return place


BY_COLOUR = Labels(
    tables="mseg",
    folder=".",
    source="source",
    decode="colours",
    outputs=(LabelOutput(taxonomy="made", base="source"),),
)


def test_a_colour_label_is_compared_class_by_class(colours: Place) -> None:
    assert causes(colours.verify([BY_COLOUR])) == []
    swapped = CLASSES.copy()
    swapped[0, 0] = 2
    save(colours.made, swapped)
    summary = colours.verify([BY_COLOUR])
    assert causes(summary) == ["wrong-pixels"]
    assert "1 of 12 pixels differ from what source gives: 2 instead of 0" in (
        summary.findings[0].detail
    )


def test_colours_of_no_class_are_counted_and_harmless(colours: Place) -> None:
    pixels = coloured(CLASSES)
    pixels[0, :2] = (1, 2, 3)
    save(colours.source, pixels)
    summary = colours.verify([BY_COLOUR])
    assert summary.sound
    assert summary.findings[0].detail == "#010203 (2 pixels)"


def test_a_palette_label_counts_by_its_colours(colours: Place) -> None:
    image = Image.fromarray(coloured(CLASSES)).quantize(8, dither=Image.Dither.NONE)
    image.save(colours.source)
    assert causes(colours.verify([BY_COLOUR])) == []


def test_a_label_without_colours_where_colours_should_be(colours: Place) -> None:
    save(colours.source, CLASSES.astype(np.uint16))
    assert causes(colours.verify([BY_COLOUR])) == ["wrong-mode"]


PANOPTIC = Labels(
    tables="mseg",
    folder=".",
    source="source",
    decode="panoptic",
    segments="panoptic_{split}.json",
    outputs=(LabelOutput(taxonomy="made"),),
)


@pytest.fixture
def panoptic(tmp_path: Path) -> Place:
    place = Place(tmp_path, "source/one.png")
    ids = 70_000 + CLASSES.astype(np.uint32) * 300
    save(place.source, np.stack([ids & 255, ids >> 8 & 255, ids >> 16], -1).astype(np.uint8))
    segments = [{"id": 70_000 + 300 * index, "category_id": index} for index in range(3)]
    document = {"annotations": [{"file_name": "one.png", "segments_info": segments}]}
    (tmp_path / "panoptic_train.json").write_text(json.dumps(document))
    return place


def test_panoptic_ids_are_compared_through_their_categories(panoptic: Place) -> None:
    assert causes(panoptic.verify([PANOPTIC])) == []
    save(panoptic.made, np.where(CLASSES == 2, 1, CLASSES).astype(np.uint8))
    assert causes(panoptic.verify([PANOPTIC])) == ["wrong-pixels"]


def test_a_segment_the_image_lacks_is_named(panoptic: Place) -> None:
    path = panoptic.dest / "panoptic_train.json"
    path.write_text(path.read_text().replace("70600", "80600"))
    summary = panoptic.verify([PANOPTIC])
    assert causes(summary) == ["broken-label"]
    assert "80600" in summary.findings[0].detail


DRAWN = Polygons(
    sources="source/*_polygons.json",
    replace=("_polygons.json", "_ids.png"),
    tables="mseg",
    taxonomy="source",
    background="sky",
)


@pytest.fixture
def polygons(tmp_path: Path) -> Place:
    place = Place(tmp_path, "source/one_ids.png")
    pixels = np.zeros(CLASSES.shape, np.uint8)
    pixels[1:3, 1:3] = 2
    save(place.source, pixels)
    square = [[1, 1], [2, 1], [2, 2], [1, 2]]
    objects = [{"label": "cargroup", "polygon": square}, {"label": "ufo", "polygon": square}]
    document = {"imgHeight": 3, "imgWidth": 4, "objects": objects}
    (tmp_path / "source/one_polygons.json").write_text(json.dumps(document))
    return place


def test_a_drawn_label_is_drawn_again(polygons: Place) -> None:
    summary = polygons.verify([], [DRAWN])
    assert causes(summary) == ["unknown-label"]
    assert summary.findings[0].detail == "1 x ufo"
    pixels = np.zeros(CLASSES.shape, np.uint8)
    save(polygons.source, pixels)
    summary = polygons.verify([], [DRAWN])
    assert causes(summary) == ["wrong-pixels", "unknown-label"]
    assert "4 of 12 pixels differ from what the polygon file gives" in summary.findings[-1].detail


def test_a_broken_polygon_file_is_named(polygons: Place) -> None:
    (polygons.dest / "source/one_polygons.json").write_text("{")
    summary = polygons.verify([], [DRAWN])
    assert [(each.cause, each.path) for each in summary.findings] == [
        ("broken-polygons", "./source/one_polygons.json")
    ]
