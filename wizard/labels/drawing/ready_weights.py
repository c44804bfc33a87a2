"""Loss weights out of a published tar, read in place: each one checked before it is trusted."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wizard.foreign import open_foreign


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where a member's bytes lie in the tar."""

    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class ReadyWeights:
    """A tar of npz files and where each of them lies, by stem."""

    archive: Path
    members: Mapping[str, Stretch]

    @classmethod
    def index(cls, archive: Path | None) -> ReadyWeights | None:
        """List an uncompressed tar whatever its folder is called; None when it is none.

        A tar that was cut short gives the members before the cut.
        """
        if archive is None:
            return None
        members: dict[str, Stretch] = {}
        try:
            with open_foreign(archive) as file, tarfile.open(fileobj=file, mode="r:") as packed:
                for member in packed:
                    path = PurePosixPath(member.name)
                    if member.isreg() and path.suffix == ".npz":
                        members[path.stem] = Stretch(member.offset_data, member.size)
        except (OSError, tarfile.TarError):
            if not members:
                return None
        return cls(archive, members)

    def read(self, stem: str) -> bytes | None:
        """Return the bytes of one member, or None when it is not in the tar."""
        stretch = self.members.get(stem)
        if stretch is None:
            return None
        with open_foreign(self.archive) as file:
            file.seek(stretch.offset)
            return file.read(stretch.size)
