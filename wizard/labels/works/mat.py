"""MATLAB label maps as gray PNG files."""

from __future__ import annotations

import math
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wizard.durability import settle_on_disk
from wizard.errors import LabelError
from wizard.files import remove_at_once, whole
from wizard.findings import Finding
from wizard.foreign import read_foreign
from wizard.labels.bounds import (
    MATLAB_BYTES,
    MATLAB_DEEPEST,
    MATLAB_INFLATED,
    MATLAB_NUMBERS,
    MATLAB_PARTS,
)
from wizard.labels.pixels.decode import UNPACK_AGAIN, Values, read_values
from wizard.labels.pixels.png import encode_gray
from wizard.labels.specs.taxonomies import Mat
from wizard.work import Item, Report

_HEAD = 128
_MATRIX, _PACKED = 14, 15
_CELLS, _STRUCTURES, _OBJECT, _SPARSE = 1, 2, 3, 5
_HOLDERS = frozenset({_CELLS, _STRUCTURES, _OBJECT})
_SIDES = 5
"""Kind of the element with the lengths of a matrix's sides."""
_MOST_SIDES = 32
_NOTHING = (0, memoryview(b""))
_PASSED_OVER = frozenset({16, 17})
"""Functions and objects of other programs, which stand beside what is asked for."""
_OF_NAMES = frozenset({1, 2, 16})
_OF_NUMBERS = frozenset({1, 2, 3, 4, 5, 6, 7, 9, 12, 13})
_KINDS = {
    4: _OF_NUMBERS | {16, 17, 18},
    **dict.fromkeys((_SPARSE, *range(6, 16)), _OF_NUMBERS),
}
"""Classes of text and of numbers, and the kinds of elements in them: scipy counts on the kinds and
reads somewhere in memory for any other.
"""


def check_matlab(path: Path) -> None:
    """Raise ``ValueError`` for a file that is cut, or becomes more than any label file.

    Raises ``OSError`` as ``read_foreign`` does, ``struct.error`` and ``zlib.error``.
    """
    data = read_foreign(path, MATLAB_BYTES)
    if 0 in data[:4]:
        return
    walk = _Walk("<" if data[126:128] == b"IM" else ">")
    for kind, element in walk.elements(memoryview(data)[_HEAD:]):
        if kind == _MATRIX:
            walk.matrix(element, top=True)
        elif kind == _PACKED:
            for kind_inside, inside in walk.elements(walk.inflated(element)):
                if kind_inside == _MATRIX:
                    walk.matrix(inside, top=True)


@dataclass(slots=True)
class _Walk:
    """Counts what has been found so far; ``order`` is that of the bytes in a number."""

    order: str
    numbers: int = 0
    parts: int = 0
    room: int = field(default=MATLAB_INFLATED)

    def inflated(self, packed: memoryview) -> memoryview:
        made = zlib.decompressobj().decompress(packed, self.room + 1)
        self.room -= len(made)
        if self.room < 0:
            raise ValueError(f"it unpacks to more than {MATLAB_INFLATED:,} bytes")
        return memoryview(made)

    def elements(self, view: memoryview) -> Iterator[tuple[int, memoryview]]:
        """Yield the kind and the data of each element."""
        place = 0
        while place < len(view):
            kind, size = struct.unpack_from(f"{self.order}II", view, place)
            if kind >> 16:  # short ones have kind, size and data in eight bytes
                yield kind & 0xFFFF, view[place + 4 : place + 4 + min(kind >> 16, 4)]
                place += 8
                continue
            if size > len(view) - place - 8:
                raise ValueError("it ends inside an element")
            yield kind, view[place + 8 : place + 8 + size]
            # Packed ones alone are not filled up.
            place += 8 + (size if kind == _PACKED else -(-size // 8) * 8)

    def matrix(self, view: memoryview, *, top: bool = False, depth: int = 0) -> None:
        """Count what a matrix and those in it become; unknown ones are passed over at the top."""
        self.parts += 1
        inside = self.elements(view)
        _, flags = next(inside, _NOTHING)
        if not flags:
            return
        if len(flags) != 8:
            raise ValueError("its flags are of another length")
        class_ = flags[0 if self.order == "<" else 3]
        count = self._entries(next(inside, _NOTHING))
        kind, _ = next(inside, _NOTHING)
        if kind not in _OF_NAMES:
            raise ValueError("a name is no text")
        if class_ in _HOLDERS:
            self.parts += count
            self.check(depth)
            self._held(inside, class_, count, depth)
        elif class_ in _KINDS:
            self.numbers += count if class_ != _SPARSE else 0
            kinds = [kind for kind, _ in inside]
            if unknown := set(kinds) - _KINDS[class_]:
                raise ValueError(f"values of the unknown kind {min(unknown)}")
            # Whoever reads them goes by the flags, and on from there, whatever the sizes say.
            wanted = (3 if class_ == _SPARSE else 1) + bool(
                flags[1 if self.order == "<" else 2] & 8
            )
            if len(kinds) != wanted:
                raise ValueError(f"{len(kinds)} parts of a matrix that has {wanted}")
        elif not (top and class_ in _PASSED_OVER):
            raise ValueError("it holds what is no number, text or cell")
        self.check(depth)

    def _entries(self, sides: tuple[int, memoryview]) -> int:
        """Return how many entries a matrix claims to have."""
        kind, data = sides
        if kind != _SIDES or len(data) < 8 or len(data) % 4 or len(data) > _MOST_SIDES * 4:
            raise ValueError("its sides are no two or more numbers")
        lengths = [length for (length,) in struct.iter_unpack(f"{self.order}i", data)]
        if min(lengths) < 0:
            raise ValueError("a side is below zero")
        return math.prod(lengths)

    def _held(
        self, inside: Iterator[tuple[int, memoryview]], class_: int, count: int, depth: int
    ) -> None:
        """Count cells or fields, of which there have to be as many as are claimed."""
        if class_ == _OBJECT:
            next(inside, _NOTHING)
        if class_ != _CELLS:
            _, length = next(inside, _NOTHING)
            _, names = next(inside, _NOTHING)
            size = struct.unpack(f"{self.order}i", length)[0] if len(length) == 4 else 0
            if size <= 0 or len(names) % size:
                raise ValueError("the names of its fields are cut")
            count *= len(names) // size
        found = 0
        for kind, element in inside:
            found += 1
            if kind != _MATRIX or found > count:
                raise ValueError("a cell or field is none")
            self.matrix(element, depth=depth + 1)
        if found != count:
            raise ValueError(f"{found:,} cells or fields, where {count:,} are claimed")

    def check(self, depth: int) -> None:
        if self.parts > MATLAB_PARTS or depth > MATLAB_DEEPEST:
            raise ValueError("it has more cells and fields than any label file")
        if self.numbers > MATLAB_NUMBERS:
            raise ValueError(f"it has more than {MATLAB_NUMBERS:,} numbers")


@dataclass(frozen=True, slots=True)
class MatItem(Item):
    """One MATLAB file."""

    source: Path = Path()


@dataclass(frozen=True, slots=True)
class MatWork:
    """Convert every file that ``spec.sources`` matches below ``root``."""

    root: Path
    spec: Mat
    unit: str = "images"

    def start(self) -> tuple[Finding, ...]:
        """Nothing is shared between files."""
        return ()

    def items(self) -> Sequence[MatItem]:
        """List the source files; none are left once the work is finished and they are removed."""
        into = self.root / self.spec.into
        return [
            MatItem(path.stem, (into / f"{path.stem}.png",), path)
            for path in sorted(self.root.glob(self.spec.sources))
        ]

    def expected(self) -> Iterator[tuple[str, ...]]:
        """Yield the outputs of each item; once the sources are removed, what was made of them."""
        if self.spec.remove and not (self.root / self.spec.remove).exists():
            for path in sorted((self.root / self.spec.into).glob("*.png")):
                yield (str(path),)
        for item in self.items():
            yield tuple(map(str, item.outputs))

    def process(self, item: MatItem) -> Report:
        """Convert one file; raises ``LabelError``."""
        convert(item.source, item.outputs[0], self.spec.variable, self.spec.bits)
        return Report()

    def finish(self) -> None:
        """Remove the folder of sources, at once, now that every output is whole."""
        if self.spec.remove:
            settle_on_disk(self.root)
            remove_at_once(self.root / self.spec.remove)


def convert(source: Path, target: Path, variable: str, bits: int) -> None:
    """Write one variable as a gray PNG of 8 or 16 bits and read it back before it counts.

    Values are unchanged (fact sheet mseg section 3). Raises ``LabelError`` if the variable is
    missing, not two-dimensional, not whole numbers, or does not fit.
    """
    pixels = _fit(_read(source, variable), bits, str(source))
    with whole(target) as file:
        file.write(encode_gray(pixels))
        file.flush()
        file.seek(0)  # where descriptors opened again share their place
        if not np.array_equal(read_values(Path(f"/dev/fd/{file.fileno()}")), pixels):
            raise LabelError(
                "what was written does not read back as it was",
                cause="read-back",
                where=str(target),
                hint="check the disk",
            )


def load_variables(source: Path, *names: str, squeeze: bool = False) -> dict[str, Any]:
    """Return variables of a MATLAB file by name; raises ``LabelError`` whatever is wrong with it.

    The reader is not made for hostile files: it fails in any way a program can.
    """
    from scipy.io import loadmat  # slow to load, and most commands read no such file

    try:
        check_matlab(source)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: dict[str, Any] = loadmat(source, variable_names=list(names), squeeze_me=squeeze)
    except Exception as error:
        reason = f"not a readable MATLAB file ({str(error) or type(error).__name__})"
        raise _fault(source, reason) from error
    return found


def _read(source: Path, path: str) -> NDArray[np.generic]:
    """Return a variable, or with ``GTcls.Segmentation`` a field of one that is a structure."""
    variable, *fields = path.split(".")
    found = load_variables(source, variable)
    try:
        value = found[variable]
        for field in fields:
            value = value[field].item()
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise _fault(source, f"no variable {path}") from error
    array: NDArray[np.generic] = np.asarray(value)
    return array


def read_struct_table(source: Path, variable: str) -> NDArray[np.void]:
    """Return a variable that is an array of structures, flat; raises ``LabelError``."""
    found = load_variables(source, variable, squeeze=True)
    rows = np.atleast_1d(found.get(variable, np.empty(0)))
    if rows.dtype.names is None:
        raise _fault(source, f"no table {variable}")
    return rows


def _fit(array: NDArray[np.generic], bits: int, where: str) -> Values:
    """Return the array as uint8 or uint16 with every value unchanged."""
    target = np.dtype(np.uint8 if bits == 8 else np.uint16)
    if array.ndim != 2 or array.dtype.kind not in "uif":
        raise _fault(where, f"the variable is {array.dtype} {array.shape}, not a label map")
    with np.errstate(invalid="ignore"):
        fitted: Values = array.astype(target)
    if not np.array_equal(fitted, array):
        raise _fault(where, f"values that {bits} bits cannot hold")
    return fitted


def _fault(where: Path | str, reason: str) -> LabelError:
    return LabelError(reason, cause="bad-mat", where=str(where), hint=UNPACK_AGAIN)
