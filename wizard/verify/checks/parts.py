"""Checks of parts: names in MATLAB files, and ids in TIFF files."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wizard.errors import LabelError
from wizard.findings import Finding
from wizard.labels.pixels.decode import read_values
from wizard.labels.pixels.panoptic import split_ids, whole_ids
from wizard.labels.works.mat import load_variables
from wizard.verify.checks.pixels import matches
from wizard.verify.image_files import read_pixels
from wizard.verify.specs.annotation_checks import PartIds, PartNames

_BRACES = re.compile(r"\{([^{}]*)\}")


class PartNamesExaminer:
    """Reads objects and parts as the loader does."""

    def __init__(self, check: PartNames, base: Path) -> None:
        self._check = check
        self._base = base
        self._known: Mapping[str, frozenset[str]] = {
            name: frozenset(itertools.chain.from_iterable(map(spelled_out, parts)))
            for name, parts in check.names.items()
        }

    def subjects(self) -> Sequence[str]:
        """Every file."""
        return matches(self._base, self._check.files) or [self._check.files]

    def examine(self, subject: str) -> Iterator[Finding]:
        """Look at every part of every object of a class the loader takes."""
        try:
            objects = list(read_objects(self._base / subject))
        except (LabelError, OSError, ValueError, KeyError, IndexError, TypeError) as error:
            yield Finding("bad-mat", subject, f"not a file of parts ({error!r})")
            return
        for name, parts in objects:
            known = self._known.get(name)
            for part, mask in parts if known is not None else ():
                if part.partition("_")[0] not in (known or ()):
                    yield Finding("unknown-part", subject, f"{name} has a part {part!r}")
                if not mask.any():
                    yield Finding("empty-part", subject, f"{part!r} of {name} has no pixels")


def spelled_out(name: str) -> Iterator[str]:
    """Yield the names that braces stand for: ``{l,r}eye`` is ``leye`` and ``reye``."""
    found = _BRACES.search(name)
    if found is None:
        yield name
        return
    for choice in found[1].split(","):
        yield from spelled_out(name[: found.start()] + choice + name[found.end() :])


def read_objects(
    path: Path,
) -> Iterator[tuple[str, list[tuple[str, NDArray[np.generic]]]]]:
    """Yield class and parts of each object; parts are named and have a mask (H, W).

    An object without parts holds an empty array of another shape.
    """
    anno = load_variables(path, "anno")["anno"][0, 0]
    objects: Any = anno["objects"]
    for row in objects[0] if objects.size else ():
        parts = row["parts"]
        yield (
            str(row["class"][0]),
            [(str(part["part_name"][0]), part["mask"]) for part in parts.reshape(-1)]
            if parts.size
            else [],
        )


@dataclass(frozen=True, slots=True)
class PartIdsExaminer:
    """Reads panoptic parts beside the instances they belong to."""

    check: PartIds
    base: Path

    def subjects(self) -> Sequence[str]:
        """Every TIFF file."""
        return matches(self.base, self.check.files) or [self.check.files]

    def examine(self, subject: str) -> Iterator[Finding]:
        """Decode one and compare it with its instances."""
        _, ids = read_pixels(self.base / subject)
        if ids.dtype != np.int32:
            yield Finding("wrong-kind", subject, f"stores {ids.dtype}, where int32 is read")
            return
        yield from self._parts(subject, ids)
        yield from self._instances(subject, ids)

    def _parts(self, subject: str, ids: NDArray[np.int32]) -> Iterator[Finding]:
        try:
            split = split_ids(np.unique(ids))
        except LabelError as error:
            yield Finding(error.cause, subject, error.message)
            return
        for name, highest in self.check.parts.items():
            of_class = split.parts[split.classes == int(name)]
            if of_class.size and of_class.max() > highest:
                detail = f"class {name} has a part {of_class.max()}, its parts end at {highest}"
                yield Finding("known-oddity", subject, detail, fatal=False)

    def _instances(self, subject: str, ids: NDArray[np.int32]) -> Iterator[Finding]:
        other = subject.replace(*self.check.replace, 1).removesuffix(self.check.ending[0])
        other += self.check.ending[1]
        instances = read_values(self.base / other)
        if instances.shape != ids.shape or not np.array_equal(whole_ids(ids), instances):
            yield Finding("other-instances", subject, f"its instances are not those of {other}")
