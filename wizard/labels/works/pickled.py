"""Label images out of a PyTorch file, without PyTorch and without running what the file says.

A pickle can run any code when it is loaded. This reader knows two names, Pillow's image and the
text codec of old protocols, and refuses a file that asks for any other (fact sheet openseg section
3.3). Both containers are read: five pickles in a row, and a zip with ``data.pkl``.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from wizard.errors import LabelError
from wizard.foreign import open_foreign
from wizard.labels.bounds import PICKLE_BYTES, PICKLE_STEPS, check_picture

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_GRAY = "L"
_CALLS = ("REDUCE", "OBJ", "INST", "NEWOBJ", "NEWOBJ_EX")
_REPEATED = 8
"""How many times its size a file's texts may come to: images differ in size by less."""
_SLACK = 1 << 16


@dataclass(slots=True)
class PickledImage:
    """What a pickled Pillow image holds: info, mode, size, palette and raw bytes."""

    state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def pixels(self) -> NDArray[np.uint8]:
        """Return a gray image's pixels, uint8 (H, W); raises ``ValueError`` for anything else."""
        _, mode, (width, height), _, data = self.state
        if mode != _GRAY:
            message = f"an image of mode {mode}"
            raise ValueError(message)
        return np.frombuffer(data, np.uint8).reshape(height, width)


def _encode(text: str, codec: str = "latin1") -> bytes:
    if codec != "latin1":
        message = f"codec {codec}"
        raise pickle.UnpicklingError(message)
    return text.encode("latin1")


_KNOWN = {("PIL.Image", "Image"): PickledImage, ("_codecs", "encode"): _encode}


def _check_steps(file: BinaryIO, pickles: int) -> None:
    """Walk pickles without running them, and go back to their start.

    A few bytes can ask the real reader for gigabytes: a place in its memory far behind all
    others, or one text encoded again and again. Raises ``ValueError`` for either, and for more
    steps than label images need.
    """
    start, size = file.tell(), file.seek(0, io.SEEK_END)
    file.seek(start)
    steps = longest = encoded = 0
    for _ in range(pickles):
        for step, argument, _place in pickletools.genops(file):
            steps += 1
            if "PUT" in step.name and int(argument or 0) > steps:
                raise ValueError("a place in memory behind all others")
            if isinstance(argument, str | bytes):
                longest = max(longest, len(argument))
            encoded += longest if step.name in _CALLS else 0
            if steps > PICKLE_STEPS or encoded > _REPEATED * size + _SLACK:
                raise ValueError("more steps than label images need")
    file.seek(start)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _KNOWN[module, name]
        except KeyError:
            message = f"it asks for {module}.{name}, which label images do not need"
            raise pickle.UnpicklingError(message) from None


def read_pickled(path: Path) -> dict[int, NDArray[np.uint8]]:
    """Return the label images by image id, uint8 (H, W) each.

    Raises ``LabelError`` for a file that is no such pickle or asks for code.
    """
    try:
        check_picture(path, path.stat(), PICKLE_BYTES)
        found = _load_zip(path) if zipfile.is_zipfile(path) else _load_legacy(path)
        return {int(number): image.pixels() for number, image in found.items()}
    except (
        OSError,
        EOFError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        IndexError,
        OverflowError,
        MemoryError,
        RecursionError,
        RuntimeError,
        pickle.UnpicklingError,
        zipfile.BadZipFile,
    ) as error:
        raise LabelError(
            f"not a file of label images ({error})",
            cause="bad-pickle",
            where=str(path),
            hint="fetch it again, or use the annotations it was made from",
        ) from error


def _load_zip(path: Path) -> Any:
    with zipfile.ZipFile(path) as container:
        names = [name for name in container.namelist() if name.endswith("data.pkl")]
        if len(names) != 1:
            message = "a zip without one data.pkl"
            raise ValueError(message)
        if container.getinfo(names[0]).file_size > PICKLE_BYTES:
            raise ValueError("more bytes than label images need")
        packed = io.BytesIO(container.read(names[0]))
        _check_steps(packed, 1)
        return _Unpickler(packed, encoding="latin1").load()


def _load_legacy(path: Path) -> Any:
    """Read magic, version and system facts, then the pickle that counts."""
    with open_foreign(path) as file:
        _check_steps(file, 4)
        magic, _, _ = (_Unpickler(file, encoding="latin1").load() for _ in range(3))
        if magic != _LEGACY_MAGIC:
            message = "not saved by PyTorch"
            raise ValueError(message)
        return _Unpickler(file, encoding="latin1").load()
