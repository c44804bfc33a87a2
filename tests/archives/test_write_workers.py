"""Helper processes write what threads would have written, and no trouble with them shows."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import pytest

from tests.archives.makers import make_tar, make_zip, tree, unpack
from tests.waiting import until
from wizard.archives.extract import extract
from wizard.archives.specs import Nested
from wizard.archives.tar import untar
from wizard.archives.unpacking import Unpacking
from wizard.archives.writing import workers
from wizard.archives.zip import unzip
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
    """Leave no way but a worker."""
    monkeypatch.setattr(workers, "write_batch", None)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return make_zip(tmp_path / "a.zip", FILES)


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def until_gone(pid: int) -> None:
    until(lambda: gone(pid), 20)


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("deflated", [True, False])
def test_workers_write_every_member(tmp_path: Path, deflated: bool) -> None:
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


def test_a_worker_that_is_killed_leaves_nothing_half(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, asked = workers._ask, []

    def killed_midway(worker, batch, check):  # type: ignore[no-untyped-def]
        asked.append(worker.pid)
        if asked.count(worker.pid) == 3:
            # A member it was in the middle of.
            folder = next(tmp_path.glob(".*/tree"))
            (folder / os.fsdecode(batch[0][0])).write_bytes(b"hal")
            worker.send_signal(signal.SIGKILL)
        return whole(worker, batch, check)

    monkeypatch.setattr(workers, "_ask", killed_midway)
    unpack(archive, tmp_path / "out")
    # How the batches fall to the workers is the system's business; whoever got three is dead.
    assert max(map(asked.count, asked)) == 3
    assert tree(tmp_path / "out") == FILES


@pytest.mark.parametrize("program", ["/nonexistent", "/bin/false"])
def test_workers_that_cannot_start_are_not_missed(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(workers.sys, "executable", program)
    unpack(archive, tmp_path / "out")
    assert tree(tmp_path / "out") == FILES


def test_what_the_disk_refuses_is_said_as_ever(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Unpacking, "make_folders", lambda *_: None)
    with pytest.raises(DestinationError, match="No such file or directory") as caught:
        unpack(archive, tmp_path / "out")
    assert "/tree/top/" in caught.value.where


def test_a_stop_does_not_wait_for_a_worker(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids: list[int] = []
    start, token = workers._started, CancelToken()

    def remembered(*where):  # type: ignore[no-untyped-def]
        worker = start(*where)
        pids.append(worker.pid)
        return worker

    monkeypatch.setattr(workers, "_PROGRAM", "import time; time.sleep(600)")
    monkeypatch.setattr(workers, "_started", remembered)
    threading.Timer(0.2, token.cancel).start()
    with pytest.raises(Cancelled):
        extract(archive, tmp_path / "out", counter=Counter(), token=token)
    assert len(pids) == 2
    assert all(map(gone, pids))


def test_a_worker_gets_neither_secrets_nor_keys(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGWIZARD_TOY_PASSWORD", "hushhush")
    with (
        archive.open("rb") as file,
        workers.WriteWorkers(tmp_path, archive=file.fileno(), places=1, workers=1) as writers,
    ):
        (worker,) = writers.started()
        assert b"hushhush" not in Path(f"/proc/{worker.pid}/environ").read_bytes()
        assert os.getsid(worker.pid) == worker.pid


@pytest.mark.usefixtures("alone")
def test_a_worker_imports_nothing_of_what_it_stands_among(archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "staged"
    folder.mkdir()
    for name in ("isal", "wizard", "struct", "collections", "sitecustomize"):
        (folder / f"{name}.py").write_text("raise SystemExit")
    data = FILES["top/0/größe 0.png"]
    member = (b"here.png", b"here.png", len(data), len(data), zlib.crc32(data), 0, False)
    make_zip(archive, {"here.png": data}, deflated=False)
    with (
        archive.open("rb") as file,
        workers.WriteWorkers(folder, archive=file.fileno(), places=1, workers=1) as writers,
    ):
        assert writers.write([member], lambda: None) == []
    assert (folder / "here.png").read_bytes() == data


_PARENT = """
import sys, time
from pathlib import Path
from wizard.archives.writing.workers import WriteWorkers
file, folder = open(sys.argv[1], "rb"), Path(sys.argv[2])
with file, WriteWorkers(folder, archive=file.fileno(), places=2, workers=2) as writers:
    print(*(worker.pid for worker in writers.started()), flush=True)
    time.sleep(600)
"""


def test_workers_do_not_outlive_whom_they_work_for(archive: Path, tmp_path: Path) -> None:
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


def _tar_of_tars(path: Path, folders: int, files: int) -> dict[str, bytes]:
    inside = {
        f"n{folder:03}": {
            f"n{folder:03}_{number}.jpeg": RNG.randbytes(20) for number in range(files)
        }
        for folder in range(folders)
    }
    scratch = path.with_suffix(".inner")
    packed = {f"{top}.tar": make_tar(scratch, each).read_bytes() for top, each in inside.items()}
    make_tar(path, packed)
    scratch.unlink()
    return {f"{top}/{name}": data for top, each in inside.items() for name, data in each.items()}


def test_workers_write_what_a_tar_of_tars_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(untar, "_MANY", 1)
    monkeypatch.setattr(workers, "write_given", None)
    files = _tar_of_tars(tmp_path / "whole.tar", 5, 130)
    inner = Nested(member="*.tar", into="{stem}")
    done = unpack(tmp_path / "whole.tar", tmp_path / "out", nested=(inner,))
    assert tree(tmp_path / "out") == files
    assert len(done.members) == len(files)
