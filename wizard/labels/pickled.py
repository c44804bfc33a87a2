"""Label images out of a PyTorch file, without PyTorch and without running what the file says.

A pickle can run any code when it is loaded. This reader knows two names, Pillow's image and the
text codec of old protocols, and refuses a file that asks for any other (fact sheet openseg section
3.3). Both containers are read: five pickles in a row, and a zip with ``data.pkl``.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wizard.errors import LabelError

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_GRAY = "L"


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
        return _Unpickler(io.BytesIO(container.read(names[0])), encoding="latin1").load()


def _load_legacy(path: Path) -> Any:
    """Read magic, version and system facts, then the pickle that counts."""
    with path.open("rb") as file:
        magic, _, _ = (_Unpickler(file, encoding="latin1").load() for _ in range(3))
        if magic != _LEGACY_MAGIC:
            message = "not saved by PyTorch"
            raise ValueError(message)
        return _Unpickler(file, encoding="latin1").load()
