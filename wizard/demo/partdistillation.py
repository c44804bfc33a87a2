"""The PartDistillation miniature: ImageNet, PartImageNet, Pascal Parts, Cityscapes Part."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wizard.demo.classification import mat, table
from wizard.demo.drawing import Artist, Scene
from wizard.demo.formats import Archives, jpeg, pack, png, polygons_json, torch_file
from wizard.demo.pascal import voc_xml

_SPLITS = {"train": "n01440764", "val": "n01484850", "test": "n01491361"}
"""One class a split: those of PartImageNet share none."""
_OTHERS = ("n02085620", "n02123045")
_SYNSETS = (*_SPLITS.values(), *_OTHERS)
_IMAGES = 3
_CATEGORIES = 40
_VOC = ("2008_000002", "2008_000003", "2010_000027")
_PARTS = {"person": ("head", "leye", "rlarm"), "car": ("frontside", "door_2", "headlight_1")}
_CITY_IDS = (7, 24, 26, 24, 26, 25, 11, 28)
"""Label ids of a street's regions."""
_FRAMES = {
    "train": ("munster_000033_000019", "aachen_000001_000019"),
    "val": ("lindau_000002_000019",),
}


def draw_partdistillation(seed: int) -> Mapping[str, Archives]:
    """Draw the archives of every dataset of the collection."""
    return {
        "metadata": _metadata(),
        "imagenet-1k": _train(seed),
        "imagenet-1k-val": {"val_images.tar.gz": _validation(seed)},
        "imagenet-22k": {"winter21_whole.tar.gz": _whole(seed)},
        "part-imagenet": _part_imagenet(seed),
        "pascal-parts": _pascal_parts(seed),
        "cityscapes-part": _cityscapes(seed),
    }


_SIZE = (65, 49)


def _photo(seed: int, wnid: str, number: int) -> bytes:
    artist = Artist(seed, "imagenet", wnid, str(number))
    return jpeg(artist.picture(artist.scene(4, _SIZE)))


def _metadata() -> Archives:
    names = {wnid: f"made-up animal {place}" for place, wnid in enumerate(_SYNSETS)}
    pickles = {
        "imagenet_1k_fname_classname_dict.pkl": names,
        "imagenet_1k_simple_labels.pkl": list(names.values()),
        "imagenet1k_to_22k_mapping.pkl": list(range(len(names))),
        "imagenet_12k_code_list.pkl": list(names)[:3],
        "imagenet_exclude_code_list.pkl": list(names)[3:],
    }
    files = {
        name: torch_file(name.removesuffix(".pkl"), content) for name, content in pickles.items()
    }
    words = "\n".join(f"{wnid}\t{name}, beast" for wnid, name in names.items())
    files["synsets.dat"] = "".join(f"{wnid}\n" for wnid in reversed(_SYNSETS)).encode()
    files["words.txt"] = words.encode()
    return files


def _train(seed: int) -> Archives:
    """Pack as the hub does: five flat archives, with the class added to each name."""
    archives: list[Archives] = [{} for _ in range(5)]
    for place, wnid in enumerate(_SYNSETS):
        for number in range(_IMAGES):
            name = f"{wnid}_{number}_{wnid}.JPEG"
            archives[(place + number) % 5][name] = _photo(seed, wnid, number)
    return {
        f"train_images_{number}.tar.gz": pack("a.tar.gz", files)
        for number, files in enumerate(archives)
    }


def _validation(seed: int) -> bytes:
    return pack(
        "a.tar.gz",
        {
            f"ILSVRC2012_val_{place:08d}_{wnid}.JPEG": _photo(seed, wnid, 100)
            for place, wnid in enumerate(_SYNSETS, start=1)
        },
    )


def _whole(seed: int) -> bytes:
    """Pack as the site does: an archive for every class."""
    files = {}
    for wnid in _SYNSETS[1:]:
        inner = {f"{wnid}_{number}.JPEG": _photo(seed, wnid, number) for number in range(2)}
        files[f"winter21_whole/{wnid}.tar"] = pack("a.tar", inner)
    return pack("a.tar.gz", files)


def _part_imagenet(seed: int) -> Archives:
    """Pack archives inside an archive, two polygons of them too short."""
    documents = {split: _instances(place, split) for place, split in enumerate(_SPLITS)}
    outer = {}
    for split, wnid in _SPLITS.items():
        names = range(_IMAGES)
        photos = {f"{split}/{wnid}/{wnid}_{n}.JPEG": _photo(seed, wnid, n) for n in names}
        inner = {f"{split}.json": _json(documents[split]), **photos}
        outer[f"PartImageNet_OOD/{split}.zip"] = pack("a.zip", inner)
    union = {
        **documents["val"],
        **{
            key: documents["val"][key] + documents["test"][key] for key in ("images", "annotations")
        },
    }
    return {
        "PartImageNet_OOD.zip": pack("a.zip", outer),
        "part_imagenet_valtest.json": _json(union),
    }


def _instances(place: int, split: str) -> dict[str, Any]:
    wnid, (width, height) = _SPLITS[split], _SIZE
    ids = range(10 * place, 10 * place + _IMAGES)
    images = [
        {"id": 10 * place + n, "file_name": f"{wnid}_{n}.JPEG", "width": width, "height": height}
        for n in range(_IMAGES)
    ]
    square = [2, 2, 20, 2, 20, 20, 2, 20]
    annotations = [
        {
            "id": image,
            "image_id": image,
            "category_id": image % _CATEGORIES,
            "segmentation": [square, [5, 5, 6, 6]] if image % 10 == 0 else [square],
            "bbox": [2, 2, 18, 18],
            "area": 324,
            "iscrowd": 0,
        }
        for image in ids
    ]
    categories = [
        {"id": n, "name": f"Part {n}", "supercategory": "Beast"} for n in range(_CATEGORIES)
    ]
    return {"images": images, "annotations": annotations, "categories": categories}


def _pascal_parts(seed: int) -> Archives:
    devkit: Archives = {}
    parts: Archives = {}
    for place, stem in enumerate(_VOC):
        artist = Artist(seed, "pascal-parts", stem)
        scene = artist.scene(7)
        devkit[f"JPEGImages/{stem}.jpg"] = jpeg(artist.picture(scene))
        devkit[f"Annotations/{stem}.xml"] = voc_xml(stem, scene.regions)
        split = "val" if place == len(_VOC) - 1 else "train"
        lines = devkit.setdefault(f"ImageSets/Main/{split}.txt", b"")
        devkit[f"ImageSets/Main/{split}.txt"] = lines + f"{stem}\n".encode()
        parts[f"Annotations_Part/{stem}.mat"] = _annotation(stem, scene)
    return {
        "VOCtrainval_11-May-2012.tar": pack(
            "a.tar", {f"VOCdevkit/VOC2012/{path}": data for path, data in devkit.items()}
        ),
        "trainval.tar.gz": pack("a.tar.gz", parts),
    }


def _annotation(stem: str, scene: Scene) -> bytes:
    """Encode objects with and without parts, and one of a class that loaders skip."""
    objects = []
    for number, (name, parts) in enumerate({**_PARTS, "table": ("top",), "sofa": ()}.items()):
        masks = [(scene.regions == 1 + place).astype(np.uint8) for place in range(len(parts))]
        rows = list(zip(parts, masks, strict=True))
        held = table(rows, "part_name", "mask") if rows else np.empty((0, 0))
        whole = (scene.regions > 0).astype(np.uint8)
        objects.append((name, number, whole, held))
    anno = np.empty((1, 1), [("imname", object), ("objects", object)])
    anno[0, 0] = (stem, table(objects, "class", "class_ind", "mask", "parts"))
    return mat(anno=anno)


def _cityscapes(seed: int) -> Archives:
    photos: Archives = {"README": b"photographs\n"}
    labels: Archives = {"README": b"labels\n"}
    parts: Archives = {}
    for split, name in _frames():
        city = name.partition("_")[0]
        artist = Artist(seed, "cityscapes-part", name)
        scene = artist.scene(8)
        ids = _ids(scene, odd=city == "munster")
        pairs = np.where(ids > 99_999, ids // 100, ids)
        photos[f"leftImg8bit/{split}/{city}/{name}_leftImg8bit.png"] = png(artist.picture(scene))
        start = f"gtFine/{split}/{city}/{name}_gtFine"
        labels[f"{start}_instanceIds.png"] = png(pairs.astype(np.uint16))
        labels[f"{start}_labelIds.png"] = png(
            np.where(pairs > 99, pairs // 1000, pairs).astype(np.uint8)
        )
        labels[f"{start}_polygons.json"] = polygons_json(scene, _CITY_IDS)
        top = f"gtFinePanopticParts_trainval/gtFinePanopticParts/{split}/{city}"
        parts[f"{top}/{name}_gtFinePanopticParts.tif"] = _tif(ids)
    return {
        "gtFine_trainvaltest.zip": pack("a.zip", labels),
        "gtFinePanopticParts_trainval.zip": pack("a.zip", parts),
        "leftImg8bit_trainvaltest.zip": pack("a.zip", photos),
    }


def _frames() -> Iterator[tuple[str, str]]:
    for split, names in _FRAMES.items():
        for name in names:
            yield split, name


def _ids(scene: Scene, *, odd: bool) -> NDArray[np.int32]:
    """Choose ids: classes alone, instances, and parts; ``odd`` has a part 5 of a person."""
    person = 2400105 if odd else 2400104
    choices = np.array([7, 24, 26001, person, 2600205, 2500300, 11, 2800001], np.int32)
    return choices[scene.regions]


def _tif(ids: NDArray[np.int32]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(ids).save(buffer, "TIFF")
    return buffer.getvalue()


def _json(document: Any) -> bytes:
    return json.dumps(document).encode()
