"""Proofs of single labels: what was shown to hold is not read again while its files look the same.

A proof is a sum over all that a label's check rests on: how the tables, the label, the label it is
made from and its masks look, and the size it has to have. Workers hand over the proofs of what they
have just made or checked, and a later check of the same files finds its sum among those kept.
They hold for one boot of the machine: what a power cut takes from files not yet on the disk may
leave their size and times. None outlives the verification it was made for.

Those of an array of shards hold on every machine of it and are kept once what they are of is on
stable storage. Each shard writes a file of its own, and all read all.
"""

from __future__ import annotations

import contextlib
import glob
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import __version__ as pillow

from wizard.durability import settle_on_disk, this_boot
from wizard.errors import WizardError
from wizard.files import open_ours, read_ours
from wizard.labels.lazy import Lazy
from wizard.labels.specs.taxonomies import Layer
from wizard.labels.tables.records import RECORD_FILE, SEGMENT_FOLDER
from wizard.labels.witness import NOT_THERE, looks
from wizard.state.shards import ArrayPart
from wizard.verify.subject import Subject
from wizard.version import __version__

PROOF_BYTES = 8

_LARGEST = 256 << 20
_STALE = 24 * 3600.0
"""Seconds after which the beginning of a verification by hand is none to go on from."""

Use = Literal["run", "by hand"]


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file that a proof rests on: its name as listed, and how it looked before it was read."""

    name: str
    looks: bytes


@dataclass(frozen=True, slots=True)
class ImageProofs:
    """The proofs of one dataset's labels that are kept in a file, for one use of them."""

    subject: Subject
    path: Path
    use: Use = "run"
    boot: str = field(default_factory=this_boot)
    """What names the time they hold for."""
    common: Path | None = None
    """In an array: the file of the whole, beside which those of shards lie."""
    _waiting: bytearray = field(default_factory=bytearray, compare=False, repr=False)
    """Proofs of what may not be on stable storage yet."""
    _salt: Lazy[bytes] = field(default_factory=Lazy, compare=False, repr=False)
    _known: Lazy[NDArray[np.uint64]] = field(default_factory=Lazy, compare=False, repr=False)

    def begin(self) -> None:
        """Look at what all labels share, before it is read: later changes are told from this."""
        self._salt.drop()
        self._salt.get(self._shared)

    def of_label(
        self, layer: Layer, split: str, size: tuple[int, int], files: Iterable[ListedFile]
    ) -> bytes:
        """Sum up what a label's check rests on; nothing where a file is not there or unknown boot.

        ``size`` is width and height; the label comes first among ``files``. What is drawn from
        polygons is the same in every split.
        """
        split = "" if layer.polygons else split
        return self._sum(f"{layer.taxonomy}/{split}/{size[0]}x{size[1]}", files)

    def of_image(self, files: Iterable[ListedFile]) -> bytes:
        """Sum up what the full decoding of an image rests on."""
        return self._sum("image", files)

    def _sum(self, what: str, files: Iterable[ListedFile]) -> bytes:
        if not self.boot:
            return b""
        total = blake2b(self._salt.get(self._shared), digest_size=PROOF_BYTES)
        total.update(os.fsencode(what))
        for file in files:
            if file.looks == NOT_THERE:
                return b""
            total.update(b"\0%b\0%b" % (os.fsencode(file.name), file.looks))
        return total.digest()

    def knows(self, proof: bytes) -> bool:
        """Tell whether a proof is among those that were kept before this process began to ask."""
        known = self._known.get(self._read)
        if not proof or not len(known):
            return False
        wanted = np.frombuffer(proof, np.uint64)[0]
        place = int(known.searchsorted(wanted))
        return place < len(known) and bool(known[place] == wanted)

    def keep(self, proofs: bytes) -> None:
        """Add proofs; where that fails, their labels are read again."""
        if self.common:
            self._waiting.extend(proofs)
        else:
            self._add(proofs)

    def settle(self) -> None:
        """Write down the proofs that wait, after what they are of."""
        if self._waiting:
            with contextlib.suppress(OSError):
                settle_on_disk(self.subject.root)
                self._add(bytes(self._waiting))
            self._waiting.clear()

    def _add(self, proofs: bytes) -> None:
        with contextlib.suppress(OSError, WizardError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            descriptor = open_ours(self.path, flags, 0o600, make=True)
            try:
                os.write(descriptor, proofs)
            finally:
                os.close(descriptor)

    def drop(self) -> None:
        """Forget all of them."""
        self._waiting.clear()
        for path in self._files():
            with contextlib.suppress(OSError):
                path.unlink()

    def drop_stale(self) -> None:
        """Forget them where they are so old that what they are of may have decayed unnoticed."""
        for path in self._files():
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _STALE:
                    path.unlink()

    def _read(self) -> NDArray[np.uint64]:
        return np.sort(np.concatenate([_proofs_in(path) for path in self._files()]))

    def _files(self) -> list[Path]:
        """Return the files they are in: one, or in an array that of the whole and of each shard."""
        if self.common is None:
            return [self.path]
        beside = self.common.parent.glob(f"{glob.escape(self.common.name)}.*")
        return [self.common, *(each for each in beside if each.suffix[1:].isdecimal())]

    def _shared(self) -> bytes:
        """Sum up what all labels rest on: programs, recipe, tables, the JSON of segments."""
        subject = replace(self.subject, deep=False)
        told = (__version__, pillow, self.boot, self.use, subject.folder, repr(subject.layers))
        total = blake2b("\0".join(told).encode(), digest_size=32)
        for path in _shared_files(subject):
            total.update(b"\0%b\0%b" % (os.fsencode(path), looks(path)))
        return total.digest()


def dataset_proofs(
    subject: Subject, folder: Path, use: Use = "run", part: ArrayPart | None = None
) -> ImageProofs:
    """Return the proofs of a dataset's labels that are kept in a folder for one use of them.

    ``part`` is what is known of the array that makes them.
    """
    ending = "proven" if use == "run" else "proven-by-hand"
    path = folder / f"{subject.dataset}.{ending}"
    if part is None:
        return ImageProofs(subject, path, use)
    own = path.with_name(f"{path.name}.{part.shard.index}") if part.shard else path
    return ImageProofs(subject, own, use, boot=f"array {part.array}", common=path)


def _proofs_in(path: Path) -> NDArray[np.uint64]:
    try:
        data = read_ours(path, _LARGEST)
    except (OSError, WizardError):
        data = b""
    return np.frombuffer(data[: len(data) // PROOF_BYTES * PROOF_BYTES], np.uint64)


def _shared_files(subject: Subject) -> Iterator[Path]:
    for folder in sorted(table_folders(subject)):
        with contextlib.suppress(OSError):
            yield from sorted(folder.iterdir())
    for layer in subject.layers:
        for split in subject.splits if layer.segments else ():
            yield subject.path(layer.segments.format(split=split))


def table_folders(subject: Subject) -> set[Path]:
    """Return the folders of the tables that a verification rests on."""
    tables = subject.tables.folder
    folders = {tables / "class_remapping_files", (tables / RECORD_FILE).parent}
    for layer in subject.layers:
        home = tables / "dataset_lists" / layer.taxonomy
        folders |= {home, home / "list"}
    if any(layer.relabel for layer in subject.layers):
        folders |= {Path(folder) for folder, _, _ in os.walk(tables / SEGMENT_FOLDER)}
    return folders
