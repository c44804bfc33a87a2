"""An install by shards, in processes of their own, is the install that one runner makes."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.miniature import contents, environment, finish, leftovers, start
from tests.servers.hosts import hosts, missing_hosts
from tests.servers.slurm import Slurm, missing_slurm, slurm
from tests.waiting import until

pytestmark = pytest.mark.slow

ONLY = "kitti,camvid,pascal-context,idd"
"""Small ones: with labels from polygons and from MATLAB files, which are removed at the end."""


def _words(lab: Path, dest: Path, *more: object) -> tuple[object, ...]:
    return ("run", "mseg", "--site", lab, "--yes", "--plain", "--dest", dest, *more)


@pytest.fixture(scope="module")
def calm(lab: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one runner makes of all of it."""
    folder = tmp_path_factory.mktemp("calm")
    finish(folder / "home", *_words(lab, folder / "dest"))
    return folder / "dest"


@contextlib.contextmanager
def _started(home: Path, *lines: tuple[object, ...]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Start segwizard once for each line; what still runs at the end is killed."""
    processes = [start(home, *line) for line in lines]
    try:
        yield processes
    finally:
        for each in processes:
            if each.poll() is None:
                each.kill()
                each.communicate()


def _holds(dest: Path, index: int, words: str) -> bool:
    """Whether a shard wrote down such words of what it has come to."""
    path = dest / ".segwizard" / "shards" / f"made-{index}.json"
    return path.is_file() and words in path.read_text()


def _shards(lab: Path, dest: Path, of: int) -> list[tuple[object, ...]]:
    return [_words(lab, dest, "--shard", f"{index}/{of}") for index in range(of)]


def _ended(processes: list[subprocess.Popen[bytes]]) -> list[str]:
    said = [process.communicate(timeout=600)[0].decode() for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), "\n".join(said)
    return said


def _proofs(dest: Path) -> dict[str, object]:
    """What was verified, without moments, and without the order in which it was come by."""
    found = {}
    for path in sorted((dest / ".segwizard" / "steps").glob("*verify.json")):
        summary = json.loads(path.read_text())["summary"]
        findings = sorted(json.dumps(each, sort_keys=True) for each in summary["findings"])
        found[path.name] = (summary["dataset"], summary["checked"], findings)
    return found


def _is_whole(home: Path, dest: Path, calm: Path) -> None:
    assert contents(dest) == contents(calm)
    assert leftovers(dest) == []
    assert len(_proofs(calm)) > 10 and _proofs(dest) == _proofs(calm)
    state = dest / ".segwizard"
    assert not (state / "shards").exists() and not (state / "running").exists()
    assert not list(state.rglob("*.proven*"))
    assert "is complete" in finish(home, "status", "--dest", dest)
    for each in (dest, calm):
        finish(home, "manifest", "make", "--dest", each)
    sums = [(each / "segwizard-manifest.json").is_file() for each in (dest, calm)]
    assert sums == [True, True]
    finish(home, "compare", dest, calm)


def test_shards_make_what_one_runner_makes_though_one_is_killed_in_the_middle(
    lab: Path, calm: Path, tmp_path: Path
) -> None:
    home, dest = tmp_path / "home", tmp_path / "dest"
    lines = _shards(lab, dest, 3)
    with _started(home, *lines) as shards:
        until(lambda: _holds(dest, 1, "labels"))
        shards[1].kill()
        shards[1].communicate()
        refused = finish(home, *_words(lab, dest), code=5)
        assert "held by the shards of segwizard run" in refused
        assert "shard 0/3" in finish(home, *lines[0], code=5)
        shards[1] = start(home, *lines[1])
        said = _ended(shards)
    assert sum("this one does what is left of the whole" in each for each in said) == 1
    assert all(re.search(r"part \d/3: done", each) for each in said)
    _is_whole(home, dest, calm)
    with _started(home, *lines) as shards:
        assert not any("started [" in each for each in _ended(shards))


def test_a_run_of_the_whole_after_shards_that_all_died_makes_the_same(
    lab: Path, calm: Path, tmp_path: Path
) -> None:
    home, dest = tmp_path / "home", tmp_path / "dest"
    with _started(home, *_shards(lab, dest, 2)):
        until(lambda: _holds(dest, 0, "made") or _holds(dest, 1, "made"))
    finish(home, *_words(lab, dest))
    _is_whole(home, dest, calm)


def test_a_shard_whose_fellows_never_come_ends_and_says_so(lab: Path, tmp_path: Path) -> None:
    home, dest = tmp_path / "home", tmp_path / "dest"
    words = _words(lab, dest, "--only", "kitti,camvid", "--shard", "0/2", "--wait", "1s")
    said = finish(home, *words, code=3)
    assert "waits for shard 1/2, and nobody is at work on it" in said
    assert "--shard 0/2" in said
    status = finish(home, "status", "--dest", dest, code=3)
    assert "Runner" not in status
    finish(home, *_words(lab, dest, "--only", "kitti,camvid"))


def test_a_verification_by_shards_finds_what_one_by_hand_finds(
    lab: Path, calm: Path, tmp_path: Path
) -> None:
    home, dest = tmp_path / "home", tmp_path / "dest"
    shutil.copytree(calm, dest, symlinks=True)
    with _started(
        home, *[("verify", "--dest", dest, "--shard", f"{i}/3") for i in range(3)]
    ) as all_:
        said = _ended(all_)
    assert sum("every check holds" in each for each in said) == 1
    assert all("its images hold" in each for each in said)
    assert not (dest / ".segwizard" / "shards").exists()
    label = sorted((dest / "mseg_dataset" / "Camvid").rglob("semseg11/*.png"))[-1]
    label.write_bytes(label.read_bytes()[:-20])
    found = [_verified(home, dest, f"{index}/2") for index in range(2)]
    assert "to mend" in found[-1] and label.name in found[-1]
    assert "every shard has ended" in found[-1]


def _verified(home: Path, dest: Path, shard: str) -> str:
    with _started(home, ("verify", "--dest", dest, "--shard", shard)) as (process,):
        said = process.communicate(timeout=600)[0].decode()
        assert process.returncode == (1 if "to mend" in said else 0), said
        return said


def test_shards_on_hosts_of_their_own_make_what_one_runner_makes(
    lab: Path, calm: Path, tmp_path: Path
) -> None:
    """They share nothing but the disk: one that dies is given up by its heart, not by its pid."""
    if missing := missing_hosts():
        pytest.skip(f"hosts need {missing}")
    port = int(re.findall(r"127\.0\.0\.1:(\d+)", lab.read_text())[0])
    share, seen_as, home = tmp_path / "share", tmp_path / "mnt", tmp_path / "home"
    share.mkdir()
    dest = seen_as / "dest"
    told = environment(home) | {"SLURM_ARRAY_JOB_ID": "5"}
    with hosts(3, share, seen_as, port) as three, contextlib.ExitStack() as stack:

        def begin(index: int, restarts: int = 0) -> subprocess.Popen[bytes]:
            line = [sys.executable, "-m", "wizard", *map(str, _shards(lab, dest, 3)[index])]
            job = {"SLURM_JOB_ID": f"{6 + index}", "SLURM_RESTART_COUNT": str(restarts or "")}
            output = tmp_path / f"said-{index}-{restarts}"
            process = stack.enter_context(three[index].start(line, told | job, output))
            stack.callback(process.kill)
            return process

        running = [begin(index) for index in range(3)]
        until(lambda: _holds(share / "dest", 1, "labels"))
        running[1].kill()
        running[1].wait()
        running[1] = begin(1, restarts=1)
        codes = [process.wait(600) for process in running]
        said = {path.name: path.read_text() for path in sorted(tmp_path.glob("said-*"))}
        assert codes == [0, 0, 0], said
    assert sum("this one does what is left of the whole" in each for each in said.values()) == 1
    seen_as.rmdir()
    share.rename(seen_as)
    _is_whole(home, dest, calm)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    if missing := missing_slurm():
        pytest.skip(f"{missing} is not installed (Debian: slurm-wlm, munge)")
    with slurm(tmp_path_factory.mktemp("slurm")) as running:
        yield running


def _queued(cluster: Slurm, folder: Path, words: tuple[object, ...]) -> dict[str, str]:
    """Give the printed script to bash, wait for the last job, and return what each job said."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "segwizard").write_text(f'#!/bin/sh\nexec {sys.executable} -m wizard "$@"\n')
    (programs / "segwizard").chmod(0o755)
    told = environment(folder / "home")
    told |= {"PATH": f"{programs}:{told['PATH']}", "SLURM_CONF": cluster.told["SLURM_CONF"]}
    small = ("--cpus", 1, "--mem", "16M", "--time", "30")
    script = finish(folder / "home", "sbatch", *words, *small)
    (folder / "jobs.sh").write_text(script)
    done = subprocess.run(
        ["bash", "jobs.sh"], cwd=folder, env=told, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    last = done.stdout.split()[-1]
    waiting = ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING")
    until(lambda: cluster.facts(last)["JobState"] not in waiting, seconds=600)
    logs = {path.stem: path.read_text() for path in sorted(folder.glob("slurm-*.out"))}
    assert cluster.facts(last)["JobState"] == "COMPLETED", logs
    assert "is complete" in logs[f"slurm-{last}"]
    return logs


def test_slurm_takes_the_script_and_its_array_makes_the_install(
    cluster: Slurm, lab: Path, calm: Path, tmp_path: Path
) -> None:
    """As it is printed, given to bash: an array, and a run of the whole after all of it."""
    dest = tmp_path / "dest"
    logs = _queued(
        cluster, tmp_path, ("mseg", "--dest", dest, "--site", lab, "--yes", "--shards", 2)
    )
    parts = [said for said in logs.values() if ", part " in said]
    assert len(parts) == 2 and all("its part is done" in said for said in parts)
    assert sum("this one does what is left of the whole" in said for said in parts) == 1
    _is_whole(tmp_path / "home", dest, calm)


def test_an_array_wider_than_the_cluster_ends_well(
    cluster: Slurm, lab: Path, calm: Path, tmp_path: Path
) -> None:
    """The first give way to those that wait for a place, and the last one does what is left."""
    dest, wide = tmp_path / "dest", (os.cpu_count() or 1) + 1
    words = ("mseg", "--dest", dest, "--site", lab, "--yes", "--wait", "1s", "--shards", wide)
    if wide > 8:
        pytest.skip("this machine is wider than the test")
    logs = _queued(cluster, tmp_path, words)
    assert any("and nobody is at work on it" in said for said in logs.values())
    _is_whole(tmp_path / "home", dest, calm)
