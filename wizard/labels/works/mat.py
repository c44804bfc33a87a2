"""MATLAB label maps as gray PNG files."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wizard.durability import settle_on_disk
from wizard.errors import LabelError
from wizard.files import remove_at_once, whole
from wizard.findings import Finding
from wizard.labels.pixels.decode import UNPACK_AGAIN, Values, read_values
from wizard.labels.pixels.png import encode_gray
from wizard.labels.specs.taxonomies import Mat
from wizard.labels.works.mat_bounds import check_matlab
from wizard.work import Item, Report


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
