from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.headless.toy import Toy, is_free, owner
from tests.schemas import holds
from tests.waiting import TIME_LIMIT, until
from wizard.engine.remote.client import RemoteLink
from wizard.engine.remote.protocol import Answer, Pause, Resume, RunnerGone

pytestmark = pytest.mark.slow


def is_gone(link: RemoteLink) -> bool:
    try:
        link.snapshot()
    except RunnerGone:
        return True
    return False


def answers(path: Path) -> bool:
    try:
        RemoteLink(path).close()
    except RunnerGone:
        return False
    return True


def line_to(toy: Toy) -> contextlib.closing[RemoteLink]:
    return contextlib.closing(RemoteLink(Path(owner(toy).address)))


def states(link: RemoteLink) -> dict[str, str]:
    return {step.address: step.state for step in link.snapshot().steps}


@pytest.fixture
def detached(toy: Toy) -> Iterator[Toy]:
    toy.install("--yes", "--detach", code=0)
    yield toy
    if not is_free(toy):
        os.kill(owner(toy).pid, signal.SIGKILL)


def test_a_detached_run_is_watched_answered_and_ends_by_itself(detached: Toy):
    with line_to(detached) as link:
        until(lambda: states(link)["trees/fetch:trees.zip"] == "waiting")
        until(lambda: states(link)["flowers/extract"] == "done")
        assert any("waiting for you" in event.text for event in link.events())
        assert link.events() == []
        with line_to(detached) as second:
            assert any("waiting for you" in event.text for event in second.events())
        address = f"{detached.base}/trees.zip?sig=topsecretvalue"
        reply = link.send(Answer(address="trees/fetch:trees.zip", values={"link": address}))
        assert reply.ok, reply
        until(lambda: is_gone(link))
    until(lambda: is_free(detached))
    assert (detached.dest / "toys/Trees/trees/0.txt").exists()
    state = detached.dest / ".segwizard"
    written = b"".join(path.read_bytes() for path in state.rglob("*") if path.is_file())
    assert b"topsecretvalue" not in written


def test_the_runner_has_no_terminal_and_its_socket_is_private(detached: Toy):
    found = owner(detached)
    assert os.getsid(found.pid) == found.pid
    fields = Path(f"/proc/{found.pid}/stat").read_text().rpartition(")")[2].split()
    assert fields[4] == "0"
    assert os.readlink(f"/proc/{found.pid}/fd/0") == os.devnull
    path = Path(found.address)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    detached.run("stop", "--dest", detached.dest, code=0)
    until(lambda: not path.exists())


def test_pause_resume_and_status_go_through_the_socket(detached: Toy):
    done = detached.run("pause", "--dest", detached.dest, code=0)
    assert "paused everything" in done.stderr
    snapshot = json.loads(detached.run("status", "--dest", detached.dest, "--json").stdout)
    assert (snapshot["running"], snapshot["paused"]) == (True, True)
    with line_to(detached) as link:
        assert link.send(Resume()).ok
        assert not link.send(Pause(archive="nonsense")).ok
        assert not link.snapshot().paused
    detached.run("stop", "--dest", detached.dest, code=0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it_cleanly(detached: Toy, number: signal.Signals):
    os.kill(owner(detached).pid, number)
    until(lambda: not (detached.dest / ".segwizard" / "lease.json").exists())


def test_after_kill_the_next_run_takes_over(detached: Toy):
    pid = owner(detached).pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: is_free(detached))
    assert (detached.dest / ".segwizard" / "lease.json").exists()
    detached.install("--yes", code=3)


def test_a_swept_away_socket_comes_back(detached: Toy):
    path = Path(owner(detached).address)
    path.unlink()
    until(lambda: answers(path))
    detached.run("stop", "--dest", detached.dest, code=0)


def test_attach_follows_in_lines_and_leaves_the_run_alone(detached: Toy):
    process = subprocess.Popen(
        [sys.executable, "-m", "wizard", "attach", "--json", "--dest", str(detached.dest)],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env=detached.environment,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert json.loads(line)["type"] == "event"
    holds("attach", line)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=TIME_LIMIT) == 0
    process.stdout.close()
    assert owner(detached).pid
    detached.run("stop", "--dest", detached.dest, code=0)


def test_secrets_of_the_environment_reach_the_runner_by_pipe_only(toy: Toy):
    environment = {**toy.environment, "SEGWIZARD_TREES_LINK": f"{toy.base}/trees.zip?k=hushhush"}
    command = [sys.executable, "-m", "wizard", "run", str(toy.recipe), "--dest", str(toy.dest)]
    subprocess.run([*command, "--yes", "--detach", "--wait", "1h"], env=environment, check=True)
    pid = owner(toy).pid
    assert b"hushhush" not in Path(f"/proc/{pid}/environ").read_bytes()
    assert b"hushhush" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    until(lambda: (toy.dest / "toys/Trees/trees/0.txt").exists())
    until(lambda: is_free(toy))
