"""A dataset small enough to check by hand: one source taxonomy, one remapped, one relabelled."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wizard.findings import Finding
from wizard.labels.specs.taxonomies import LabelOutput, Labels, Relabel
from wizard.labels.tables.taxonomies import Tables
from wizard.verify.dataset import ImageWork, verify_dataset
from wizard.verify.specs.datasets import Example, Verify
from wizard.verify.subject import Subject, layers_of
from wizard.verify.summary import Remedies, Summary

SIZE = (24, 16)
"""Width and height of every image."""

STEMS = {"train": ("one", "two", "three"), "val": ("four",)}

NAMES = {
    "town-4": ("unlabeled", "road", "rider", "car"),
    "town-3": ("road", "rider", "car"),
    "town-3-relabeled": ("road", "bicyclist", "motorcyclist", "car"),
}
ROWS = {
    "town-4_to_town-3": [(name, name) for name in NAMES["town-4"]],
    "town-3_to_town-3-relabeled": [
        ("road", "road"),
        ("rider", "bicyclist"),
        ("car", "car"),
        ("unlabeled", "unlabeled"),
    ],
}
FOLDERS = {"town-4": "gt", "town-3": "gt3", "town-3-relabeled": "gt3_relabeled"}

# Segment -> left, top, right, bottom, all inside; 1 and 2 overlap.
BOXES = {1: (2, 2, 8, 6), 2: (6, 4, 12, 10), 3: (14, 1, 20, 3)}
RECORDS = (("motorcyclist", "motorcyclist.txt", (1,)), ("bicyclist", "bicyclist.txt", (2, 3)))

RELABEL = Relabel(
    records="town_update_records",
    mask="polygon",
    source="Town/gt/{split}/{parent}/{stem}_polygons.json",
    segment="seq{parent}_{stem}_{id}",
)
EXAMPLES = (
    Example(
        taxonomy="town-3-relabeled",
        name="bicyclist",
        index=1,
        segment="seqa_one_2.jpg",
        split="train",
        y=5,
        x=7,
    ),
    Example(
        taxonomy="town-3-relabeled",
        name="car",
        index=3,
        segment="seqz_elsewhere_2.jpg",
        split="train",
        y=0,
        x=0,
    ),
)
VERIFY = Verify(
    tables="mseg",
    folder="Town",
    taxonomies=("town-4", "town-3", "town-3-relabeled"),
    examples=EXAMPLES,
)
LABELS = Labels(
    tables="mseg",
    folder="Town",
    source="town-4",
    outputs=(
        LabelOutput(taxonomy="town-3", base="town-4"),
        LabelOutput(taxonomy="town-3-relabeled", base="town-3", relabel=RELABEL),
    ),
)
REMEDIES = Remedies("segwizard run town")


def verify_here(work: ImageWork) -> list[Finding]:
    """Run a batch in this thread, image by image."""
    return [finding for item in work.items() for finding in work.process(item).findings]


@dataclass(frozen=True)
class Town:
    """The tree of one test."""

    dest: Path

    @property
    def root(self) -> Path:
        return self.dest / "data"

    @property
    def tables(self) -> Path:
        return self.dest / "mseg"

    @property
    def subject(self) -> Subject:
        return Subject(
            "town",
            self.root,
            "Town",
            Tables(self.tables),
            layers_of(VERIFY.taxonomies, VERIFY.segments, [LABELS]),
            examples=EXAMPLES,
        )

    def label(self, taxonomy: str, stem: str = "one") -> Path:
        return self.root / "Town" / label_name(taxonomy, stem)

    def image(self, stem: str = "one") -> Path:
        return self.root / "Town" / image_name(stem)

    def polygons(self, stem: str = "one") -> Path:
        return self.label("town-4", stem).with_name(f"{stem}_polygons.json")

    def list(self, taxonomy: str, split: str = "train") -> Path:
        return self.tables / "dataset_lists" / taxonomy / "list" / f"{split}.txt"

    def segments(self, name: str) -> Path:
        return self.tables / "relabeled_data" / name

    def verify(self) -> Summary:
        return verify_dataset(self.subject, verify_here, REMEDIES)


def split_of(stem: str) -> str:
    return next(split for split, stems in STEMS.items() if stem in stems)


def image_name(stem: str) -> str:
    ending = "png" if stem == "two" else "jpg"
    return f"img/{split_of(stem)}/a/{stem}.{ending}"


def label_name(taxonomy: str, stem: str) -> str:
    return f"{FOLDERS[taxonomy]}/{split_of(stem)}/a/{stem}_ids.png"


def make_town(dest: Path) -> Town:
    """Build the tree, every pixel set by plain loops over the rules."""
    town = Town(dest)
    _write_tables(town)
    for number, stem in enumerate(STEMS["train"] + STEMS["val"]):
        source = _source(number)
        picture = np.random.default_rng(number).integers(0, 256, (*source.shape, 3), np.uint8)
        town.image(stem).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(town.image(stem))
        save(town.label("town-4", stem), source)
        mapped = np.where(source == 0, 255, source.astype(int) - 1).astype(np.uint8)
        save(town.label("town-3", stem), mapped)
        save(town.label("town-3-relabeled", stem), _relabelled(mapped))
        objects = [{"id": key, "label": "rider", "polygon": _corners(key)} for key in BOXES]
        document = {"imgHeight": SIZE[1], "imgWidth": SIZE[0], "objects": objects}
        town.polygons(stem).write_text(json.dumps(document))
    return town


def save(path: Path, pixels: NDArray[np.generic]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def load(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.array(image)


def _source(number: int) -> NDArray[np.uint8]:
    return np.random.default_rng(100 + number).integers(0, 4, SIZE[::-1], np.uint8)


def _relabelled(mapped: NDArray[np.uint8]) -> NDArray[np.uint8]:
    made = mapped.copy()
    made[mapped == 2] = 3
    names = NAMES["town-3-relabeled"]
    for name, _, keys in RECORDS:
        for key in keys:
            left, top, right, bottom = BOXES[key]
            for y in range(top, bottom + 1):
                for x in range(left, right + 1):
                    made[y, x] = names.index(name)
    return made


def _corners(key: int) -> list[tuple[int, int]]:
    left, top, right, bottom = BOXES[key]
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _write_tables(town: Town) -> None:
    for taxonomy, names in NAMES.items():
        home = town.tables / "dataset_lists" / taxonomy
        (home / "list").mkdir(parents=True)
        (home / f"{taxonomy}_names.txt").write_text("\n".join(names))
        for split, stems in STEMS.items():
            lines = [f"{image_name(stem)} {label_name(taxonomy, stem)}" for stem in stems]
            (home / "list" / f"{split}.txt").write_text("\n".join(lines) + "\n")
    (town.tables / "class_remapping_files").mkdir()
    for name, rows in ROWS.items():
        lines = ["\t".join(name.split("_to_")), *("\t".join(row) for row in rows)]
        (town.tables / "class_remapping_files" / f"{name}.tsv").write_text("\n".join(lines))
    _write_records(town)


def _write_records(town: Town) -> None:
    calls = []
    (town.tables / "relabeled_data").mkdir()
    for name, file, keys in RECORDS:
        for split, stems in STEMS.items():
            lines = [f"seqa_{stem}_{key}.jpg" for stem in stems for key in keys]
            town.segments(f"{split}_{file}").write_text("\n".join(lines))
            calls.append(f"Record('town', '{split}', 'bicyclist', '{name}', '{split}_{file}'),")
    records = "town_update_records = [\n" + "\n".join(calls) + "\n]\n"
    (town.tables / "label_preparation").mkdir()
    (town.tables / "label_preparation" / "dataset_update_records.py").write_text(records)
