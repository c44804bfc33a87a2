"""Label images of every kind datasets come in, and files that are none."""

from __future__ import annotations

import io
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.labels.small import packed_image, save
from wizard.errors import LabelError
from wizard.labels.pixels import png
from wizard.labels.pixels.decode import Palette, read_blue, read_colours, read_packed, read_values

PIXELS = np.array([[0, 1, 2, 255], [7, 7, 40, 3]], np.uint8)


def test_gray_and_palette_labels_give_their_stored_values(tmp_path: Path) -> None:
    gray = Image.fromarray(PIXELS)
    palette = gray.copy()
    palette.putpalette([value for _ in range(256) for value in (9, 9, 9)])
    for name, image in (("gray", gray), ("palette", palette)):
        read = read_values(save(tmp_path / f"{name}.png", image))
        assert read.dtype == np.uint8
        assert np.array_equal(read, PIXELS)


def test_sixteen_bits_stay_sixteen_bits(tmp_path: Path) -> None:
    pixels = np.array([[0, 459], [65535, 256]], np.uint16)
    read = read_values(save(tmp_path / "wide.png", Image.fromarray(pixels)))
    assert read.dtype == np.uint16
    assert np.array_equal(read, pixels)


def test_one_bit_and_gray_with_alpha_give_their_first_number(tmp_path: Path) -> None:
    bits = np.array([[True, False, True]])
    assert read_values(save(tmp_path / "bits.png", Image.fromarray(bits))).tolist() == [[1, 0, 1]]
    alpha = Image.merge("LA", [Image.fromarray(PIXELS), Image.new("L", (4, 2), 9)])
    assert np.array_equal(read_values(save(tmp_path / "alpha.png", alpha)), PIXELS)


def test_wide_integers_that_fit_are_narrowed(tmp_path: Path) -> None:
    fits = Image.fromarray(np.array([[0, 65535]], np.int32))
    assert read_values(save(tmp_path / "fits.tif", fits)).tolist() == [[0, 65535]]
    beyond = save(tmp_path / "beyond.tif", Image.fromarray(np.array([[65536]], np.int32)))
    with pytest.raises(LabelError, match="16 bits"):
        read_values(beyond)


def test_colours_are_the_same_with_and_without_palette_and_alpha(tmp_path: Path) -> None:
    packed = np.array([[0x010203, 0xFFFFFF], [0x0000FF, 0x010203]], np.uint32)
    image = packed_image(packed)
    forms = {
        "rgb": image,
        "rgba": image.convert("RGBA"),
        "palette": image.quantize(8, dither=Image.Dither.NONE),
    }
    for name, form in forms.items():
        path = save(tmp_path / f"{name}.png", form)
        assert np.array_equal(read_packed(path), packed), name
    assert isinstance(read_colours(tmp_path / "palette.png"), Palette)


def test_gray_is_a_colour_too(tmp_path: Path) -> None:
    path = save(tmp_path / "gray.png", Image.fromarray(PIXELS))
    assert np.array_equal(read_packed(path), PIXELS.astype(np.uint32) * 0x010101)


def test_indices_past_a_short_palette_look_as_pillow_shows_them(tmp_path: Path) -> None:
    image = Image.fromarray(PIXELS)
    image.putpalette([10, 20, 30, 40, 50, 60])
    path = save(tmp_path / "short.png", image)
    shown = np.asarray(Image.open(path).convert("RGB")).astype(np.uint32)
    assert np.array_equal(read_packed(path), shown @ np.array([1, 256, 65536], np.uint32))


def test_tall_pictures_cross_strips_unharmed(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    packed = random.integers(0, 1 << 24, (700, 500)).astype(np.uint32)
    path = save(tmp_path / "tall.png", packed_image(packed))
    assert np.array_equal(read_packed(path), packed)
    assert np.array_equal(read_blue(path), packed >> 16)


def test_a_colour_image_is_no_index_label(tmp_path: Path) -> None:
    path = save(tmp_path / "rgb.png", packed_image(np.zeros((2, 2), np.uint32)))
    with pytest.raises(LabelError, match="numbers, one per pixel") as caught:
        read_values(path)
    assert str(path) in str(caught.value)


def test_files_that_are_no_image_are_named_with_advice(tmp_path: Path) -> None:
    whole = save(tmp_path / "whole.png", Image.fromarray(PIXELS)).read_bytes()
    bad = {
        "empty": b"",
        "html": b"<html>please log in</html>",
        "cut": whole[:-20],
        "flipped": whole[:45] + bytes([whole[45] ^ 255]) + whole[46:],
    }
    for name, data in bad.items():
        path = tmp_path / f"{name}.png"
        path.write_bytes(data)
        with pytest.raises(LabelError) as caught:
            read_values(path)
        assert caught.value.where == str(path), name
        assert caught.value.hint, name


def test_a_missing_file_has_a_cause_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(LabelError) as caught:
        read_values(tmp_path / "none.png")
    assert caught.value.cause == "missing-label"


def _png(width: int, height: int, colour: int, lines: bytes, *more: tuple[bytes, bytes]) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    body = zlib.compress(lines)
    parts = [(b"IHDR", header), *more, (b"IDAT", body[:5]), (b"IDAT", body[5:]), (b"IEND", b"")]
    data = png.SIGNATURE
    for kind, content in parts:
        crc = zlib.crc32(content, zlib.crc32(kind))
        data += struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)
    return data


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.binary(min_size=5, max_size=5)), min_size=1, max_size=7
    ),
    st.sampled_from([0, 3]),
)
def test_every_mix_of_row_filters_reads_as_pillow_reads_it(
    rows: list[tuple[int, bytes]], colour: int
) -> None:
    lines = b"".join(bytes([kind]) + row for kind, row in rows)
    data = _png(5, len(rows), colour, lines, *([(b"PLTE", bytes(768))] if colour else []))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "label.png"
        path.write_bytes(data)
        assert np.array_equal(read_values(path), np.array(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize(
    ("height", "lines"),
    [(2, bytes(4)), (2, bytes(20)), (1 << 20, bytes(4)), (2, b"\x09" * 8)],
    ids=["too short", "too long", "far too short", "no such filter"],
)
def test_sound_chunks_around_wrong_pixels_are_an_error_or_what_pillow_says(
    tmp_path: Path, height: int, lines: bytes
) -> None:
    path = tmp_path / "label.png"
    path.write_bytes(_png(3, height, 0, lines))
    try:
        with Image.open(path) as image:
            theirs = np.array(image)
    except OSError:
        with pytest.raises(LabelError):
            read_values(path)
    else:
        assert np.array_equal(read_values(path), theirs)


def test_a_stream_that_does_not_inflate_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "label.png"
    body = _png(3, 2, 0, bytes(8))
    head = body.split(b"IDAT", 1)[0]
    junk = b"no zlib stream here"
    crc = struct.pack(">I", zlib.crc32(b"IDAT" + junk))
    end = b"\0\0\0\0IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    path.write_bytes(head[:-4] + struct.pack(">I", len(junk)) + b"IDAT" + junk + crc + end)
    with pytest.raises(LabelError, match="does not decode"):
        read_values(path)
