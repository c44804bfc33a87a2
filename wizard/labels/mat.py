"""MATLAB label maps as gray PNG files."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wizard.errors import LabelError
from wizard.files import remove_at_once, whole
from wizard.labels.decode import UNPACK_AGAIN, Values, read_values
from wizard.labels.png import encode
from wizard.recipes.steps import Mat
from wizard.work import Finding, Item, Report


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
            remove_at_once(self.root / self.spec.remove)


def convert(source: Path, target: Path, variable: str, bits: int) -> None:
    """Write one variable as a gray PNG of 8 or 16 bits and read it back before it counts.

    Values are unchanged (fact sheet mseg section 3). Raises ``LabelError`` if the variable is
    missing, not two-dimensional, not whole numbers, or does not fit.
    """
    pixels = _fit(_read(source, variable), bits, str(source))
    with whole(target) as partial:
        partial.write_bytes(encode(pixels))
        if not np.array_equal(read_values(partial), pixels):
            raise LabelError(
                "what was written does not read back as it was",
                cause="read-back",
                where=str(target),
                hint="check the disk",
            )


def _read(source: Path, path: str) -> NDArray[np.generic]:
    """Return a variable, or with ``GTcls.Segmentation`` a field of one that is a structure."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    unreadable = (OSError, ValueError, TypeError, NotImplementedError, zlib.error, MatReadError)
    variable, *fields = path.split(".")
    try:
        found = loadmat(source, variable_names=[variable])
    except unreadable as error:
        raise _fault(source, f"not a readable MATLAB file ({error})") from error
    try:
        value = found[variable]
        for field in fields:
            value = value[field].item()
    except (KeyError, ValueError, IndexError) as error:
        raise _fault(source, f"no variable {path}") from error
    array: NDArray[np.generic] = np.asarray(value)
    return array


def read_table(source: Path, variable: str) -> NDArray[np.void]:
    """Return a variable that is an array of structures, flat; raises ``LabelError``."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    unreadable = (OSError, ValueError, TypeError, NotImplementedError, zlib.error, MatReadError)
    try:
        found = loadmat(source, variable_names=[variable], squeeze_me=True)
    except unreadable as error:
        raise _fault(source, f"not a readable MATLAB file ({error})") from error
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
