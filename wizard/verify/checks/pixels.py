"""Checks of pictures: whether they decode, what they store, and whether pairs fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from wizard.findings import Finding
from wizard.verify.image_files import UnreadableImage, decode_fully, read_header, read_pixels
from wizard.verify.scan import is_unseen
from wizard.verify.specs.checks import Decodes, Pairs, Pixels

_MODES = {"gray": ("L",), "palette": ("P",), "gray16": ("I;16", "I"), "int32": ("I",)}
_IGNORED = 255


def matches(base: Path, glob: str) -> list[str]:
    """Return the files a glob matches, sorted, as paths below ``base``; not the hidden ones."""
    return sorted(
        path.relative_to(base).as_posix()
        for path in base.glob(glob)
        if path.is_file() and not is_unseen(path.name)
    )


@dataclass(frozen=True, slots=True)
class DecodesExaminer:
    """Decodes pictures to their last byte."""

    check: Decodes
    base: Path

    def subjects(self) -> Sequence[str]:
        """Every picture."""
        return matches(self.base, self.check.files) or [self.check.files]

    def examine(self, subject: str) -> Iterator[Finding]:
        """Decode one."""
        decode_fully(self.base / subject)
        return iter(())


@dataclass(frozen=True, slots=True)
class PixelsExaminer:
    """Looks at the stored numbers of label images."""

    check: Pixels
    base: Path

    def subjects(self) -> Sequence[str]:
        """Every image."""
        return matches(self.base, self.check.files) or [self.check.files]

    def examine(self, subject: str) -> Iterator[Finding]:
        """Decode one image and look at its kind and its values."""
        mode, pixels = read_pixels(self.base / subject)
        if mode not in _MODES[self.check.mode]:
            detail = f"stored as {mode}, where {self.check.mode} is read"
            yield Finding("wrong-kind", subject, detail)
            return
        wrong = self._wrong(np.unique(pixels))
        if len(wrong):
            shown = ", ".join(map(str, wrong[:5]))
            yield Finding("wrong-value", subject, f"holds {shown}, which no class has")

    def _wrong(self, found: NDArray[np.integer]) -> NDArray[np.integer]:
        allowed = np.ones(len(found), bool)
        if self.check.values:
            allowed = np.isin(found, self.check.values)
        elif self.check.highest is not None:
            allowed = found <= self.check.highest
        if self.check.ignore:
            allowed |= found == _IGNORED
        return found[~allowed]


class PairsExaminer:
    """Compares two folders by the stems of their files."""

    def __init__(self, check: Pairs, base: Path) -> None:
        self._check = check
        self._base = base
        self._first = _by_stem(base, check.first, "")
        self._second = _by_stem(base, check.second, check.cut)

    def subjects(self) -> Sequence[str]:
        """Every stem of either folder."""
        stems = set(self._first) if self._check.one_way else set(self._first) | set(self._second)
        return sorted(stems) or [self._check.first]

    def examine(self, subject: str) -> Iterator[Finding]:
        """Look for both files of one stem, and at their sizes."""
        first, second = self._first.get(subject), self._second.get(subject)
        if first is None and second is None:
            yield Finding("no-partner", subject, "nothing is there")
        elif first is None or second is None:
            folder = self._check.first if first is None else self._check.second
            yield Finding("no-partner", f"{folder}/{subject}", "its partner stands alone")
        elif self._check.same_size:
            yield from self._sizes(first, second)

    def _sizes(self, first: str, second: str) -> Iterator[Finding]:
        sizes = []
        for name in (first, second):
            try:
                sizes.append(read_header(self._base / name).size)
            except UnreadableImage as error:
                yield Finding("broken-image", name, str(error))
        if len(sizes) == 2 and sizes[0] != sizes[1]:
            yield Finding("wrong-size", second, f"{sizes[1]}, its image is {sizes[0]}")


def _by_stem(base: Path, folder: str, cut: str) -> dict[str, str]:
    names = matches(base, f"{folder}/*")
    return {PurePosixPath(name).stem.removesuffix(cut): name for name in names}
