"""The script for Slurm: whole, quoted, with every word that was given and nothing else."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.house import ROOT
from wizard.entry import exit_code
from wizard.headless.commands.run import command as run


def _script(capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> str:
    assert exit_code(["sbatch", *map(str, words)]) == code
    said = capsys.readouterr()
    return said.out if code == 0 else said.err


def _jobs(script: str) -> tuple[str, str]:
    found = re.findall(r"<<'(END-OF-\w+)'\n(.*?)\n\1\n", script, re.DOTALL)
    assert [name for name, _ in found] == ["END-OF-SHARD", "END-OF-WHOLE"]
    return found[0][1], found[1][1]


def _line(job: str) -> list[str]:
    first, *_, last = job.splitlines()
    assert first == "#!/bin/bash" and last.startswith("exec segwizard run ")
    return shlex.split(last)


def test_readme_shows_what_it_prints(capsys: pytest.CaptureFixture[str]) -> None:
    shown = re.search(r"<!-- shards -->\n```bash\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    words = ("mseg", "--dest", "/scratch/mseg", "--shards", 8, "--yes")
    assert shown and _script(capsys, *words) == shown[1]


def test_every_word_of_a_run_goes_into_both_jobs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    site = tmp_path / "site.toml"
    site.touch()
    given_words = {
        "--site": str(site),
        "--only": "kitti,camvid",
        "--without": "idd",
        "--workers": "3",
        "--executor": "threads",
        "--scheduler": "tcp://h:1",
        "--rate-limit": "5000",
        "--transfers": "2",
        "--wait": "60.0",
    }
    flags = ["--yes", "--delete-archives", "--keep-credentials"]
    known = {option for each in run.params for option in each.opts}
    left = {"--dest", "--shard", "--detach", "--plain", "--json", "collection", "--keep-archives"}
    assert known == given_words.keys() | set(flags) - {"--delete-archives"} | left
    words = [f"{name}={value}" for name, value in given_words.items()] + flags
    script = _script(capsys, "mseg", "--dest", tmp_path / "d", "--shards", 4, *words)
    for job in _jobs(script):
        assert set(words) <= set(_line(job))
        assert "$SLURM_CPUS_PER_TASK" not in job
    shard, whole = _jobs(script)
    assert _line(shard)[-2:] == ["--shard", "$SLURM_ARRAY_TASK_ID/4"]
    assert "--array=0-3" in shard and "--shard" not in whole and "--array" not in whole
    for job in (shard, whole):
        assert "--signal=B:TERM@120 --requeue --open-mode=append" in job
    assert 'afterany:"${array%%;*}"' in script


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text("abEND-OFSHRDWL'\"$`\\\\;|&<>(){}*?!~#= \n\r\tß", min_size=1, max_size=40))
def test_a_folder_of_any_name_is_one_word_or_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    dest = tmp_path / f"x{name}"
    words = ["sbatch", "mseg", "--dest", str(dest), "--shards", "2", "--yes"]
    if not name.isprintable():
        assert exit_code(words) == 2
        capsys.readouterr()
        return
    script = _script(capsys, *words[1:])
    subprocess.run(["bash", "-n"], input=script.encode(), check=True)
    for job in _jobs(script):
        line = _line(job)
        assert line[line.index("--dest") + 1] == str(dest)


@pytest.mark.parametrize(
    "words",
    [
        ("--time", "1;reboot"),
        ("--mem", "16G --wrap=x"),
        ("--partition", "a b"),
        ("--account", "x\n#SBATCH --uid=0"),
        ("--cpus", "0"),
        ("--only", "nothing-of-that-name"),
    ],
)
def test_what_could_not_stand_in_a_script_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: tuple[str, str]
) -> None:
    _script(capsys, "mseg", "--dest", tmp_path / "d", "--shards", 2, *words, code=2)


def test_no_secret_of_the_environment_is_in_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SEGWIZARD_CITYSCAPES_PASSWORD", "SEGWIZARD_CITYSCAPES_USER"):
        monkeypatch.setenv(name, "hunter2-hunter2")
    assert "hunter2" not in _script(capsys, "mseg", "--dest", tmp_path / "d", "--shards", 2)


@pytest.mark.parametrize("text", ["3/3", "x", "1/0"])
@pytest.mark.parametrize("command", ["run", "verify"])
def test_what_is_no_shard_ends_with_a_mistake(tmp_path: Path, command: str, text: str) -> None:
    (tmp_path / "mseg_dataset" / "KITTI").mkdir(parents=True)
    words = [command, "mseg", "--dest", str(tmp_path), "--shard", text]
    assert exit_code(words) == 2
    assert not (tmp_path / ".segwizard").exists()


def test_a_shard_is_neither_detached_nor_does_it_repair(tmp_path: Path) -> None:
    (tmp_path / "mseg_dataset" / "KITTI").mkdir(parents=True)
    more = ["mseg", "--dest", str(tmp_path), "--shard", "0/2"]
    assert exit_code(["run", *more, "--yes", "--detach"]) == 2
    assert exit_code(["verify", *more, "--repair"]) == 2
