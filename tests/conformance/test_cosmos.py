"""Label codings of COSMOS against published hashes and a real pair (fact sheet downstream 5)."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from wizard.kinds.registry import load_recipe
from wizard.labels.drawing.polygons import PolygonFile, PolygonObject, draw_classes
from wizard.labels.specs.taxonomies import Lookup
from wizard.labels.works.derived import LookupWork, value_table

PUBLISHED = {
    "coco-stuff/stuff": "c64582aa1f2474044d62f0a97a57c9f4064f5eb7203dcd500fd250a343eed962",
    "coco-stuff/objects": "4bfbc12580801bc779c90732350395de9c52ac408b9e9892464d36a5479314f7",
}
POLYGONS = "7b2051645e04ef12927f70ad3f25fabd68294661f9fe7851f60d7a5bc166e237"
SPOTS = "0>0 10>10 12>11 24>23 26>24 27>25 30>26 43>39 45>40 64>59 66>60 69>61 71>62 81>72 83>73"
MORE_SPOTS = "89>79 91>80 181>170 255>255 11>11 90>90 200>200"


def lookup(address: str) -> Lookup:
    dataset, _, step = address.partition("/")
    found = next(each for each in load_recipe("cosmos").dataset(dataset).steps if each.id == step)
    assert isinstance(found, Lookup)
    return found


def test_the_tables_are_the_published_ones() -> None:
    for address, sha256 in PUBLISHED.items():
        spec = lookup(address)
        assert spec.sha256 == sha256
        assert hashlib.sha256(value_table(spec.values, spec.other).tobytes()).hexdigest() == sha256


def test_single_values_of_coco_stuff() -> None:
    spec = lookup("coco-stuff/stuff")
    table = value_table(spec.values, spec.other)
    for spot in f"{SPOTS} {MORE_SPOTS}".split():
        value, _, wanted = spot.partition(">")
        assert table[int(value)] == int(wanted)


def inner(label: np.ndarray) -> np.ndarray:
    """Where all neighbours of a pixel are of its class."""
    return ndimage.minimum_filter(label, 3) == ndimage.maximum_filter(label, 3)


def test_a_real_frame_of_cityscapes(shared: Path, tmp_path: Path) -> None:
    spec = lookup("cityscapes/lookup")
    sample = shared / "samples/cityscapes/gtFine/val/frankfurt"
    home = tmp_path / "segmentation/cityscapes/gtFine/val/frankfurt"
    home.mkdir(parents=True)
    name = "frankfurt_000000_000294_gtFine_labelIds.png"
    (home / name).write_bytes((sample / name).read_bytes())
    (item,) = (work := LookupWork(tmp_path, spec)).items()
    work.process(item)
    reference = sample / item.outputs[0].name
    with Image.open(item.outputs[0]) as ours, Image.open(reference) as theirs:
        assert ours.mode == "L"
        made, wanted = np.asarray(ours), np.asarray(theirs)
    # The sample's two labels were scaled down one by one, so they differ along borders only.
    sure = inner(made) & inner(wanted)
    assert sure.mean() > 0.6
    assert np.array_equal(made[sure], wanted[sure])
    assert (made != wanted).mean() < 0.003


def test_polygons_through_the_table_give_the_reference_raster() -> None:
    def box(x0: int, y0: int, x1: int, y1: int) -> list[tuple[float, float]]:
        return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]

    annotation = PolygonFile(
        img_height=12,
        img_width=16,
        objects=[
            PolygonObject(label="road", polygon=box(0, 6, 15, 11)),
            PolygonObject(label="cargroup", polygon=box(2, 5, 7, 9)),
            PolygonObject(label="license plate", polygon=box(3, 8, 5, 9)),
            PolygonObject(label="person", polygon=box(9, 4, 11, 9), deleted=1),
            PolygonObject(label="sky", polygon=[(0, 0), (15, 0), (15, 3), (8, 5), (0, 3)]),
            PolygonObject(label="out of roi", polygon=box(0, 0, 1, 11)),
        ],
    )
    ids = {"road": 7, "car": 26, "person": 24, "sky": 23, "out of roi": 3}
    drawn = draw_classes(annotation, ids, 0)
    spec = lookup("cityscapes/lookup")
    raster = value_table(spec.values, spec.other, spec.sha256)[drawn.pixels]
    assert hashlib.sha256(raster.tobytes()).hexdigest() == POLYGONS
    assert drawn.skipped == ("license plate",)
