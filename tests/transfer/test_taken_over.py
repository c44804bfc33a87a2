"""A part whose holder is frozen: who took its destination over goes on, and it does no harm."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.headless.toy import Toy, owner, toy_collection
from tests.waiting import until
from wizard.engine.lease import STALE, lease_path
from wizard.steps.step import Place
from wizard.transfer.errors import PartBusy
from wizard.transfer.http.response_head import Validator
from wizard.transfer.parts import part_lock
from wizard.transfer.parts.part import Part


def _name(holder: Part) -> str:
    return holder.path.with_name(f"{holder.path.name}.lock").read_text().strip()


def test_who_was_ousted_is_worked_past_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_lock, "_ousted", set())
    target = tmp_path / "a.zip"
    frozen = Part(target)
    frozen.begin("http://x", Validator(), 10)
    frozen.write(0, memoryview(b"01234"))
    frozen.checkpoint()
    with pytest.raises(PartBusy, match="already"):
        Part(target)
    host, pid = _name(frozen).split()
    part_lock.oust(host, int(pid))
    fresh = Part(target)
    assert fresh.done == 5
    frozen.write(5, memoryview(b"XXXXX"))
    for act in (frozen.checkpoint, frozen.complete):
        with pytest.raises(PartBusy, match="took"):
            act()
    frozen.close()
    fresh.begin("http://x", Validator(), 10)
    fresh.write(5, memoryview(b"56789"))
    fresh.complete()
    fresh.close()
    assert target.read_bytes() == b"0123456789"
    assert [each.name for each in tmp_path.iterdir()] == ["a.zip"]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system tells no states")
@pytest.mark.slow
def test_a_frozen_runner_is_told_of_and_then_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with toy_collection(tmp_path) as toy:
        monkeypatch.setenv("SEGWIZARD_TREES_LINK", toy.link)
        toy.gate.clear()
        words = ["run", str(toy.recipe), "--dest", str(toy.dest), "--yes"]
        frozen = subprocess.Popen(
            [sys.executable, "-m", "wizard", *words],
            env=toy.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            _taken_over(toy, frozen)
        finally:
            frozen.kill()
            frozen.communicate()


def _taken_over(toy: Toy, frozen: subprocess.Popen[str]) -> None:
    part = toy.dest / "toys" / "Trees" / ".segwizard-part-trees.zip.json"
    until(part.exists)
    frozen.send_signal(signal.SIGSTOP)
    held = toy.install("--yes", code=5)
    assert f"kill -CONT {frozen.pid}" in held.stderr
    assert "Trees" in toy.run("status", "--dest", toy.dest, code=3).stdout
    lease = lease_path(Place(dest=toy.dest, root=toy.dest))
    past = time.time() - 2 * STALE
    assert owner(toy).pid == frozen.pid
    os.utime(lease, (past, past))
    toy.gate.set()
    done = toy.install("--yes", code=0)
    assert "already being fetched" not in done.stdout + done.stderr
    frozen.send_signal(signal.SIGCONT)
    said = frozen.communicate(timeout=300)[0]
    assert frozen.returncode in (1, 5, 130), said
    assert "Traceback" not in said
    for number in range(3):
        made = toy.dest / "toys" / "Trees" / "trees" / f"{number}.txt"
        assert made.read_text() == f"trees {number}\n" * 50
    toy.install("--yes", code=0)
