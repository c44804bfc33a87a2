"""Parts of a run that die: it ends and names them, or they are started anew."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from multiprocessing import forkserver
from pathlib import Path

import pytest

from tests.engine.fakes import FakeStep, make_install
from tests.engine.works import Numbers
from tests.waiting import until
from wizard.engine.runner import Runner
from wizard.progress import CancelToken, Counter
from wizard.workers.batch import run_batch
from wizard.workers.executors import Workers
from wizard.workers.pools import NICENESS, own_temporary_folder


class Gone(BaseException):
    """What no handler of ours expects."""


def _dies(*args: object) -> None:
    raise Gone("out of the blue")


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("next_probe", "look"),
        ("next_starts", "drive"),
        ("finished", "d/0"),
    ],
)
def test_the_death_of_any_thread_ends_the_run_and_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, name: str
) -> None:
    steps = [FakeStep("d/0", tmp_path / "mark")]
    runner = Runner(make_install(tmp_path / "dest", steps), steps=steps)
    monkeypatch.setattr(runner._table, part, _dies)
    runner.start()
    until(lambda: runner.ended)
    assert runner.died.startswith(name)
    assert any("out of the blue" in event.text for event in runner.events())
    assert not (tmp_path / "dest/.segwizard/lease.json").exists()


def test_a_step_that_ends_in_the_unexpected_ends_the_run_rather_than_waiting(
    tmp_path: Path,
) -> None:
    steps = [FakeStep("d/0", tmp_path / "mark", work=_dies)]
    runner = Runner(make_install(tmp_path / "dest", steps), steps=steps)
    runner.start()
    until(lambda: runner.ended)
    assert runner.died.startswith("d/0")


def test_the_process_that_forks_workers_is_started_anew(tmp_path: Path) -> None:
    """With it gone, a worker that dies later could not be replaced."""
    work = Numbers(tmp_path, 60, pause=0.01)
    counter = Counter(total=60)

    def kill() -> None:
        until(lambda: counter.done > 5)
        for made in [each for each in tmp_path.iterdir() if each.name.startswith("loaded-")]:
            os.kill(int(made.name.split("-")[1]), signal.SIGKILL)
        os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)  # type: ignore[attr-defined]

    killer = threading.Thread(target=kill)
    killer.start()
    workers = Workers(2, "processes")
    findings = run_batch(work, work.items(), workers=workers, counter=counter, token=CancelToken())
    killer.join()
    assert findings == []
    assert work.made() == set(range(60))


@pytest.mark.skipif(sys.platform != "linux", reason="niceness by thread is Linux's")
@pytest.mark.parametrize("before", [0, 5, 10, 19])
def test_workers_never_raise_their_priority(before: int) -> None:
    script = (
        f"import os, threading; from wizard.workers import pools; os.nice({before});"
        "pools._step_back(); print(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    start = os.nice(0)
    assert int(said.stdout) == max(NICENESS, min(19, start + before))


def test_helpers_of_processes_outlast_a_hang_up_of_the_group() -> None:
    script = (
        "import os, signal, time\n"
        "from multiprocessing import forkserver, resource_tracker\n"
        "from wizard.workers.pools import NICENESS, prepare_processes\n"
        "prepare_processes()\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "os.killpg(0, signal.SIGHUP)\n"
        "time.sleep(0.3)\n"
        "for pid in (forkserver._forkserver._forkserver_pid,\n"
        "            resource_tracker._resource_tracker._pid):\n"
        "    print(os.waitpid(pid, os.WNOHANG)[0])\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, start_new_session=True
    )
    assert (said.stdout.split(), said.stderr) == (["0", "0"], "")


def test_folders_of_killed_processes_are_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        monkeypatch.setattr(tempfile, "tempdir", short)
        ours = Path(short) / f"segwizard-{os.getuid()}"
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        left = ours / f"p{gone.pid}" / "pymp-left"
        with own_temporary_folder():
            assert tempfile.gettempdir() == str(ours / f"p{os.getpid()}")
        left.mkdir(parents=True)
        with own_temporary_folder():
            assert not left.exists()
            assert (ours / f"p{os.getpid()}").is_dir()
        assert tempfile.gettempdir() == short
