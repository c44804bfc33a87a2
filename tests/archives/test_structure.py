"""Files that nobody hashed: whole ones are told by their structure, others refused."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from tests.archives.makers import zip_bytes
from wizard.archives.structure import check_structure
from wizard.errors import ArchiveError
from wizard.progress import CancelToken

NOISE = random.Random(2).randbytes(5000)


def image(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.frombytes("L", (50, 100), NOISE).save(buffer, kind)
    return buffer.getvalue()


def mat() -> bytes:
    buffer = io.BytesIO()
    savemat(buffer, {"a": np.arange(50), "b": np.ones(9)}, do_compression=True)
    return buffer.getvalue()


def npz() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, a=np.frombuffer(NOISE, np.uint8))
    return buffer.getvalue()


def tar() -> bytes:
    """Return a tar up to the first block of zeros, which alone ends it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as packed:
        info = tarfile.TarInfo("x")
        info.size = len(NOISE)
        packed.addfile(info, io.BytesIO(NOISE))
        end = packed.offset
    return buffer.getvalue()[: end + 512]


def old_checkpoint() -> bytes:
    parts = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, {"w": [1, 2]}, ["0"]]
    return b"".join(pickle.dumps(part, 2) for part in parts) + (9).to_bytes(8, "little") + NOISE


def hdf5(extra: int = 0) -> bytes:
    size = 3000
    head = b"\x89HDF\r\n\x1a\n\2\x08\x08\0" + bytes(16) + (size + extra).to_bytes(8, "little")
    return head + bytes(size - len(head))


def checkpoint() -> bytes:
    return zip_bytes({"archive/data.pkl": pickle.dumps({"a": 1}), "archive/data/0": NOISE})


WHOLE: dict[str, Callable[[], bytes]] = {
    "a.zip": lambda: zip_bytes({"x": NOISE, "y": b""}),
    "a.npz": npz,
    "a.pth": checkpoint,
    "old.pth": old_checkpoint,
    "a.tar": tar,
    "a.tar.gz": lambda: gzip.compress(tar()),
    "a.gz": lambda: gzip.compress(NOISE),
    "a.parquet": lambda: b"PAR1" + NOISE + (90).to_bytes(4, "little") + b"PAR1",
    "a.h5": hdf5,
    "a.mat": mat,
    "a.png": lambda: image("PNG"),
    "a.jpg": lambda: image("JPEG"),
    "a.json": lambda: json.dumps({"images": [{"id": n} for n in range(200)]}).encode(),
    "a.pkl": lambda: pickle.dumps({n: NOISE[:n] for n in range(90)}),
}


def look(folder: Path, name: str, data: bytes) -> str:
    (folder / name).write_bytes(data)
    return check_structure(folder / name, CancelToken())


@pytest.mark.parametrize("name", WHOLE)
def test_whole_files_are_told_by_what_they_are(tmp_path: Path, name: str) -> None:
    assert look(tmp_path, name, WHOLE[name]()).startswith("its ")


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_files_that_end_early_are_refused(tmp_path: Path, name: str, share: float) -> None:
    data = WHOLE[name]()
    if name == "old.pth":
        # How many numbers follow its pickles only those say, in a code we do not run.
        data = data[: -len(NOISE) - 8]
    with pytest.raises(ArchiveError, match="damaged|cut short|is neither") as caught:
        look(tmp_path, name, data[: max(20, int(len(data) * share))])
    assert name in caught.value.where
    assert caught.value.hint


@pytest.mark.parametrize("name", ["a.zip", "a.npz", "a.pth", "a.tar.gz", "a.gz", "a.png"])
def test_a_bit_that_flipped_in_the_middle_is_found(tmp_path: Path, name: str) -> None:
    data = bytearray(WHOLE[name]())
    data[len(data) // 2] ^= 0x10
    with pytest.raises(ArchiveError, match="damaged|cut short"):
        look(tmp_path, name, bytes(data))


def test_what_has_no_structure_is_told_so(tmp_path: Path) -> None:
    assert look(tmp_path, "a.txt", b"train/1.jpg\n") == ""


def test_a_pickle_is_read_and_never_run(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> object:
            return (Path.write_bytes, (tmp_path / "harm", b""))

    assert look(tmp_path, "a.pkl", pickle.dumps(Harm(), 2)).startswith("its pickle")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.json", b"[" * 200_000),
        ("a.json", b""),
        ("a.pth", b"\x80\x02cos\nsystem"),
        ("a.pth", b"\x80\x04\x96" + b"\xff" * 7 + b"\x7f"),
        ("a.mat", b"MATLAB 5.0".ljust(126) + b"IM" + b"\xff" * 8),
        ("a.png", b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIDAT"),
        ("a.h5", b"\x89HDF\r\n\x1a\n"),
        ("a.h5", hdf5(1)),
        ("a.parquet", b"PAR1\xff\xff\xff\xffPAR1"),
        ("a.zip", b"PK\x03\x04"),
    ],
)
def test_hostile_files_are_refused_by_name(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises(ArchiveError) as caught:
        look(tmp_path, name, data)
    assert name in caught.value.where


def test_a_zip_with_an_unreadable_member_names_it(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("archive/weights", NOISE)
    data = buffer.getvalue().replace(NOISE[:50], bytes(50))
    with pytest.raises(ArchiveError, match="archive/weights"):
        look(tmp_path, "a.pth", data)
