"""Miniatures of MSeg's label work at full image size: what each benchmark case reads and makes.

Sizes, counts and the reference's CPU times are those of fact sheet mseg sections 1, 5 and 10.
Content is drawn: overlapping blobs, as many as the sheet's own measurements had segments.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from scipy.io import savemat

from tests.labels.small import Published, packed_image
from wizard.labels.drawing.polygons import draw_classes, draw_patch, read_polygon_file
from wizard.labels.pixels.decode import read_blue, read_colours, read_packed, read_values
from wizard.labels.specs.taxonomies import LabelOutput, Labels, Mat, Polygons, Relabel
from wizard.labels.works.mat import MatWork, _read
from wizard.labels.works.polygon_files import PolygonWork
from wizard.labels.works.remap import RemapWork

Reader = tuple[Callable[[Path], Any], Path]
"""What a case cannot do without: a file and how it is read."""


@dataclass
class Scene:
    """Blobs on an image, as class indices and as polygons."""

    width: int
    height: int
    blobs: int
    classes: int
    polygons: list[list[tuple[int, int]]] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        random = np.random.default_rng(7)
        for _ in range(self.blobs):
            corners = int(random.integers(8, 40))
            radius = random.integers(self.height // 40, self.height // 5)
            turn = np.sort(random.random(corners)) * 2 * np.pi
            reach = radius * (0.6 + 0.4 * random.random(corners))
            x = random.integers(0, self.width) + reach * np.cos(turn)
            y = random.integers(0, self.height) + reach * np.sin(turn)
            points = zip(x.astype(int).tolist(), y.astype(int).tolist(), strict=True)
            self.polygons.append(list(points))
            self.labels.append(int(random.integers(0, self.classes)))

    def draw(self, values: list[int] | None = None) -> np.ndarray:
        """Every blob in its class, or in a value of its own: int32 (H, W)."""
        canvas = Image.new("I", (self.width, self.height), 0)
        pen = ImageDraw.Draw(canvas)
        for points, value in zip(self.polygons, values or self.labels, strict=True):
            pen.polygon(points, fill=value)
        return np.array(canvas)

    def segments(self) -> tuple[np.ndarray, list[tuple[int, int]]]:
        """Numbered blobs as far as they show, and the class of each: ids from 100000 on."""
        ids = self.draw([100_000 + 997 * number for number in range(self.blobs)])
        seen = np.unique(ids)
        classes = dict(
            zip((100_000 + 997 * n for n in range(self.blobs)), self.labels, strict=True)
        )
        return ids, [(int(each), classes[int(each)]) for each in seen if each]


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    name: str
    size: str
    images: int
    """How many of them MSeg has."""
    reference: float
    """CPU milliseconds of the reference for the same files, all its passes together."""
    work: Any
    item: Any
    readers: tuple[Reader, ...]
    outputs: tuple[Path, ...]


def _spread(path: Path, copies: int) -> None:
    """Give the first file further names, so that a batch has something to do."""
    for number in range(1, copies):
        os.link(path, path.with_name(path.name.replace("0000", f"{number:04}", 1)))


class Bench:
    """Makes cases, each in a folder of its own."""

    def __init__(self, folder: Path, copies: int) -> None:
        self.folder = folder
        self.copies = copies

    def _place(self, name: str) -> Path:
        place = self.folder / name.replace(" ", "-").replace("/", "-")
        place.mkdir(parents=True)
        return place

    def _tables(self, place: Path, counts: dict[str, int]) -> Published:
        """Publish taxonomies of so many classes, each made from the one before it."""
        tables = Published(place / "tables")
        taxonomies = list(counts)
        for taxonomy, classes in counts.items():
            names = [f"{number:04}" for number in range(self.copies)]
            lines = [f"image/{name}.jpg {taxonomy}/{name}.png" for name in names]
            tables.taxonomy(taxonomy, [f"c{n}" for n in range(classes)], train=lines)
        for source, target in zip(taxonomies, taxonomies[1:], strict=False):
            rows = {f"c{n}": f"c{n % counts[target]}" for n in range(counts[source])}
            tables.table(source, target, {**rows, "unlabeled": "unlabeled"})
        return tables

    def remap(
        self,
        name: str,
        counts: dict[str, int],
        save: Callable[[Path, Path], tuple[Reader, ...]],
        *,
        images: int,
        reference: float,
        relabel: Relabel | None = None,
        records: list[tuple[str, str, str, list[str]]] | None = None,
        decode: str = "index",
        size: str,
    ) -> Case:
        """A chain of taxonomies from one source; ``save`` writes the first image's files."""
        place = self._place(name)
        tables = self._tables(place, counts)
        if decode == "colours":
            source = next(iter(counts))
            tables.colours(source, [_colour(n) for n in range(counts[source])])
        if records is not None:
            tables.records("records", records)
        source, *targets = counts
        readers = save(place, place / source / "0000.png")
        _spread(place / source / "0000.png", self.copies)
        outputs = [
            LabelOutput(
                taxonomy=target,
                base=base,
                relabel=relabel if target == targets[-1] else None,
            )
            for base, target in zip([source, *targets], targets, strict=False)
        ]
        spec = Labels(
            tables="tables",
            folder="",
            source=source,
            decode=decode,
            segments="{split}.json" if decode == "panoptic" else "",
            outputs=tuple(outputs),
            splits=("train",),
        )
        work = RemapWork(place, place / "tables", spec)
        item = work.items()[0]
        return Case(name, size, images, reference, work, item, readers, item.outputs)

    def polygons(self, name: str, scene: Scene, images: int, reference: float) -> Case:
        """Polygon JSON drawn as a label image."""
        place = self._place(name)
        self._tables(place, {"fine": 40})
        write_polygons(place / "0000_polygons.json", scene)
        _spread(place / "0000_polygons.json", self.copies)
        spec = Polygons(
            sources="*_polygons.json",
            replace=("_polygons.json", "_ids.png"),
            tables="tables",
            taxonomy="fine",
            background="c35",
        )
        work = PolygonWork(place, place / "tables", spec)
        item = work.items()[0]
        readers = ((_draw_labels, item.source),)
        return Case(name, _size(scene), images, reference, work, item, readers, item.outputs)

    def mat(self, name: str, scene: Scene, images: int, reference: float) -> Case:
        """A MATLAB label map as 16-bit PNG."""
        place = self._place(name)
        (place / "in").mkdir()
        source = place / "in/0000.mat"
        savemat(source, {"LabelMap": scene.draw().astype(np.uint16)}, do_compression=True)
        _spread(source, self.copies)
        work = MatWork(place, Mat(sources="in/*.mat", variable="LabelMap", into="out"))
        item = work.items()[0]
        readers = ((_read_label_map, source), (read_values, item.outputs[0]))
        return Case(name, _size(scene), images, reference, work, item, readers, item.outputs)


def _draw_labels(path: Path) -> None:
    """Read and draw: the pixels have to be Pillow's, so its drawing is part of the floor."""
    draw_classes(read_polygon_file(path), {f"c{number}": number for number in range(40)}, 35)


def _draw_masks(count: int) -> Callable[[Path], None]:
    """Read a polygon file and draw some of its objects: no mask can be had for less."""

    def draw(path: Path) -> None:
        annotation = read_polygon_file(path)
        for shape in annotation.objects[:count]:
            draw_patch(annotation, shape, str(path))

    return draw


def _read_label_map(path: Path) -> Any:
    return _read(path, "LabelMap")


def _size(scene: Scene) -> str:
    return f"{scene.width}x{scene.height}"


def _colour(number: int) -> tuple[int, int, int]:
    return (37 * number % 256, 91 * number % 256, number)


def _gray(scene: Scene, dtype: type = np.uint8) -> Callable[[Path, Path], tuple[Reader, ...]]:
    """Save classes as Pillow saves them: that is what the datasets' files are like."""

    def save(place: Path, path: Path) -> tuple[Reader, ...]:
        path.parent.mkdir()
        Image.fromarray(scene.draw().astype(dtype)).save(path)
        return ((read_values, path),)

    return save


def _palette(scene: Scene) -> Callable[[Path, Path], tuple[Reader, ...]]:
    def save(place: Path, path: Path) -> tuple[Reader, ...]:
        path.parent.mkdir()
        image = Image.fromarray(scene.draw().astype(np.uint8))
        image.putpalette([part for number in range(256) for part in _colour(number)])
        image.save(path)
        return ((read_values, path),)

    return save


def _rgb(scene: Scene) -> Callable[[Path, Path], tuple[Reader, ...]]:
    def save(place: Path, path: Path) -> tuple[Reader, ...]:
        path.parent.mkdir()
        table = np.array([r + 256 * g + 65536 * b for r, g, b in map(_colour, range(256))])
        packed_image(table[scene.draw()].astype(np.uint32)).save(path)
        return ((read_whole, path),)

    return save


def read_whole(path: Path) -> None:
    """Read every strip of a colour image, as the floor of what reading it costs."""
    picture = read_colours(path)
    for _ in picture.strips():
        pass


def _panoptic(scene: Scene, copies: int) -> Callable[[Path, Path], tuple[Reader, ...]]:
    def save(place: Path, path: Path) -> tuple[Reader, ...]:
        path.parent.mkdir()
        ids, listed = scene.segments()
        packed_image(ids.astype(np.uint32)).save(path)
        segments = [{"id": number, "category_id": category} for number, category in listed]
        entries = [
            {"file_name": f"{number:04}.png", "segments_info": segments} for number in range(copies)
        ]
        (place / "train.json").write_text(json.dumps({"annotations": entries}))
        return ((read_packed, path),)

    return save


def write_polygons(path: Path, scene: Scene) -> None:
    """Write a scene as a polygon file, objects without ids."""
    objects = [
        {"label": f"c{label}", "polygon": points}
        for points, label in zip(scene.polygons, scene.labels, strict=True)
    ]
    document = {"imgHeight": scene.height, "imgWidth": scene.width, "objects": objects}
    path.write_text(json.dumps(document))


def _segment_names(copies: int, ids: list[int]) -> list[str]:
    return [f"{number:04}_{each}.png" for number in range(copies) for each in ids]


def gray_case(bench: Bench) -> Case:
    """The plainest case, and the yardstick of the others."""
    scene = Scene(2048, 1024, 60, 34)
    return bench.remap(
        "gray", {"fine": 34, "coarse": 19}, _gray(scene), images=0, reference=19.4, size="2048x1024"
    )


def kinds(bench: Bench) -> Iterator[Case]:
    """One case per kind of label."""
    yield gray_case(bench)
    small, wide = Scene(500, 375, 25, 459), Scene(4032, 3024, 150, 66)
    yield bench.mat("mat to 16 bits", small, 10_103, 4.8)
    yield bench.remap(
        "16 bits", {"a460": 460, "a60": 60}, _gray(small, np.uint16),
        images=10_103, reference=2.7, size=_size(small),
    )  # fmt: skip
    for name, save in (("palette", _palette), ("rgb", _rgb)):
        yield bench.remap(
            name, {"m66": 66, "m65": 65}, save(wide), decode="colours",
            images=0, reference=15_109, size=_size(wide),
        )  # fmt: skip
    camvid = Scene(960, 720, 40, 32)
    yield bench.remap(
        "rgb of CamVid", {"v32": 32, "v11": 11}, _rgb(camvid), decode="colours",
        images=468, reference=423, size=_size(camvid),
    )  # fmt: skip
    coco = Scene(640, 480, 40, 133)
    yield bench.remap(
        "panoptic to 201", {"ids": 201, "p201": 201}, _panoptic(coco, bench.copies),
        decode="panoptic", images=0, reference=48, size=_size(coco),
    )  # fmt: skip
    yield bench.polygons("polygons", Scene(1920, 1080, 90, 39), 7_974, 19)


def chains(bench: Bench) -> Iterator[Case]:
    """What each dataset makes of an image, without records."""
    rows = [
        ("ADE20K to 150", (683, 512), (151, 150), 22_210, 4.4),
        ("ADE20K relabelled", (683, 512), (150, 141), 12_825, 4.4),
        ("IDD", (1920, 1080), (40, 39, 30), 1_140, 39.4),
        ("Cityscapes", (2048, 1024), (34, 19, 21, 26), 2_197, 58.2),
        ("BDD", (1280, 720), (19, 21), 5_050, 10.5),
        ("ScanNet", (1296, 968), (41, 20), 24_902, 11.0),
        ("SUN RGB-D", (730, 530), (38, 37, 48), 1_811, 9.2),
        ("KITTI", (1242, 375), (34, 19), 200, 5.5),
        ("WildDash", (1920, 1080), (34, 19), 70, 16.6),
    ]
    for name, (width, height), counts, images, reference in rows:
        scene = Scene(width, height, 30, counts[0])
        taxonomies = {f"t{place}-{count}": count for place, count in enumerate(counts)}
        yield bench.remap(
            name, taxonomies, _gray(scene), images=images, reference=reference, size=_size(scene)
        )
    wide, coco = Scene(4032, 3024, 150, 66), Scene(640, 480, 40, 133)
    yield bench.remap(
        "Mapillary", {"m66": 66, "m65": 65, "m51": 51}, _palette(wide), decode="colours",
        images=19_178, reference=15_212, size=_size(wide),
    )  # fmt: skip
    yield bench.remap(
        "COCO", {"ids": 201, "p201": 201, "p133": 133, "p155": 155},
        _panoptic(coco, bench.copies), decode="panoptic",
        images=66_505, reference=56.4, size=_size(coco),
    )  # fmt: skip


def relabelled(bench: Bench) -> Iterator[Case]:
    """The same with records; the reference's time includes the remaps and its overwrite step."""
    yield _ade(bench, 3, 9_385, 4.4 + 137)
    yield _ade(bench, 10, 0, 4.4 + 460)
    yield _polygon_relabel(bench, "IDD", 5, (40, 39, 30), 6_834, 39.4 + 73)
    yield _polygon_relabel(bench, "IDD", 10, (40, 39, 30), 0, 39.4 + 123)
    yield _polygon_relabel(bench, "Cityscapes", 2, (34, 19, 21, 26), 1_278, 58.2 + 76)
    yield _coco(bench, 3, 56_782, 56.4 + 15.3)
    yield _coco(bench, 10, 0, 56.4 + 41.2)
    for name, size, counts, images, reference in (
        ("BDD", (1280, 720), (19, 21), 2_950, 10.5 + 19.4),
        ("SUN RGB-D", (730, 530), (38, 37, 48), 3_949, 9.2 + 8.9),
    ):
        scene = Scene(*size, 30, counts[0])
        value = int(scene.draw()[scene.height // 2, scene.width // 2]) % counts[-2]
        taxonomies = {f"t{place}-{count}": count for place, count in enumerate(counts)}
        yield bench.remap(
            f"{name}, 1 record", taxonomies, _gray(scene), images=images, reference=reference,
            relabel=Relabel(records="records", mask="label", strict=True),
            records=[("train", f"c{value}", "c5", _segment_names(bench.copies, [value]))],
            size=_size(scene),
        )  # fmt: skip
    yield _mapillary(bench, 822, 15_212 + 208)


def _ade(bench: Bench, count: int, images: int, reference: float) -> Case:
    scene, full = Scene(683, 512, 30, 150), Scene(2048, 1536, 60, 250)
    blue = full.draw()
    ids = np.unique(blue[::3, ::3])[:count].tolist()

    def save(place: Path, path: Path) -> tuple[Reader, ...]:
        (place / "full").mkdir()
        seg = place / "full/0000_seg.png"
        packed_image((blue << 16 | 0x2010).astype(np.uint32)).save(seg)
        _spread(seg, bench.copies)
        return (*_gray(scene)(place, path), (read_blue, seg))

    return bench.remap(
        f"ADE20K, {count} records", {"t0-150": 150, "t1-141": 141}, save,
        relabel=Relabel(records="records", mask="channel", source="full/**/{stem}_seg.png"),
        records=[("train", "c1", "c2", _segment_names(bench.copies, ids))],
        images=images, reference=reference, size="683x512 of 2048x1536",
    )  # fmt: skip


def _polygon_relabel(
    bench: Bench, name: str, count: int, counts: tuple[int, ...], images: int, reference: float
) -> Case:
    scene = Scene(1920, 1080, 90, 39) if name == "IDD" else Scene(2048, 1024, 60, 34)
    visible = [
        number for number, points in enumerate(scene.polygons)
        if all(0 < x < scene.width and 0 < y < scene.height for x, y in points)
    ][:count]  # fmt: skip

    def save(place: Path, path: Path) -> tuple[Reader, ...]:
        (place / "polygons").mkdir()
        polygons = place / "polygons/0000_polygons.json"
        write_polygons(polygons, scene)
        _spread(polygons, bench.copies)
        return (*_gray(scene)(place, path), (_draw_masks(count), polygons))

    return bench.remap(
        f"{name}, {count} records",
        {f"t{place}-{number}": number for place, number in enumerate(counts)}, save,
        relabel=Relabel(records="records", mask="polygon", source="polygons/{stem}_polygons.json"),
        records=[("train", "c1", "c2", _segment_names(bench.copies, visible))],
        images=images, reference=reference, size=_size(scene),
    )  # fmt: skip


def _coco(bench: Bench, count: int, images: int, reference: float) -> Case:
    scene = Scene(640, 480, 40, 133)
    _, listed = scene.segments()
    chosen = listed[-count:]
    return bench.remap(
        f"COCO, {count} records", {"ids": 201, "p201": 201, "p133": 133, "p155": 155},
        _panoptic(scene, bench.copies), decode="panoptic",
        relabel=Relabel(records="records", mask="panoptic", source="ids/{stem}.png", strict=True),
        records=[
            ("train", f"c{category}", f"c{(category + 7) % 150}",
             _segment_names(bench.copies, [number]))
            for number, category in chosen
        ],
        images=images, reference=reference, size=_size(scene),
    )  # fmt: skip


def _mapillary(bench: Bench, images: int, reference: float) -> Case:
    scene = Scene(4032, 3024, 150, 66)
    labels = scene.draw()
    value = int(labels[1500, 2000])

    def save(place: Path, path: Path) -> tuple[Reader, ...]:
        (place / "instances").mkdir()
        instances = place / "instances/0000.png"
        Image.fromarray((labels * 256).astype(np.uint16)).save(instances)
        _spread(instances, bench.copies)
        return (*_palette(scene)(place, path), (read_values, instances))

    return bench.remap(
        "Mapillary, 1 record", {"m66": 66, "m65": 65, "m51": 51}, save, decode="colours",
        relabel=Relabel(records="records", mask="instance", source="instances/{stem}.png"),
        records=[("train", "c1", "c2", _segment_names(bench.copies, [value * 256]))],
        images=images, reference=reference, size=_size(scene),
    )  # fmt: skip
