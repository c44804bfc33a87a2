"""Every command ends with every code that its own help lists, and with no other."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click
import pytest

from tests.harness.commands import every_command
from tests.headless.toy import Toy, toy_collection
from tests.waiting import until
from wizard.app.sessions import Session
from wizard.engine import runner
from wizard.engine.lease import Lease, acquire
from wizard.engine.table import TaskTable
from wizard.entry import exit_code
from wizard.errors import LeaseError
from wizard.headless.commands import run
from wizard.headless.exits import codes_of
from wizard.steps.step import Place

Words = tuple[str, ...]


EVERY: Mapping[Words, click.Command] = dict(every_command())
_GIVEN = {
    ("run",): ("TOY", "--yes"),
    ("demo",): ("fptrans", "--yes"),
    ("plan",): ("mseg",),
    ("sbatch",): ("mseg", "--shards", "2"),
    ("completion",): ("bash",),
    ("make",): ("flowers/terms",),
    ("segfix",): ("FOLDER", "--offsets", "FOLDER"),
    ("path",): (),
    ("site", "make"): ("FOLDER", "--url", "http://127.0.0.1"),
    ("link",): ("trees", "http://127.0.0.1/trees.zip"),
    ("import",): ("FILE",),
    ("credentials", "set"): ("cityscapes", "--user", "me", "--password-command", "echo secret"),
    ("credentials", "test"): ("cityscapes",),
    ("credentials", "clear"): ("cityscapes",),
    ("credentials", "list"): ("--json",),
    ("compare",): ("FOLDER", "FOLDER"),
    ("recipes", "update"): ("TOY",),
    ("masks", "import"): ("FILE",),
    ("recipes", "remove"): ("mseg",),
}
"""What a command needs to be understood at all."""


def _needs_dest(command: click.Command) -> bool:
    return any(each.name == "dest" and each.required for each in command.params)


def _line(words: Words, toy: Toy) -> list[str]:
    """A whole command line for the toy collection."""
    folder = toy.folder / "empty"
    folder.mkdir(exist_ok=True)
    named = {"TOY": toy.recipe, "FOLDER": folder, "FILE": toy.folder / "www" / "trees.zip"}
    line = [*words, *(str(named.get(each, each)) for each in _GIVEN.get(words, ()))]
    return [*line, "--dest", str(toy.dest)] if _needs_dest(EVERY[words]) else line


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Toy]:
    with toy_collection(tmp_path) as made:
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            monkeypatch.setenv(name, made.environment[name])
        yield made


def told(command: click.Command, words: Words) -> set[int]:
    """The codes a command's own help lists."""
    context = click.Context(command, info_name=" ".join(words))
    text = command.get_help(context).partition("Exit codes:")[2]
    return {int(found) for found in re.findall(r"^ {2,4}(\d+) ", text, flags=re.MULTILINE)}


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_the_help_lists_the_codes(words: Words) -> None:
    assert told(EVERY[words], words) == set(codes_of(" ".join(words)))


def _raising(error: BaseException) -> Callable[..., None]:
    def act(*_: object, **__: object) -> None:
        raise error

    return act


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_what_any_command_may_end_with(
    words: Words, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = EVERY[words]
    line = _line(words, toy)
    assert exit_code([*words, "--help"]) == 0
    assert exit_code([*words, "--no-such-option"]) == 2
    monkeypatch.setattr(command, "callback", _raising(ZeroDivisionError()))
    assert exit_code(line) == 70
    monkeypatch.setattr(command, "callback", _raising(KeyboardInterrupt()))
    assert exit_code(line) == 130
    monkeypatch.undo()
    monkeypatch.setattr("wizard.environment.settle_environment", _raising(_trouble()))
    assert exit_code(line) == 4


def _trouble() -> Exception:
    from wizard.errors import EnvironmentFault

    return EnvironmentFault("a variable is in the way")


@pytest.mark.parametrize("words", [w for w in EVERY if _needs_dest(EVERY[w])], ids=" ".join)
def test_a_destination_out_of_reach_is_told_and_none_is_refused(words: Words, toy: Toy) -> None:
    line = _line(words, toy)[:-1]
    assert exit_code([*line, str(toy.folder / ("n" * 300) / "below")]) == 4
    assert exit_code([*line, ""]) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize(
    "words",
    [("plan",), ("recipes",), ("credentials", "list"), ("doctor",), ("site", "show")],
    ids=" ".join,
)
def test_what_lists_fails_where_its_output_does(words: Words, toy: Toy) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "wizard", *_line(words, toy)],
            stdout=full,
            stderr=subprocess.PIPE,
            env=toy.environment,
        )
    assert done.returncode == 1
    assert 1 in codes_of(" ".join(words))


HELD = [
    words
    for words in EVERY
    # The demo brings a destination of its own, and the toy collection has no labels to make.
    if 5 in codes_of(" ".join(words)) and words not in (("demo",), ("make",))
]


@pytest.mark.parametrize("words", HELD, ids=" ".join)
def test_a_held_destination_is_told(words: Words, toy: Toy) -> None:
    exit_code(["run", str(toy.recipe), "--dest", str(toy.dest), "--only", "flowers"])
    lease = acquire(Place(dest=toy.dest, root=toy.dest))
    try:
        line = _line(words, toy)
        assert exit_code(line) == 5
    finally:
        lease.release()


def test_status_tells_how_it_stands(toy: Toy) -> None:
    status = ["status", "--dest", str(toy.dest)]
    run = ["run", str(toy.recipe), "--dest", str(toy.dest)]
    assert exit_code(status) == 2
    assert exit_code(run) == exit_code(status) == 3
    assert exit_code([*run, "--yes", "--only", "flowers"]) == 0
    assert exit_code(status) == 3
    whole = toy.folder / "www" / "trees.zip"
    assert exit_code(["import", str(whole), "--dest", str(toy.dest)]) == 0
    assert exit_code([*run, "--yes"]) == exit_code(status) == 0


def test_status_tells_what_failed(toy: Toy) -> None:
    toy.break_archive()
    run = ["run", str(toy.recipe), "--dest", str(toy.dest), "--yes"]
    assert exit_code(run) == exit_code(["status", "--dest", str(toy.dest)]) == 1


def test_a_login_nobody_gave_is_waited_for(toy: Toy) -> None:
    assert exit_code(["credentials", "test", "cityscapes"]) == 3


@pytest.mark.parametrize(
    "line",
    [
        ["plan", "mseg", "--workers", "-3"],
        ["plan", "mseg", "--workers", "0"],
        ["plan", "mseg", "--dest", ""],
        ["plan", "mseg", "--site", ""],
        ["import", ""],
        ["demo", "--dest", ""],
        ["site", "make", "", "--url", "http://127.0.0.1"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_refused(line: list[str], toy: Toy) -> None:
    assert exit_code(line) == 2


def test_a_run_whose_thread_died_is_a_fault_of_ours(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def dies(*_: object) -> None:
        raise RuntimeError("out of the blue")

    monkeypatch.setattr(TaskTable, "next_starts", dies)
    line = ["run", str(toy.recipe), "--dest", str(toy.dest), "--yes", "--json"]
    assert exit_code(line) == 70
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["exit_code"] == 70


def test_a_run_whose_destination_was_taken_over_says_so(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lost(*_: object) -> None:
        raise LeaseError("held by another")

    toy.gate.clear()
    monkeypatch.setattr(Lease, "renew", lost)
    monkeypatch.setattr(runner, "HEARTBEAT", 0.1)
    monkeypatch.setenv("SEGWIZARD_TREES_LINK", toy.link)
    assert exit_code(["run", str(toy.recipe), "--dest", str(toy.dest), "--yes"]) == 5
    assert "held by another" in capsys.readouterr().err


def test_differences_of_a_recipe_wait_for_a_yes(toy: Toy) -> None:
    assert exit_code(["recipes", "update", str(toy.recipe)]) == 3
    assert exit_code(["recipes", "update", str(toy.recipe), "--yes"]) == 0


def test_what_does_not_end_at_once_is_named(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEGWIZARD_TREES_LINK", toy.link)
    monkeypatch.setattr(run, "_SILENT", 0.0)
    monkeypatch.setattr(run, "_GRACE", 0.5)
    monkeypatch.setattr(Session, "stop", lambda *_: time.sleep(0.05))
    toy.gate.clear()

    def interrupt() -> None:
        part = toy.dest / "toys" / "Trees" / ".segwizard-part-trees.zip"
        until(part.exists)
        os.kill(os.getpid(), signal.SIGINT)

    hand = threading.Thread(target=interrupt)
    hand.start()
    assert exit_code(["run", str(toy.recipe), "--dest", str(toy.dest), "--yes"]) == 130
    hand.join()
    toy.gate.set()
    said = capsys.readouterr().err
    assert "stopping; once more leaves at once" in said
    assert "still putting down trees/fetch:trees.zip" in said
