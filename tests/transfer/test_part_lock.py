from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from wizard.transfer.errors import PartBusy
from wizard.transfer.parts.part_lock import PartLock


def test_a_part_has_one_owner_at_a_time(tmp_path: Path):
    lease = PartLock(tmp_path / "a.lock")
    with pytest.raises(PartBusy, match=str(os.getpid())):
        PartLock(tmp_path / "a.lock")
    lease.release()
    PartLock(tmp_path / "a.lock").release()


def test_a_full_disk_leaves_no_lock_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="No space left"):
            PartLock(tmp_path / "a.lock")
    PartLock(tmp_path / "a.lock").release()
