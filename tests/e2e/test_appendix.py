"""What README's appendix gives to copy works: the container's recipe and the job for Slurm."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.miniature import environment, finish
from tests.house import ROOT
from tests.servers.slurm import Slurm, missing_slurm, slurm
from tests.waiting import until

README = (ROOT / "README.md").read_text()
ONLY = "kitti camvid"


def _block(mark: str) -> str:
    found = re.search(rf"<!-- {mark} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found, f"README shows no {mark}"
    return found[1]


def _instructions() -> list[tuple[str, str]]:
    lines = (line.partition(" ") for line in _block("containerfile").splitlines())
    return [(word, rest) for word, _, rest in lines]


def test_the_containerfile_copies_what_there_is_and_starts_what_is_installed() -> None:
    instructions = _instructions()
    assert instructions[0][0] == "FROM"
    assert re.fullmatch(r"[\w.]+/\w+/python:3\.1[1-9]-slim", instructions[0][1])
    known = {"FROM", "COPY", "RUN", "ENV", "ENTRYPOINT"}
    assert {word for word, _ in instructions} == known
    for sources in (rest.split()[:-1] for word, rest in instructions if word == "COPY"):
        assert all((ROOT / source).exists() for source in sources)
    for line in (rest for word, rest in instructions if word == "RUN"):
        subprocess.run(["sh", "-n", "-c", line], check=True)
    assert json.loads(instructions[-1][1]) == ["segwizard"]


def test_the_job_is_a_shell_script_that_gives_way_to_segwizard() -> None:
    script = _block("sbatch")
    subprocess.run(["bash", "-n"], input=script.encode(), check=True)
    assert script.splitlines()[-1].startswith("exec segwizard run ")
    assert "--signal=B:TERM@" in script


def _newest_python() -> Path:
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in (14, 13, 12):
        for each in (shutil.which(f"python3.{minor}"), *kept.glob(f"3.{minor}.*/bin/python")):
            asked = each and subprocess.run([each, "-c", "import ssl, venv"], capture_output=True)
            if each and asked and asked.returncode == 0:
                return Path(each)
    pytest.skip("no Python newer than 3.11 is on this machine")


@pytest.mark.slow
@pytest.mark.parametrize("newest", [False, True], ids=["this Python", "the newest Python"])
def test_what_the_container_runs_works_in_a_bare_environment(
    tmp_path: Path, *, newest: bool
) -> None:
    """Its commands run in a fresh environment, by a user without a home and without a name."""
    python = _newest_python() if newest else Path(sys.executable)
    subprocess.run([python, "-m", "venv", tmp_path / "env"], check=True)
    source = tmp_path / "src"
    for word, rest in _instructions():
        if word == "COPY":
            *names, target = rest.split()
            _copy(names, source / target.removeprefix("/src").lstrip("/"))
        if word == "RUN":
            bin_first = {**os.environ, "PATH": f"{tmp_path / 'env/bin'}:{os.environ['PATH']}"}
            line = rest.replace("/src", shlex.quote(str(source)))
            subprocess.run(["sh", "-ec", line], check=True, env=bin_first, cwd=tmp_path)
    assert not source.exists()
    dest = tmp_path / "data"
    done = _nameless(tmp_path, "segwizard", "demo", "--yes", "--dest", str(dest))
    assert "each one verified" in done
    read = (
        f"import wizard; install = wizard.open({str(dest)!r}); "
        "print([(each.image, each.label) for each in install.dataset('ade20k').samples('train')])"
    )
    assert "ADE_train_00000001.png" in _nameless(tmp_path, "python", "-c", read)


def _copy(names: list[str], target: Path) -> None:
    for name in names:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, target)


def _nameless(folder: Path, program: str, *words: str) -> str:
    """Run a program of the fresh environment as a number nobody has, with nothing but a PATH."""
    become: tuple[str, ...] = ()
    if os.geteuid() == 0 and shutil.which("setpriv"):
        reading = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
        become = ("setpriv", "--reuid=61233", "--regid=61234", "--clear-groups", *reading)
    done = subprocess.run(
        [*become, folder / "env/bin" / program, *words],
        env={"PATH": f"{folder / 'env/bin'}:/usr/bin:/bin"},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    if missing := missing_slurm():
        pytest.skip(f"{missing} is not installed (Debian: slurm-wlm, munge)")
    with slurm(tmp_path_factory.mktemp("slurm")) as running:
        yield running


def _job(folder: Path, lab: Path, more: str = "") -> tuple[Path, dict[str, str]]:
    """README's script for the miniature, as small as this machine is."""
    script = _block("sbatch").replace("/scratch/mseg", str(folder / "dest"))
    script = script.replace("--cpus-per-task=16 --mem=16G", "--cpus-per-task=1")
    file = folder / "job.sh"
    file.write_text(f"{script.rstrip()} --site {lab} --only {ONLY} {more}\n")
    programs = folder / "bin"
    programs.mkdir()
    (programs / "segwizard").write_text(f'#!/bin/sh\nexec {sys.executable} -m wizard "$@"\n')
    (programs / "segwizard").chmod(0o755)
    told = environment(folder / "home")
    return file, {**told, "PATH": f"{programs}:{told['PATH']}"}


@pytest.mark.slow
def test_jobs_of_one_name_follow_each_other_until_nothing_is_left(
    cluster: Slurm, lab: Path, tmp_path: Path
) -> None:
    file, told = _job(tmp_path, lab)
    words = ("sbatch", "--parsable", "--dependency=singleton", f"--output={tmp_path}/%j.log", file)
    jobs = [cluster(*words, **told) for _ in range(2)]
    assert [cluster.wait(job) for job in jobs] == ["COMPLETED", "COMPLETED"]
    first, second = ((tmp_path / f"{job}.log").read_text() for job in jobs)
    assert "started [kitti/labels]" in first
    assert "started [" not in second
    status = finish(tmp_path / "home", "status", "--dest", tmp_path / "dest")
    assert "everything chosen is done and checked" in status


@pytest.mark.slow
def test_the_signal_before_the_limit_reaches_segwizard(
    cluster: Slurm, lab: Path, tmp_path: Path
) -> None:
    """It is told at once, though the line is slow, and says what is left and how to go on."""
    file, told = _job(tmp_path, lab, more="--rate-limit 1k")
    log = tmp_path / "job.log"
    job = cluster("sbatch", "--parsable", f"--output={log}", file, **told)
    until(lambda: log.is_file() and "started [" in log.read_text())
    cluster("scancel", "--batch", "--signal=TERM", job)
    assert cluster.wait(job) == "FAILED"
    assert cluster.facts(job)["ExitCode"] == "130:0"
    assert f"segwizard run mseg --dest {tmp_path / 'dest'}" in log.read_text()
