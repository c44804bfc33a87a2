"""Small images, tables and records for the tests of label work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from wizard.labels.masks import Masks
from wizard.labels.pixels.png import write_label


def save(path: Path, image: Image.Image, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return path


def packed_image(packed: np.ndarray) -> Image.Image:
    """An RGB image of colours packed as R + 256 G + 65536 B."""
    wide = packed.astype("<u4").reshape(packed.shape)
    return Image.fromarray(
        np.ascontiguousarray(wide.view(np.uint8).reshape(*wide.shape, 4)[..., :3])
    )


def whole_mask(masks: Masks, segment: int, shape: tuple[int, int]) -> np.ndarray:
    """Where a segment is in the whole image, bool (H, W)."""
    whole = np.zeros(shape, bool)
    rows, columns, inside = masks.patch(segment)
    whole[rows, columns] = inside
    return whole


class Published:
    """A folder of tables like the published one, made line by line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def taxonomy(self, name: str, classes: list[str], **lists: list[str]) -> None:
        home = self.folder / "dataset_lists" / name
        (home / "list").mkdir(parents=True)
        (home / f"{name}_names.txt").write_text("\n".join(classes))
        for split in ("train", "val"):
            (home / "list" / f"{split}.txt").write_text("\n".join(lists.get(split, [])) + "\n")

    def colours(self, name: str, rows: list[tuple[int, int, int]]) -> None:
        file = self.folder / "dataset_lists" / name / f"{name}_colors.txt"
        file.write_text("".join(f"{r} {g} {b}\n" for r, g, b in rows))

    def table(self, source: str, target: str, rows: dict[str, str]) -> None:
        folder = self.folder / "class_remapping_files"
        folder.mkdir(parents=True, exist_ok=True)
        lines = [f"{source}\t{target}", *(f"{old}\t{new}" for old, new in rows.items())]
        (folder / f"{source}_to_{target}.tsv").write_text("\n".join(lines) + "\n")

    def records(self, name: str, calls: list[tuple[str, str, str, list[str]]]) -> None:
        """Split, old class, new class and segment names of each record."""
        folder = self.folder / "relabeled_data"
        folder.mkdir(parents=True, exist_ok=True)
        lines = []
        for number, (split, old, new, segments) in enumerate(calls):
            (folder / f"{number}.txt").write_text("\n".join(segments))
            lines.append(f'    Record("tag", "{split}", "{old}", "{new}", "{number}.txt"),')
        source = "\n".join([f"{name} = [", *lines, "]", ""])
        path = self.folder / "label_preparation/dataset_update_records.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)


def label(path: Path, rows: list[list[int]], dtype: type = np.uint8) -> np.ndarray:
    pixels = np.array(rows, dtype)
    write_label(path, pixels)
    return pixels
