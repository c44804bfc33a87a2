"""The miniature's own taxonomies: named as MSeg names them, with a handful of classes each.

Every remapping keeps a class's name unless ``REMAPS`` says otherwise; a class the target does
not have becomes ``unlabeled``.
"""

from __future__ import annotations

from collections.abc import Mapping

from wizard.labels.tables.taxonomies import UNLABELED_NAME

_INDOOR = ("wall", "floor", "lamp", "animal", "plant", "sky", "screen", "seat")
_STREET = (
    "road", "path", "house", "pole", "tree", "sky", "person", "rider", "car", "truck", "bike",
)  # fmt: skip
_STREET_IDS = (UNLABELED_NAME, "own car", "frame edge", *_STREET)
_STREET_UNIFIED = (
    "bicycle", "bicyclist", "building", "car", "motorcyclist", "path", "person", "pole",
    "rider_other", "road", "sky", "truck", "vegetation",
)  # fmt: skip
_PANOPTIC = (
    "person", "bicycle", UNLABELED_NAME, "car", UNLABELED_NAME, "cat", "table-merged",
    UNLABELED_NAME, "wall-other", "sky-other", "floor-wood", UNLABELED_NAME,
)  # fmt: skip
_INDIA = (
    "road", "path", "person", "rider", "bike", "car", "house", "tree", "sky", "fallback", "own car",
)  # fmt: skip
_VISTAS = ("Bird", "Fence", "Road", "House", "Person", "Water", "Tree", "Sky")
_ROOM = ("wall", "floor", "shelf", "bed", "chair", "desk", "lamp")
_THINGS = tuple(f"thing {number:03d}" for number in range(262))
"""More than 255, as PASCAL Context has, so that labels take 16 bits."""
_FEW_THINGS = ("background", *(f"thing {number:03d}" for number in range(1, 8)))

NAMES: Mapping[str, tuple[str, ...]] = {
    "ade20k-151": (UNLABELED_NAME, *_INDOOR),
    "ade20k-150": _INDOOR,
    "ade20k-150-relabeled": (
        "bench", "chair", "floor", "horse", "lamp", "sky", "tree", "wall", "zebra",
    ),
    "bdd": ("road", "house", "sky", "person", "rider", "car", "bike"),
    "bdd-relabeled": (
        "bicycle", "bicyclist", "building", "car", "motorcyclist", "person", "rider_other",
        "road", "sky",
    ),
    "camvid-32": ("Creature", "Street", "Lane", "House", "Sky", "Tree", "Shadow"),
    "camvid-11": ("Building", "Tree", "Sky", "Road"),
    "cityscapes-34": _STREET_IDS,
    "cityscapes-19": _STREET,
    "cityscapes-19-relabeled": _STREET_UNIFIED,
    "cityscapes-34-relabeled": (*_STREET_UNIFIED, "own_car"),
    "coco-panoptic-inst-201": _PANOPTIC,
    "coco-panoptic-201": _PANOPTIC,
    "coco-panoptic-133": tuple(name for name in _PANOPTIC if name != UNLABELED_NAME),
    "coco-panoptic-133-relabeled": (
        "bicycle", "bicyclist", "car", "cat", "counter", "desk", "floor", "person", "sky",
        "table", "wall",
    ),
    "idd-40": (*_INDIA, UNLABELED_NAME),
    "idd-39": _INDIA,
    "idd-39-relabeled": (
        "bicycle", "bicyclist", "building", "car", "motorcyclist", "path", "person",
        "rider_other", "road", "sky", "vegetation",
    ),
    "kitti-34": _STREET_IDS,
    "kitti-19": _STREET,
    "mapillary-public66": (*_VISTAS, "Unlabeled"),
    "mapillary-public65": _VISTAS,
    "mapillary-public65-relabeled": (
        "bird", "building", "dog", "fence", "fountain", "person", "river_lake", "road", "sea",
        "sky", "vegetation",
    ),
    "pascal-context-460": _THINGS,
    "pascal-context-60": _FEW_THINGS,
    "scannet-41": (UNLABELED_NAME, *_ROOM, "box"),
    "scannet-20": ("wall", "floor", "bed", "chair", "desk"),
    "sunrgbd-38": (UNLABELED_NAME, *_ROOM),
    "sunrgbd-37": _ROOM,
    "sunrgbd-37-relabeled": (
        "armchair", "bed", "chair_other", "desk", "floor", "lamp", "sconce", "shelf", "stool",
        "wall",
    ),
    "voc2012": ("background", "plane", "bird", "boat", "cat", "cow"),
    "wilddash-34": _STREET_IDS,
    "wilddash-19": _STREET,
}  # fmt: skip

_TO_UNIFIED_STREET = {"house": "building", "tree": "vegetation", "bike": "bicycle"}

REMAPS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("ade20k-151", "ade20k-150"): {},
    ("ade20k-150", "ade20k-150-relabeled"): {"animal": "horse", "seat": "chair"},
    ("bdd", "bdd-relabeled"): {**_TO_UNIFIED_STREET, "rider": "rider_other"},
    ("camvid-32", "camvid-11"): {"Street": "Road", "House": "Building"},
    ("cityscapes-34", "cityscapes-19"): {},
    ("cityscapes-19", "cityscapes-19-relabeled"): {**_TO_UNIFIED_STREET, "rider": "bicyclist"},
    ("cityscapes-34", "cityscapes-34-relabeled"): {
        **_TO_UNIFIED_STREET, "rider": "bicyclist", "own car": "own_car",
    },
    ("coco-panoptic-201", "coco-panoptic-133"): {},
    ("coco-panoptic-133", "coco-panoptic-133-relabeled"): {
        "table-merged": "table", "wall-other": "wall", "sky-other": "sky", "floor-wood": "floor",
    },
    ("idd-40", "idd-39"): {},
    ("idd-39", "idd-39-relabeled"): {**_TO_UNIFIED_STREET, "rider": "motorcyclist"},
    ("kitti-34", "kitti-19"): {},
    ("mapillary-public66", "mapillary-public65"): {},
    ("mapillary-public65", "mapillary-public65-relabeled"): {
        "Bird": "bird", "Fence": "fence", "Road": "road", "House": "building",
        "Person": "person", "Water": "river_lake", "Tree": "vegetation", "Sky": "sky",
    },
    ("pascal-context-460", "pascal-context-60"): {
        **{name: _FEW_THINGS[place % len(_FEW_THINGS)] for place, name in enumerate(_THINGS)},
        UNLABELED_NAME: "background",
    },
    ("scannet-41", "scannet-20"): {},
    ("sunrgbd-38", "sunrgbd-37"): {},
    ("sunrgbd-37", "sunrgbd-37-relabeled"): {"chair": "chair_other"},
    ("wilddash-34", "wilddash-19"): {},
}  # fmt: skip

CHOICES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "ade20k-150": {
        "animal": ("zebra", "horse"), "seat": ("bench", UNLABELED_NAME), "plant": ("tree",),
    },
    "bdd": {"rider": ("bicyclist", "motorcyclist"), "person": ("person", "rider_other")},
    "cityscapes-19": {
        "rider": ("motorcyclist", "rider_other", "bicyclist"), "person": ("person", "bicyclist"),
    },
    "coco-panoptic-133": {
        "table-merged": ("desk", "counter", UNLABELED_NAME), "person": ("bicyclist", "person"),
    },
    "idd-39": {"rider": ("bicyclist", "rider_other"), "person": ("person", "bicyclist")},
    "mapillary-public65": {"Bird": ("dog", "bird"), "Water": ("sea", "fountain")},
    "sunrgbd-37": {"chair": ("armchair", "stool", "chair_other"), "lamp": ("sconce", "lamp")},
}  # fmt: skip
"""Per taxonomy: into what the segments of a class may be told apart."""


def remap(source: str, target: str) -> dict[str, str]:
    """Return the class of ``target`` each class of ``source`` becomes, by name."""
    renamed, known = REMAPS[source, target], set(NAMES[target])
    table = {}
    for name in (*NAMES[source], UNLABELED_NAME):
        new = renamed.get(name, name)
        table[name] = new if new in known else UNLABELED_NAME
    return table


def colours_of(taxonomy: str) -> tuple[tuple[int, int, int], ...]:
    """Return one colour per class, all different, each channel from 0 to 255."""
    return tuple(
        (40 + place * 53 % 200, 30 + place * 97 % 210, 20 + place * 151 % 230)
        for place in range(len(NAMES[taxonomy]))
    )
