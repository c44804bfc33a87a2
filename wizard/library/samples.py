"""Images and their labels as a sequence: one a line of the list, read once, cheap to send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from wizard.labels.tables.lists import TableText


@dataclass(frozen=True, slots=True)
class Sample:
    """One image and its label, by absolute paths."""

    image: Path
    label: Path | None
    """None in lists of test images, which are published without labels."""
    key: str
    """The image as its list names it, without ending: the same in every taxonomy."""
    split: str
    dataset: str


@dataclass(frozen=True, slots=True)
class SampleList:
    """Where a split's list lies and how its lines are read."""

    file: Path
    folder: Path
    """Folder the paths of a line start from."""
    image: str = "{0}"
    """Template over a line's columns."""
    label: str = "{1}"
    separator: str = ""
    """What divides columns; empty: blanks."""
    skip: int = 0
    """Lines of heading."""


class Samples(Sequence[Sample]):
    """The samples of one split, read from its list when first looked at.

    A pickle holds where the list lies, not its lines, so that a million samples cost a worker
    one read. Raises ``LabelError`` naming file and line where the list is broken.
    """

    def __init__(self, source: SampleList, split: str, dataset: str) -> None:
        self._source = source
        self._split = split
        self._dataset = dataset
        self._lines: list[str] | None = None

    def __len__(self) -> int:
        return len(self._read())

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> list[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | list[Sample]:
        lines = self._read()
        if isinstance(index, slice):
            return [self._sample(number) for number in range(*index.indices(len(lines)))]
        return self._sample(range(len(lines))[index])

    def __repr__(self) -> str:
        return f"<{len(self):,} samples of {self._dataset}, {self._split}>"

    def __reduce__(self) -> tuple[type[Samples], tuple[SampleList, str, str]]:
        return Samples, (self._source, self._split, self._dataset)

    def _read(self) -> list[str]:
        if self._lines is None:
            self._lines = TableText.of(self._source.file).lines()[self._source.skip :]
        return self._lines

    def _sample(self, number: int) -> Sample:
        source = self._source
        columns = self._read()[number].split(source.separator or None)
        try:
            image = source.image.format(*columns)
            # Test lists name images only.
            bare = source.label == "{1}" and len(columns) == 1
            label = "" if bare else source.label.format(*columns)
        except (IndexError, KeyError, ValueError):
            raise TableText.of(source.file).fault(
                f"{len(columns)} columns do not fill {source.image!r}",
                line=number + source.skip + 1,
            ) from None
        return Sample(
            image=source.folder / image,
            label=source.folder / label if label else None,
            key=image.rpartition(".")[0] or image,
            split=self._split,
            dataset=self._dataset,
        )
