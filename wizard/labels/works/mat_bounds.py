"""What a MATLAB file would become once it is read, found out before anything reads it.

Tags, sizes and dimensions alone are looked at (MAT-File Format, level 5): a few bytes may claim
any number of cells, or blanks without end. Level 4 has nothing packed and nothing nested.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wizard.foreign import read_foreign
from wizard.labels.bounds import (
    MATLAB_BYTES,
    MATLAB_DEEPEST,
    MATLAB_INFLATED,
    MATLAB_NUMBERS,
    MATLAB_PARTS,
)

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
