"""What every dataset of the miniature is drawn with: a seed, its own lists, and label helpers."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wizard.demo.classes import CHOICES, NAMES, REMAPS, colours_of, remap
from wizard.demo.drawing import Artist, Scene
from wizard.demo.formats import pack
from wizard.labels.tables.taxonomies import UNLABELED_NAME

TOP = "mseg-api-2bd00ae8c224d94cbc7ff9b47fde6ae8420adc27"
"""The folder a code host puts around the pinned commit."""

_TABLES = {
    "ade20k-150": ("ade20k_update_records", "ade20k"),
    "bdd": ("bdd_update_records", "bdd"),
    "cityscapes-19": ("cityscapes_update_records", "cityscapes"),
    "coco-panoptic-133": ("cocop_update_records", "cocop"),
    "idd-39": ("idd_update_records", "idd"),
    "mapillary-public65": ("mapillary_update_records", "mapillary"),
    "sunrgbd-37": ("sunrgbd_update_records", "sunrgbd"),
}
_COLOURED = ("ade20k-150", "camvid-32", "cityscapes-19", "kitti-34", "mapillary-public66")
_CONFIG = '"""Where the datasets are."""\n\nMSEG_DST_DIR = ""\nMSEG_NAME = "mseg_dataset"\n'
_SETUP = 'from setuptools import setup\n\nsetup(name="mseg", packages=["mseg"])\n'
SPLITS: Mapping[str, int] = {"train": 3, "val": 2}
"""Images drawn per split."""


class Book:
    """Collects list lines and relabelled segments while datasets are drawn."""

    def __init__(self) -> None:
        self._lists: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._segments: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)

    def add(self, taxonomy: str, split: str, image: str, label: str = "") -> None:
        """Append a line to a taxonomy's list."""
        self._lists[taxonomy, split].append(f"{image} {label}".rstrip())

    def relabel(
        self,
        base: str,
        split: str,
        name: str,
        artist: Artist,
        choices: tuple[str, ...],
        segment: str,
    ) -> None:
        """Record that a segment of class ``name`` of ``base`` becomes one of ``choices``."""
        old = remap(base, f"{base}-relabeled")[name]
        self._segments[base, split, old, artist.choose(choices)].append(segment)

    def record(self, base: str, split: str, old: str, new: str, segment: str) -> None:
        """Record that one segment of class ``old`` becomes ``new``."""
        self._segments[base, split, old, new].append(segment)

    def archive(self) -> bytes:
        """Pack everything as a code host packs a commit."""
        files = {f"{TOP}/{path}": text.encode() for path, text in self._files()}
        return pack("mseg-api.tar.gz", dict(sorted(files.items())))

    def _files(self) -> Iterator[tuple[str, str]]:
        yield "setup.py", _SETUP
        yield "mseg/__init__.py", ""
        yield "mseg/utils/__init__.py", ""
        yield "mseg/utils/dataset_config.py", _CONFIG
        yield from self._taxonomies()
        yield from self._remapping_files()
        yield from self._segment_files()
        yield "mseg/label_preparation/__init__.py", ""
        yield "mseg/label_preparation/dataset_update_records.py", self._record_file()

    def _taxonomies(self) -> Iterator[tuple[str, str]]:
        for taxonomy, names in NAMES.items():
            home = f"mseg/dataset_lists/{taxonomy}"
            yield f"{home}/{taxonomy}_names.txt", _text(taxonomy, names)
            if taxonomy in _COLOURED:
                rows = [" ".join(map(str, colour)) for colour in colours_of(taxonomy)]
                yield f"{home}/{taxonomy}_colors.txt", _text(f"{taxonomy} colours", rows)
        for (taxonomy, split), lines in self._lists.items():
            yield (
                f"mseg/dataset_lists/{taxonomy}/list/{split}.txt",
                _text(taxonomy, lines, unix=True),
            )

    def _remapping_files(self) -> Iterator[tuple[str, str]]:
        for source, target in REMAPS:
            table = remap(source, target)
            rows = [f"{source}\t{target}", *(f"{old}\t{new}" for old, new in table.items())]
            if target == "cityscapes-34-relabeled":
                rows.append(f"{UNLABELED_NAME}\t{UNLABELED_NAME}")
            yield f"mseg/class_remapping_files/{source}_to_{target}.tsv", _text(target, rows)

    def _segment_files(self) -> Iterator[tuple[str, str]]:
        for key, segments in self._segments.items():
            yield f"mseg/relabeled_data/{_segment_file(*key)}", "\n".join(segments)

    def _record_file(self) -> str:
        """Write the record table: calls of five strings, quoted and laid out in several ways."""
        lines = ["# Which segments of which classes became which.", ""]
        for base, (table, tag) in _TABLES.items():
            lines.append(f"{table} = [")
            keys = [key for key in self._segments if key[0] == base]
            for place, (_, split, old, new) in enumerate(keys):
                path = _segment_file(base, split, old, new)
                fields = [tag, split, old, new, path]
                quote = '"' if place % 2 else "'"
                joint = ",\n        " if place % 3 == 1 else ", "
                call = joint.join(f"{quote}{field}{quote}" for field in fields)
                lines.append(f"    DatasetClassUpdateRecord({call}),")
            lines += ["]", ""]
        return "\n".join(lines)


def _segment_file(base: str, split: str, old: str, new: str) -> str:
    tag = _TABLES[base][1]
    return f"{tag}_{old}/{tag}_{split}_{old}_to_{new}.txt"


def _text(name: str, lines: list[str] | tuple[str, ...], *, unix: bool = False) -> str:
    """Join lines; by the name's checksum with CRLF or LF, with or without a final one."""
    odd = zlib.crc32(name.encode())
    end = "\n" if unix or odd % 3 else "\r\n"
    return end.join(lines) + (end if odd % 2 else "")


def first_number(split: str, apart: int) -> int:
    """Return the number of a split's first image: those to validate on begin at ``apart``.

    They begin later where so many are drawn to train on, so that no two have one name.
    """
    return 0 if split == "train" else max(apart, SPLITS["train"])


@dataclass(frozen=True, slots=True)
class Studio:
    """The place datasets are drawn in."""

    seed: int
    book: Book

    def artist(self, *names: str) -> Artist:
        """Return an artist for one image."""
        return Artist(self.seed, *names)

    def add(self, split: str, image: str, labels: Mapping[str, str]) -> None:
        """List an image in the same line of every taxonomy of its family."""
        for taxonomy, label in labels.items():
            self.book.add(taxonomy, split, image, label)


def values_of(artist: Artist, scene: Scene, taxonomy: str) -> NDArray[np.uint8]:
    """Choose a class per region, uint8 (regions,), those that records tell apart first."""
    wanted = [NAMES[taxonomy].index(name) for name in _told_apart(taxonomy)]
    others = [place for place in range(len(NAMES[taxonomy])) if place not in wanted]
    return artist.pick([others[0], *wanted, *others[1:]], scene.count)


def _told_apart(taxonomy: str) -> Sequence[str]:
    return [name for names in CHOICES.values() for name in names if name in NAMES[taxonomy]]
