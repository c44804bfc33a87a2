"""Completion in the shells themselves, and the manual page as man shows it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.terminals import Terminal
from tests.test_exit_codes import EVERY
from wizard.cli import cli
from wizard.entry import exit_code

ROOT = Path(__file__).parents[2]
OFFERED = (
    ("run m", "run mseg"),
    ("run mseg --only camvid ade", "run mseg --only camvid ade20k"),
    ("plan mseg --without camvid,ade", "plan mseg --without camvid,ade20k"),
    ("path pascal-v", "path pascal-voc-2012"),
    ("credentials set wild", "credentials set wilddash"),
    ("sche", "schema"),
)
"""What is typed, and what TAB makes of it."""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home of its own, and a segwizard that completes as this one and repeats all else."""
    command = tmp_path / "bin" / "segwizard"
    command.parent.mkdir()
    python = shlex.quote(sys.executable)
    completing = (
        f'test "$_SEGWIZARD_COMPLETE$1" = "${{1#completion}}" || exec {python} -m wizard "$@"'
    )
    command.write_text(f'#!/bin/sh\n{completing}\necho "got: $*"\n')
    command.chmod(0o755)
    path = f"{command.parent}:{os.environ['PATH']}"
    return {"HOME": str(tmp_path), "PATH": path, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}


def _shell(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name} (Debian package {name})")
    return found


def _completed(shell: str, words: list[str], setup: str, environment: dict[str, str]) -> None:
    start = f"import os; os.execv({shell!r}, {[shell, *words]!r})"
    with Terminal("-c", start, environment={**environment, "PS1": "$ "}) as terminal:
        terminal.type(setup)
        terminal.expect("ready")
        for typed, whole in OFFERED:
            terminal.press(f"segwizard {typed}\t\n")
            terminal.expect(f"got: {whole}")


@pytest.mark.slow
def test_bash(environment: dict[str, str]) -> None:
    setup = 'eval "$(segwizard completion bash)"; echo rea"dy"'
    _completed(_shell("bash"), ["--norc", "--noprofile", "-i"], setup, environment)


@pytest.mark.slow
def test_zsh(environment: dict[str, str]) -> None:
    setup = 'autoload -Uz compinit; compinit -u; eval "$(segwizard completion zsh)"; echo rea"dy"'
    _completed(_shell("zsh"), ["-f", "-i"], setup, environment)


@pytest.mark.slow
def test_fish(environment: dict[str, str]) -> None:
    """Fish tells what it would offer without a terminal; what click answers it ends at a comma."""
    for typed, whole in (each for each in OFFERED if "," not in each[0]):
        done = subprocess.run(
            [_shell("fish"), "--no-config", "-c", f"segwizard completion fish | source; "
             f"complete -C 'segwizard {typed}'"],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        offered = {line.partition("\t")[0] for line in done.stdout.splitlines()}
        assert whole.split()[-1] in offered, done.stdout + done.stderr


def test_a_shell_nobody_knows_is_refused() -> None:
    assert exit_code(["completion", "tcsh"]) == 2


def test_the_manual_page_tells_all_that_help_tells(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    if shutil.which("man") is None:
        pytest.skip("there is no man (Debian package man-db)")
    assert exit_code(["man"]) == 0
    page = tmp_path / "segwizard.1"
    page.write_text(capsys.readouterr().out)
    shown = subprocess.run(
        ["man", "--warnings", "--encoding=ascii", "-l", str(page)],
        env={**os.environ, "MANWIDTH": "100", "PAGER": "cat", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not shown.stderr
    words = " ".join(shown.stdout.split())
    for names, command in EVERY.items():
        assert f"segwizard {' '.join(names)}" in words
        for each in command.params:
            assert all(option in words for option in each.opts if option.startswith("--"))
    assert " ".join((cli.help or "").split()) in words
    assert "the destination cannot take it" in words
