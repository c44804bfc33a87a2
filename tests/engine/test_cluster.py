"""Batches on a real dask scheduler and two worker processes, one of which dies half-way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.engine.works import Numbers
from tests.verify.town import LABELS, REMEDIES, make_town
from tests.waiting import TIME_LIMIT, until, whole_json
from wizard.entry import exit_code
from wizard.errors import Cancelled, DestinationError, UsageError
from wizard.kinds.proving.verify import VerifyStep
from wizard.labels.works.remap import RemapWork
from wizard.progress import CancelToken, Counter
from wizard.steps.step import StepContext
from wizard.verify.dataset import ImageWork
from wizard.verify.image_proofs import dataset_proofs
from wizard.verify.making_witness import MakingWitness
from wizard.workers.batch import Workers, run_batch

pytest.importorskip("distributed", reason="dask.distributed is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

ROOT = Path(__file__).resolve().parents[2]

BLINDFOLD = """
import os
look = os.open
def blind(path, *args, **kwargs):
    if "/batch-" in str(path):
        raise FileNotFoundError(path)
    return look(path, *args, **kwargs)
os.open = blind
"""


@dataclass
class Dask:
    """A scheduler and its workers, each a process."""

    address: str
    folder: Path
    processes: list[subprocess.Popen[bytes]]

    def start(self, *arguments: str, path: str = str(ROOT)) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": path},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def worker(self, path: str = str(ROOT)) -> subprocess.Popen[bytes]:
        options = ("--no-nanny", "--nthreads", "1", "--no-dashboard")
        joined = self.joined()
        process = self.start("worker", self.address, *options, path=path)
        until(lambda: self.joined() > joined)
        return process

    def joined(self) -> int:
        """How many workers have found the scheduler so far."""
        return (self.folder / "log").read_text().count("Registered to:")

    def blind_worker(self) -> subprocess.Popen[bytes]:
        """A worker to whom the batch is not there, as on a node that lacks the mount."""
        patch = self.folder / "blind" / "sitecustomize.py"
        patch.parent.mkdir(exist_ok=True)
        patch.write_text(BLINDFOLD)
        return self.worker(f"{patch.parent}{os.pathsep}{ROOT}")


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Dask]:
    folder = tmp_path / "dask"
    folder.mkdir()
    file = folder / "scheduler.json"
    dask = Dask("", folder, [])
    dask.start(
        "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-jupyter",
        "--scheduler-file", str(file),
    )  # fmt: skip
    dask.address = str(whole_json(file)["address"])
    yield dask
    for process in reversed(dask.processes):
        process.kill()
        process.wait()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    place = tmp_path / "place"
    place.mkdir()
    return place


def _crew(dask: Dask, place: Path) -> Workers:
    return Workers(2, "dask", dask.address, place / "state")


def test_a_worker_killed_half_way_costs_nothing(dask: Dask, place: Path) -> None:
    victim = dask.worker()
    dask.worker()
    work = Numbers(place, 150, pause=0.02, broken=(9,), odd=(77,))
    counter = Counter(total=150)

    def kill() -> None:
        until(lambda: len({path.read_text() for path in _written(place)}) > 1)
        victim.send_signal(signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    findings = run_batch(
        work, work.items(), workers=_crew(dask, place), counter=counter, token=CancelToken()
    )
    thread.join()
    assert victim.wait(TIME_LIMIT) == -signal.SIGKILL
    assert work.made() == set(range(150)) - {9}
    assert counter.done == 150
    assert sorted((finding.cause, finding.path) for finding in findings) == [
        ("broken-number", "9"),
        ("odd-number", "77"),
    ]
    assert not list((place / "state").iterdir())


def _written(place: Path) -> list[Path]:
    paths = [path for path in place.iterdir() if path.name.isdecimal()]
    return [path for path in paths if path.stat().st_size]


def test_work_of_a_worker_without_the_disk_is_done_by_others(dask: Dask, place: Path) -> None:
    dask.worker()
    blind = dask.blind_worker()
    work = Numbers(place, 60, pause=0.02)
    assert run_batch(
        work, work.items(), workers=_crew(dask, place), counter=Counter(), token=CancelToken()
    ) == []  # fmt: skip
    assert work.made() == set(range(60))
    assert str(blind.pid) not in {path.read_text().split()[0] for path in _written(place)}


def test_a_cluster_that_does_not_see_the_disk_is_refused(dask: Dask, place: Path) -> None:
    dask.blind_worker()
    work = Numbers(place, 20)
    with pytest.raises(DestinationError, match="no worker of the cluster sees"):
        run_batch(
            work, work.items(), workers=_crew(dask, place), counter=Counter(), token=CancelToken()
        )
    assert not work.made()


def test_a_run_on_a_cluster_stops_at_once(dask: Dask, place: Path) -> None:
    dask.worker()
    work = Numbers(place, 3000, pause=0.02)
    token = CancelToken()

    def stop() -> None:
        until(lambda: _written(place))
        token.cancel()

    thread = threading.Thread(target=stop)
    thread.start()
    with pytest.raises(Cancelled):
        run_batch(work, work.items(), workers=_crew(dask, place), counter=Counter(), token=token)
    thread.join()
    # A minute of work, were it not stopped.
    assert len(work.made()) < 1000


def test_no_scheduler_is_a_plain_error(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wizard.workers.cluster._CONNECT_SECONDS", 1)
    workers = Workers(2, "dask", "tcp://127.0.0.1:1", place)
    work = Numbers(place, 1)
    with pytest.raises(UsageError, match="no dask scheduler answers"):
        run_batch(work, work.items(), workers=workers, counter=Counter(), token=CancelToken())
    with pytest.raises(UsageError, match="needs an address"):
        run_batch(
            work, work.items(), workers=Workers(2, "dask"), counter=Counter(), token=CancelToken()
        )


def test_a_run_looks_for_the_scheduler_before_any_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("wizard.workers.cluster._CONNECT_SECONDS", 0.2)
    dest = tmp_path / "dest"
    words = ("run", "mseg", "--dest", str(dest), "--yes", "--scheduler", "tcp://127.0.0.1:1")
    assert exit_code(words) == 2
    assert "no dask scheduler answers" in capsys.readouterr().err
    assert not dest.exists()


def test_labels_are_made_and_proven_on_a_cluster_and_not_read_again(
    dask: Dask, place: Path
) -> None:
    dask.worker()
    dask.worker()
    town = make_town(place)
    for label in place.glob("data/Town/gt3*/*/*/*.png"):
        label.unlink()
    subject = replace(town.subject, examples=())
    step = VerifyStep(
        address="town/verify",
        dataset="town",
        title="Verify",
        kind="verify",
        dependencies=(),
        subject=subject,
        remedies=REMEDIES,
        proof=place / ".segwizard" / "steps" / "town.verify.json",
        workers=_crew(dask, place),
    )
    proofs = dataset_proofs(subject, step.proof.parent)
    work = RemapWork(town.root, town.tables, LABELS, witness=MakingWitness(proofs, LABELS))
    crew = _crew(dask, place)
    found = run_batch(
        work,
        work.items(),
        workers=crew,
        counter=Counter(),
        token=CancelToken(),
        keep=proofs.keep,
    )
    assert not found
    made = proofs.path.read_bytes()
    again = ImageWork(subject, proofs)
    assert not run_batch(
        again,
        again.items(),
        workers=crew,
        counter=Counter(),
        token=CancelToken(),
        keep=proofs.keep,
    )
    assert proofs.path.read_bytes() == made, "nothing was read, so nothing was proven anew"
    town.label("town-3").write_bytes(b"junk")
    context = StepContext()
    summary = step.verify(context)
    assert (context.counter.done, context.counter.total) == (4, 4)
    assert {finding.path for finding in summary.findings} == {"Town/gt3/train/a/one_ids.png"}
