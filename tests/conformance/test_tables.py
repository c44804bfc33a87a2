"""Tables, names and records as published, read by us and compared figure by figure."""

from __future__ import annotations

import csv
import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from wizard.labels.tables.lists import TableText
from wizard.labels.tables.records import RECORD_FILE, image_key, load_records, read_record_table
from wizard.labels.tables.taxonomies import Tables

RELABELLED = {
    "ade20k_update_records": ("ade20k-150-relabeled", "{stem}_{id}"),
    "bdd_update_records": ("bdd-relabeled", "{stem}_{id}"),
    "cityscapes_update_records": ("cityscapes-19-relabeled", "seq{parent}_{stem}_{id}"),
    "cocop_update_records": ("coco-panoptic-133-relabeled", "{stem}_{id}"),
    "idd_update_records": ("idd-39-relabeled", "seq{parent}_{stem}_{id}"),
    "mapillary_update_records": ("mapillary-public65-relabeled", "mapillary_{stem}_{id}"),
    "sunrgbd_update_records": ("sunrgbd-37-relabeled", "{stem}_{id}"),
}


@pytest.fixture(scope="session")
def tables(golden: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    folder = tmp_path_factory.mktemp("tables")
    with tarfile.open(golden / "archives" / "mseg-api.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return Tables(next(folder.iterdir()) / "mseg")


@pytest.fixture(scope="session")
def published(golden: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((golden / "taxonomies.json").read_text())
    return document


def test_every_class_name_is_read(tables: Tables, published: dict[str, Any]) -> None:
    assert published["names"]
    for taxonomy, names in published["names"].items():
        assert list(tables.names(taxonomy)) == names, taxonomy


def test_every_lookup_table_is_the_published_one(tables: Tables, published: dict[str, Any]) -> None:
    assert len(published["luts"]) == 19
    for name, expected in published["luts"].items():
        lookup = tables.lookup(*name.split("_to_"))
        assert hashlib.sha256(lookup.tobytes()).hexdigest() == expected["sha256"], name


def test_colours_are_the_published_ones(tables: Tables, published: dict[str, Any]) -> None:
    assert published["colors"]
    for taxonomy, colours in published["colors"].items():
        assert tables.colours(taxonomy).tolist() == colours, taxonomy


def test_every_record_is_read(tables: Tables, golden: Path) -> None:
    with (golden / "records.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    table = TableText.of(tables.folder / RECORD_FILE)
    read = [
        (name, record.split, record.old, record.new, record.path)
        for name in dict.fromkeys(row["group"] for row in rows)
        for record in read_record_table(table, name)
    ]
    fields = ("group", "split", "orig_class", "new_class", "txt_path")
    assert read == [tuple(row[field] for field in fields) for row in rows]


@pytest.mark.parametrize("name", RELABELLED)
@pytest.mark.parametrize("split", ["train", "val"])
def test_records_name_images_of_the_lists(tables: Tables, name: str, split: str) -> None:
    taxonomy, template = RELABELLED[name]
    records = load_records(tables, name, split, taxonomy, template)
    listed = {image_key(pair) for pair in tables.pairs(taxonomy, split)}
    assert records
    assert set(records) <= listed
