"""Whatever a file from outside holds becomes an error that names it, within bounded memory."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import random
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from wizard.errors import LabelError
from wizard.labels import bounds
from wizard.labels.bounds import PIXELS
from wizard.labels.drawing.boundary_weights import check_weights, write_weights
from wizard.labels.drawing.polygons import read_polygon_file
from wizard.labels.exported_masks import read_exported
from wizard.labels.pixels.decode import read_colours, read_up_lines, read_values
from wizard.labels.pixels.panoptic import PanopticIndex
from wizard.labels.pixels.png import encode_gray
from wizard.labels.tables.lists import TableText, read_pairs
from wizard.labels.tables.records import read_record_table
from wizard.labels.works.instances import draw, read_drawings
from wizard.labels.works.mat import load_variables, read_struct_table
from wizard.labels.works.merge_annotations import read_captions, read_instances
from wizard.labels.works.pickled import read_pickled
from wizard.labels.works.run_lengths import paint, read_paintings
from wizard.labels.works.segfix import listed_masks, read_offsets
from wizard.verify.checks.files import JsonExaminer
from wizard.verify.specs.checks import JsonCounts

_MOST = 64 << 20
"""Bytes that a small hostile file may cost."""

_PIXELS = np.arange(48, dtype=np.uint8).reshape(6, 8)
_INSTANCES = {
    "images": [{"id": 1, "file_name": "a.jpg", "height": 6, "width": 8}],
    "annotations": [
        {"image_id": 1, "id": 4, "category_id": 3, "segmentation": [[1, 1, 5, 1, 5, 4]]}
    ],
    "categories": [{"id": 3}],
}
_PANOPTIC = {"annotations": [{"file_name": "a", "segments_info": [{"id": 7, "category_id": 1}]}]}
_POLYGONS = {"imgHeight": 6, "imgWidth": 8, "objects": [{"polygon": [[1, 1], [5, 1], [5, 4]]}]}
_MERGED = {
    "images": [{"image_id": 1, "file_name": "a.jpg", "height": 6, "width": 8, "phase": "train"}],
    "annos_segmentation": [
        {"image_id": 1, "category_id": 3, "segmentation": {"size": [6, 8], "counts": "0`0"}}
    ],
}


def _all_drawn(path: Path) -> None:
    for drawing in read_drawings(path).values():
        draw(drawing)


def _all_painted(path: Path) -> None:
    for painting in read_paintings(path, ("train",)).values():
        paint(painting, (0, 3))


def _weights(path: Path) -> None:
    check_weights(path, _PIXELS, as_bytes=True)


def _captions(path: Path) -> None:
    list(read_captions(path, "train", "f"))


def _examined(path: Path) -> object:
    found = list(
        JsonExaminer(JsonCounts(file=path.name, counts={}), path.parent).examine(path.name)
    )
    if found:
        raise LabelError(found[0].detail, where=found[0].path)
    return found


def readers() -> dict[str, Callable[[Path], object]]:
    """Everything that reads a file of others for labels, by a word."""
    return {
        "values": read_values,
        "colours": read_colours,
        "panoptic": PanopticIndex.read,
        "polygons": read_polygon_file,
        "drawings": _all_drawn,
        "paintings": _all_painted,
        "instances": read_instances,
        "offsets": read_offsets,
        "struct table": lambda path: read_struct_table(path, "mat"),
        "weights": _weights,
        "pickle": read_pickled,
        "captions": _captions,
        "records": lambda path: read_record_table(TableText.of(path), "x"),
        "pairs": lambda path: read_pairs(TableText.of(path), labelled=True),
        "exported masks": lambda path: read_exported(path, (6, 8)),
        "index of masks": listed_masks,
        "json counts": _examined,
    }


def _png() -> bytes:
    packed = io.BytesIO()
    Image.fromarray(_PIXELS).convert("RGB").save(packed, "PNG")
    return packed.getvalue()


def _made(write: Callable[[Path], object], folder: Path, name: str) -> bytes:
    write(folder / name)
    return (folder / name).read_bytes()


def _corpus(folder: Path) -> list[tuple[Callable[[Path], object], bytes]]:
    """Every reader with a sound file of its own."""
    mat = _made(lambda path: savemat(path, {"mat": np.zeros((2, 2, 2))}), folder, "m.mat")
    npz = _made(lambda path: write_weights(path, _PIXELS, as_bytes=True), folder, "w.npz")
    table = b'x = [Record("d", "train", "a", "b", "c.txt")]\n'
    return [
        (read_values, encode_gray(_PIXELS)),
        (read_values, encode_gray(_PIXELS.astype(np.uint16))),
        (read_up_lines, encode_gray(_PIXELS)),
        (read_colours, _png()),
        (PanopticIndex.read, json.dumps(_PANOPTIC).encode()),
        (read_polygon_file, json.dumps(_POLYGONS).encode()),
        (_all_drawn, json.dumps(_INSTANCES).encode()),
        (_all_painted, json.dumps(_MERGED).encode()),
        (read_instances, json.dumps(_INSTANCES).encode()),
        (read_offsets, mat),
        (lambda path: read_struct_table(path, "mat"), mat),
        (_weights, npz),
        (read_pickled, pickle.dumps({1: b"x" * 40}, protocol=2)),
        (_captions, b'split,raw,filename\ntrain,"[""a""]",b\n'),
        (lambda path: read_record_table(TableText.of(path), "x"), table),
        (lambda path: read_pairs(TableText.of(path), labelled=True), b"a.jpg b.png\nc.jpg d.png\n"),
    ]  # fmt: skip


def _mutated(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        place = dice.randrange(len(changed) + 1)
        match dice.randrange(5):
            case 0:
                changed[place:place] = dice.randbytes(dice.randint(1, 8))
            case 1:
                del changed[place : place + dice.randint(1, 16)]
            case 2:
                changed[place : place + 4] = dice.choice((b"\xff" * 4, b"\0" * 4, b"9999", b"[[[["))
            case 3:
                changed += changed[place : place + 64]
            case _ if place < len(changed):
                changed[place] ^= 1 << dice.randrange(8)
        changed = changed or bytearray(b"x")
    return bytes(changed)


def fuzz(folder: Path, rounds: int, seed: int = 0) -> int:
    """Feed mutated files to every reader; returns how many there were."""
    dice, path = random.Random(seed), folder / "mutated"
    fed = 0
    for read, sound in _corpus(folder):
        for _ in range(rounds):
            path.write_bytes(_mutated(sound, dice))
            fed += 1
            try:
                read(path)
            except LabelError as error:
                assert error.message
            except Exception as error:
                error.add_note(f"{read} on {path.read_bytes()!r}")
                raise
    return fed


@pytest.mark.filterwarnings("ignore")
def test_mutated_files_are_read_or_refused_by_name(tmp_path: Path) -> None:
    assert fuzz(tmp_path, 12) == 12 * 16


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_thousands_of_mutated_files_are_read_or_refused_by_name(tmp_path: Path) -> None:
    assert fuzz(tmp_path, 250, 1) == 4000


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _huge_png() -> bytes:
    side = 13_000
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1 << 20))
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", body)
        + _chunk(b"IEND", b"")
    )


def _repeating_pickle() -> bytes:
    text = b"X" + struct.pack("<I", 100_000) + b"a" * 100_000
    call = b"c_codecs\nencode\nq\x00"
    more = b"h\x00h\x01X\x06\x00\x00\x00latin1\x86R"
    return b"\x80\x02" + call + text + b"q\x01" + more * 20_000 + b"."


def _loaded(path: Path) -> object:
    return load_variables(path, "x")


def _element(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def _matrix(class_: int, side: int, inside: bytes = b"") -> bytes:
    """A matrix called x that claims ``side`` entries of a class."""
    flags = _element(6, struct.pack("<II", class_, 0))
    sides = _element(5, struct.pack("<ii", 1, side))
    fields = _element(5, struct.pack("<i", 1)) + _element(1, b"a") if class_ == 2 else b""
    return _element(14, flags + sides + _element(1, b"x") + fields + inside)


_MATLAB = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"


def _matlab(class_: int, side: int) -> bytes:
    return _MATLAB + _matrix(class_, side, _element(16 if class_ == 4 else 9, b""))


def _odd_matlab(class_: int = 9, kind: int = 9, sides: bytes = struct.pack("<ii", 1, 1)) -> bytes:
    """A matrix with one of its parts as no program writes it; each brings scipy down or near."""
    parts = [(6, struct.pack("<II", class_, 0)), (5, sides), (1, b"x"), (kind, bytes(8))]
    return _MATLAB + _element(14, b"".join(_element(*part) for part in parts))


def _nested_matlab(deep: int) -> bytes:
    inside = b""
    for _ in range(deep):
        inside = _matrix(1, 1, inside)
    return _MATLAB + inside


def _packed_matlab(count: int) -> bytes:
    """Many packed variables that are small here and large there."""
    one = zlib.compress(_matrix(9, 1 << 23, _element(9, bytes(1 << 26))), 9)
    return _MATLAB + (struct.pack("<II", 15, len(one)) + one) * count


def _swollen_npz() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        head = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            head, {"descr": "|u1", "fortran_order": False, "shape": (1 << 28,)}
        )
        archive.writestr("x.npy", head.getvalue() + bytes(1 << 28))
    return packed.getvalue()


_EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n"
_DEEP = b"[" * 100_000
_LONG = b"1" * 5_000

HOSTILE: dict[str, tuple[Callable[[Path], object], bytes]] = {
    "an image of 169 million pixels": (read_values, _huge_png()),
    "colours of 169 million pixels": (read_colours, _huge_png()),
    "a far place in a pickle's memory": (read_pickled, b"\x80\x02Nr\xff\xff\xff\x0f."),
    "one text encoded without end": (read_pickled, _repeating_pickle()),
    "a panoptic id above int64": (
        PanopticIndex.read,
        json.dumps(_PANOPTIC).replace("7", "9" * 30).encode(),
    ),
    "panoptic nesting": (PanopticIndex.read, b'{"annotations": ' + _DEEP),
    "polygon nesting": (read_polygon_file, b'{"objects": ' + _DEEP),
    "instance nesting": (read_drawings, b'{"images": [], "x": ' + _DEEP),
    "annotation nesting": (read_instances, _DEEP),
    "merged nesting": (lambda path: read_paintings(path, ("train",)), _DEEP),
    "a number of 5,000 digits": (read_polygon_file, b'{"imgHeight": %b}' % _LONG),
    "an instance id of 5,000 digits": (read_instances, b'{"images": [%b]}' % _LONG),
    "an image as large as a country": (
        _all_drawn,
        json.dumps(_INSTANCES).replace('"height": 6', f'"height": {10**9}').encode(),
    ),
    "a polygon canvas of a billion rows": (
        read_polygon_file,
        json.dumps(_POLYGONS).replace('"imgHeight": 6', f'"imgHeight": {10**9}').encode(),
    ),
    "a text of two billion blanks": (_loaded, _matlab(4, 1 << 30)),
    "a billion cells": (_loaded, _matlab(1, 1 << 30)),
    "a billion structures": (_loaded, _matlab(2, 1 << 30)),
    "numbers without end": (_loaded, _matlab(9, 1 << 30)),
    "cells in cells": (_loaded, _nested_matlab(5_000)),
    "numbers of a kind that scipy looks up beyond its table": (_loaded, _odd_matlab(kind=200)),
    "numbers of a kind between the known ones": (_loaded, _odd_matlab(kind=8)),
    "a class beyond the table": (_loaded, _odd_matlab(class_=77)),
    "a matrix without sides": (_loaded, _odd_matlab(sides=b"")),
    "a side below zero": (_loaded, _odd_matlab(sides=struct.pack("<ii", 1, -1))),
    "fewer cells than claimed": (_loaded, _odd_matlab(class_=1)),
    "weights that unpack without end": (_weights, _swollen_npz()),
    "an image drawn by another program": (read_values, _EPS),
    "no MATLAB file": (lambda path: load_variables(path, "x"), b"MATLAB 5.0" + b"\xff" * 300),
}  # fmt: skip


@pytest.mark.parametrize("name", ["drawings", "paintings", "instances", "json counts"])
def test_json_that_would_swell_in_memory_is_counted_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(bounds, "JSON_OBJECTS", 1000)
    monkeypatch.setattr(bounds, "JSON_VALUES", 1000)
    path = tmp_path / "a.json"
    path.write_text('{"images": [' + "{}," * 1000 + "{}]}")
    with pytest.raises(LabelError, match="where at most 1,000 are read"):
        readers()[name](path)


def test_rows_that_are_looked_at_cost_their_fields_alone(tmp_path: Path) -> None:
    row = {"id": 1, "file_name": "a.jpg", "segmentation": [[0.5] * 2000]}
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"images": [{**row, "id": place} for place in range(1000)]}))
    check = JsonCounts(file=path.name, counts={"images": 1000}, unique=("images.id",))
    tracemalloc.start()
    try:
        assert [*JsonExaminer(check, tmp_path).examine(path.name)] == []
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < path.stat().st_size * 1.5


@pytest.mark.slow
def test_no_mutation_of_a_matlab_file_brings_the_process_down(tmp_path: Path) -> None:
    dice, path, sounds = random.Random(3), tmp_path / "m.mat", []
    table = np.array([{"a": np.eye(3), "b": "text", "c": ["d", 1]}])
    for value in (np.eye(5, dtype=np.uint8), table, "some text", np.zeros((2, 2, 2))):
        savemat(path, {"x": value})
        assert "x" in load_variables(path, "x")
        sounds.append(path.read_bytes())
    for _ in range(4000):
        sound = dice.choice(sounds)
        path.write_bytes(sound[:128] + _mutated(sound[128:], dice))
        with contextlib.suppress(LabelError):
            load_variables(path, "x")


@pytest.mark.slow
def test_what_unpacks_without_end_is_read_no_further_than_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "hostile"
    path.write_bytes(_packed_matlab(20))
    tracemalloc.start()
    try:
        with pytest.raises(LabelError, match="more than"):
            load_variables(path, "x")
        assert tracemalloc.get_traced_memory()[1] < 4 * _MOST
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_little_memory(tmp_path: Path, name: str) -> None:
    read, data = HOSTILE[name]
    path = tmp_path / "hostile"
    path.write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(LabelError) as caught:
            read(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < _MOST
    assert caught.value.where


@pytest.mark.parametrize("read", [read_values, read_polygon_file, PanopticIndex.read])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, read: Callable[[Path], object]) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(LabelError):
        read(tmp_path / "fifo")


@pytest.mark.slow
def test_a_zip_says_how_large_its_pickle_is_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as container:
        container.writestr("a/data.pkl", b"\x80\x02" + b"]0" * 3_000_000 + b".")
    with pytest.raises(LabelError, match="more steps"):
        read_pickled(path)


def test_the_largest_labels_there_are_stay_far_below_the_bound() -> None:
    assert PIXELS > 2 * 4608 * 5184
