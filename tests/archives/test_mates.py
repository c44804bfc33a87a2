"""Helper processes write what threads would have written, and no trouble with them shows."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import pytest

from tests.archives.makers import make_zip, tree, unpack
from wizard.archives import mates, unzip
from wizard.archives.extract import extract
from wizard.archives.job import Job
from wizard.errors import ArchiveError, Cancelled, DestinationError
from wizard.progress import CancelToken, Counter

RNG = random.Random(3)
FILES = {
    f"top/{number % 3}/größe {number}.png": RNG.randbytes(RNG.choice([0, 300, 9_000]))
    for number in range(900)
}


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unzip, "_MANY", 1)
    monkeypatch.setattr(unzip, "_BATCH_FILES", 50)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no way but a mate."""
    monkeypatch.setattr(mates, "write_batch", None)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return make_zip(tmp_path / "a.zip", FILES)


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def until_gone(pid: int) -> None:
    end = time.monotonic() + 20
    while not gone(pid):
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("deflated", [True, False])
def test_mates_write_every_member(tmp_path: Path, deflated: bool) -> None:
    unpack(make_zip(tmp_path / "a.zip", FILES, deflated=deflated), tmp_path / "out")
    assert tree(tmp_path / "out") == FILES


@pytest.mark.usefixtures("alone")
def test_a_damaged_member_is_named(archive: Path, tmp_path: Path) -> None:
    make_zip(archive, FILES, deflated=False)
    damaged = next(name for name, data in FILES.items() if data)
    whole = archive.read_bytes()
    archive.write_bytes(whole.replace(FILES[damaged], bytes(len(FILES[damaged]))))
    with pytest.raises(ArchiveError, match=f"1 member is broken: {damaged}.*checksum"):
        unpack(archive, tmp_path / "out")
    archive.write_bytes(whole)
    unpack(archive, tmp_path / "out")
    assert tree(tmp_path / "out") == FILES


def test_a_mate_that_is_killed_leaves_nothing_half(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, asked = mates._ask, []

    def killed_midway(mate, batch, check):  # type: ignore[no-untyped-def]
        asked.append(mate.pid)
        if asked.count(mate.pid) == 3:
            # A member it was in the middle of.
            folder = next(tmp_path.glob(".*/tree"))
            (folder / os.fsdecode(batch[0][0])).write_bytes(b"hal")
            mate.send_signal(signal.SIGKILL)
        return whole(mate, batch, check)

    monkeypatch.setattr(mates, "_ask", killed_midway)
    unpack(archive, tmp_path / "out")
    assert len(set(asked)) == 2
    assert sorted(map(asked.count, set(asked))) == [3, 3]
    assert tree(tmp_path / "out") == FILES


@pytest.mark.parametrize("program", ["/nonexistent", "/bin/false"])
def test_mates_that_cannot_start_are_not_missed(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(mates.sys, "executable", program)
    unpack(archive, tmp_path / "out")
    assert tree(tmp_path / "out") == FILES


def test_what_the_disk_refuses_is_said_as_ever(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Job, "make_folders", lambda *_: None)
    with pytest.raises(DestinationError, match="No such file or directory") as caught:
        unpack(archive, tmp_path / "out")
    assert "/tree/top/" in caught.value.where


def test_a_stop_does_not_wait_for_a_mate(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids: list[int] = []
    start, token = mates._start, CancelToken()

    def remembered(*where):  # type: ignore[no-untyped-def]
        mate = start(*where)
        pids.append(mate.pid)
        return mate

    monkeypatch.setattr(mates, "_PROGRAM", "import time; time.sleep(600)")
    monkeypatch.setattr(mates, "_start", remembered)
    threading.Timer(0.2, token.cancel).start()
    with pytest.raises(Cancelled):
        extract(archive, tmp_path / "out", counter=Counter(), token=token)
    assert len(pids) == 2
    assert all(map(gone, pids))


def test_a_mate_gets_neither_secrets_nor_keys(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGWIZARD_TOY_PASSWORD", "hushhush")
    with (
        archive.open("rb") as file,
        mates.Mates(file.fileno(), tmp_path, places=1, mates=1) as crew,
    ):
        (mate,) = crew.started()
        assert b"hushhush" not in Path(f"/proc/{mate.pid}/environ").read_bytes()
        assert os.getsid(mate.pid) == mate.pid


@pytest.mark.usefixtures("alone")
def test_a_mate_imports_nothing_of_what_it_stands_among(archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "staged"
    folder.mkdir()
    for name in ("isal", "wizard", "struct", "collections", "sitecustomize"):
        (folder / f"{name}.py").write_text("raise SystemExit")
    data = FILES["top/0/größe 0.png"]
    member = (b"here.png", len(data), len(data), zlib.crc32(data), 0, False)
    make_zip(archive, {"here.png": data}, deflated=False)
    with archive.open("rb") as file, mates.Mates(file.fileno(), folder, places=1, mates=1) as crew:
        assert crew.write([member], lambda: None) == []
    assert (folder / "here.png").read_bytes() == data


_PARENT = """
import sys, time
from pathlib import Path
from wizard.archives.mates import Mates
file, folder = open(sys.argv[1], "rb"), Path(sys.argv[2])
with file, Mates(file.fileno(), folder, places=2, mates=2) as crew:
    print(*(mate.pid for mate in crew.started()), flush=True)
    time.sleep(600)
"""


def test_mates_do_not_outlive_whom_they_work_for(archive: Path, tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(archive), str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        parent.kill()
    assert len(pids) == 2
    for pid in pids:
        until_gone(pid)
