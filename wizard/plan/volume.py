"""What a file system has room for and what kind it is, as far as it tells."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_MOUNTS = Path("/proc/self/mounts")
_NETWORK = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "gpfs", "beegfs", "ceph", "afs", "9p")
    + ("panfs", "fuse.sshfs", "fuse.glusterfs")
)


@dataclass(frozen=True, slots=True)
class Volume:
    """Room on the file system of a folder, for this user: quotas and reserves are counted."""

    folder: Path
    """The folder itself, or its nearest ancestor that exists."""
    free_bytes: int
    free_files: int | None
    """None where files are not limited in number, or the file system does not say."""
    read_only: bool
    longest_name: int
    """Bytes a file's name may have."""
    longest_path: int
    kind: str
    """Such as ``ext4`` or ``nfs4``; empty when unknown."""

    @property
    def network(self) -> bool:
        """Whether files lie on another machine, where small ones are slow."""
        return self.kind in _NETWORK


def volume(path: Path) -> Volume:
    """Look at the file system ``path`` lies on or would lie on."""
    folder = existing(path)
    status = os.statvfs(folder)
    return Volume(
        folder=folder,
        free_bytes=status.f_bavail * status.f_frsize,
        free_files=status.f_favail if status.f_files else None,
        read_only=bool(status.f_flag & os.ST_RDONLY),
        longest_name=status.f_namemax,
        longest_path=os.pathconf(folder, "PC_PATH_MAX"),
        kind=_kind(folder),
    )


def existing(path: Path) -> Path:
    """Return the path or its nearest ancestor that exists."""
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _kind(folder: Path) -> str:
    """Return the type of the mount that holds the folder, where the system lists its mounts."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    folder = folder.resolve()
    best, kind = -1, ""
    for line in lines:
        _, point, name, *_ = [*line.split(" "), "", "", ""]
        mount = Path(_unescaped(point))
        if folder.is_relative_to(mount) and len(mount.parts) >= best:
            best, kind = len(mount.parts), name
    return kind


def _unescaped(point: str) -> str:
    """Undo the octal escapes of blanks and backslashes in the list of mounts."""
    for code, sign in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        point = point.replace(code, sign)
    return point
