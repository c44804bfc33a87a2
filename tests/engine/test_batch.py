"""Batches on threads and processes: all done, all failures kept, stopped at once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.engine.works import Numbers
from tests.waiting import until
from wizard.errors import Cancelled, DestinationError, UsageError
from wizard.findings import Finding, grouped
from wizard.progress import CancelToken, Counter
from wizard.workers.batch import Workers, run_batch
from wizard.workers.executors import MANY

CREWS = [Workers(2, "threads"), Workers(2, "processes")]
BOTH = pytest.mark.parametrize("workers", CREWS, ids=["threads", "processes"])


def _run(work: Numbers, workers: Workers, counter: Counter | None = None) -> list[Finding]:
    return run_batch(
        work, work.items(), workers=workers, counter=counter or Counter(), token=CancelToken()
    )


@BOTH
def test_every_item_is_done_once_whatever_others_do(workers: Workers, tmp_path: Path) -> None:
    work = Numbers(tmp_path, 60, broken=(3, 40), odd=(5,), crash=(7,))
    counter = Counter(total=60)
    findings = _run(work, workers, counter)
    assert work.made() == set(range(60)) - {3, 40, 7}
    assert counter.done == 60
    assert sorted((finding.cause, finding.path, finding.fatal) for finding in findings) == [
        ("broken-number", "3", True),
        ("broken-number", "40", True),
        ("odd-number", "5", False),
        ("unexpected", "7", True),
    ]


@BOTH
def test_tables_are_loaded_once_per_process(workers: Workers, tmp_path: Path) -> None:
    work = Numbers(tmp_path, 40, pause=0.005)
    _run(work, workers)
    loads = [path.name.split("-")[1] for path in tmp_path.glob("loaded-*")]
    assert len(loads) == len(set(loads))
    pids = {path.read_text().split()[0] for path in tmp_path.iterdir() if path.name.isdecimal()}
    assert set(loads) == pids
    assert (str(os.getpid()) in pids) is (workers.executor == "threads")


@pytest.mark.parametrize("workers", [MANY - 1, MANY])
def test_many_workers_are_processes_unless_someone_says_otherwise(
    workers: int, tmp_path: Path
) -> None:
    _run(Numbers(tmp_path, 8), Workers(workers))
    pids = {path.read_text().split()[0] for path in tmp_path.iterdir() if path.name.isdecimal()}
    assert (pids == {str(os.getpid())}) is (workers < MANY)


@BOTH
def test_a_full_disk_stops_the_batch(workers: Workers, tmp_path: Path) -> None:
    with pytest.raises(DestinationError, match="No space left"):
        _run(Numbers(tmp_path, 40, full=(4,)), workers)


@BOTH
def test_a_stopped_batch_ends_with_its_items_whole(workers: Workers, tmp_path: Path) -> None:
    work = Numbers(tmp_path, 4000, pause=0.01)
    token = CancelToken()

    def stop() -> None:
        until(lambda: len(work.made()) >= 5)
        token.cancel()

    thread = threading.Thread(target=stop)
    thread.start()
    with pytest.raises(Cancelled):
        run_batch(work, work.items(), workers=workers, counter=Counter(), token=token)
    thread.join()
    made = work.made()
    assert len(made) < 1000
    assert all((tmp_path / str(number)).stat().st_size for number in made)


def test_a_process_that_dies_is_replaced_and_its_items_done(tmp_path: Path) -> None:
    work = Numbers(tmp_path, 30, pause=0.01, deadly=(11,), once=True)
    counter = Counter()
    assert _run(work, Workers(2, "processes"), counter) == []
    assert work.made() == set(range(30))
    assert counter.done == 30


def test_an_item_that_kills_every_process_is_the_only_one_lost(tmp_path: Path) -> None:
    work = Numbers(tmp_path, 12, deadly=(4,))
    (finding,) = _run(work, Workers(2, "processes"))
    assert (finding.cause, finding.path, finding.fatal) == ("worker-died", "4", True)
    assert work.made() == set(range(12)) - {4}


UNDER_A_SCREEN = """
import sys
from pathlib import Path
from tests.engine.works import Numbers
from tests.waiting import until
from wizard.workers.batch import Workers, run_batch
from wizard.progress import CancelToken, Counter

class Captured:
    def write(self, text): return len(text)
    def flush(self): pass
    def fileno(self): return -1

if __name__ == "__main__":
    sys.stderr = sys.stdout = Captured()
    work = Numbers(Path(sys.argv[1]), 8, stdin=True)
    workers = Workers(2, "processes")
    run_batch(work, work.items(), workers=workers, counter=Counter(), token=CancelToken())
"""


def test_processes_start_under_a_screen_and_take_no_keys(tmp_path: Path) -> None:
    """A full-screen app replaces stderr by something without a descriptor."""
    script = tmp_path / "screen.py"
    script.write_text(UNDER_A_SCREEN)
    place = tmp_path / "place"
    place.mkdir()
    root = Path(__file__).resolve().parents[2]
    run = subprocess.run(
        [sys.executable, str(script), str(place)],
        env={**os.environ, "PYTHONPATH": str(root)},
        input=b"keys meant for the screen",
        timeout=300,
        check=False,
    )
    assert run.returncode == 0
    assert {(place / str(number)).read_text() for number in range(8)} == {"stdin: ''"}


def test_nobody_cannot_work() -> None:
    with pytest.raises(UsageError):
        _run(Numbers(Path(), 1), Workers(0))


def test_findings_are_grouped_fatal_and_frequent_first() -> None:
    findings = [
        Finding("odd", "a", "is odd", fatal=False),
        *[Finding("cut", f"{number}.png", "is cut", "unpack again") for number in range(7)],
        Finding("lost", "b", "is lost"),
    ]
    groups = grouped(findings)
    assert [(group.cause, group.count, group.fatal) for group in groups] == [
        ("cut", 7, True),
        ("lost", 1, True),
        ("odd", 1, False),
    ]
    assert groups[0].hint == "unpack again"
    assert groups[0].examples[0] == "0.png: is cut"
    assert len(groups[0].examples) == 5
