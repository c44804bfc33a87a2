from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.headless.toy import Toy
from tests.waiting import TIME_LIMIT, until
from wizard.app.opening import Choices, again_line, asked_for, remembered
from wizard.engine.remote.protocol import RunnerClient
from wizard.entry import exit_code
from wizard.headless.commands import run
from wizard.headless.terminal.watch import Watcher, show
from wizard.views import Snapshot


def test_an_open_dataset_is_set_up_and_a_second_run_does_nothing(toy: Toy):
    first = toy.install("--yes", "--only", "flowers", code=0)
    assert "Partial install: left out Trees" in first.stdout
    assert (toy.dest / "toys/Flowers/flowers/2.txt").read_text().startswith("flowers 2")
    assert not (toy.dest / "toys/Flowers/flowers.zip").exists()
    second = toy.install("--yes", "--only", "flowers", code=0)
    assert "started [" not in second.stderr


def test_the_line_to_go_on_with_works_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    choices = asked_for(Choices("mseg", Path("here")))
    assert again_line(choices) == f"segwizard run mseg --dest {tmp_path / 'here'}"


@pytest.mark.slow
def test_an_install_that_is_there_needs_no_name(toy: Toy):
    done = toy.run("run", "--dest", toy.dest, "--yes", code=2)
    assert "no install is here" in done.stderr
    toy.install("--yes", "--only", "flowers", code=0)
    next(toy.dest.rglob("flowers/0.txt")).unlink()
    toy.run("run", "--dest", toy.dest, "--yes", code=0)
    assert not toy.run("status", "--dest", toy.dest, code=0).stderr


def test_what_waits_for_a_person_is_listed_with_the_command(toy: Toy):
    done = toy.install("--yes", code=3)
    assert "Waiting for you:" in done.stdout
    assert "trees/fetch:trees.zip" in done.stdout
    assert "segwizard link trees --dest" in done.stdout
    assert "scp " in done.stdout
    assert "Go on with: segwizard run" in done.stdout
    assert (toy.dest / "toys/Flowers/flowers/0.txt").exists()


def test_terms_are_not_accepted_by_silence(toy: Toy):
    done = toy.install("--only", "flowers", code=3)
    assert "Flower terms" in done.stdout
    assert not (toy.dest / "toys/Flowers/flowers").exists()


@pytest.mark.slow
def test_a_file_put_in_the_inbox_is_all_it_takes(toy: Toy):
    toy.install("--yes", code=3)
    inbox = toy.dest / "inbox"
    shutil.copy2(toy.folder / "www/trees.zip", inbox / "trees.zip")
    os.utime(inbox / "trees.zip", (1e9, 1e9))
    done = toy.install("--yes", code=0)
    assert "is complete" in done.stdout
    assert (toy.dest / "toys/Trees/trees/1.txt").exists()


@pytest.mark.slow
def test_a_failure_is_grouped_by_cause_and_mended_by_running_again(toy: Toy):
    whole = (toy.folder / "www/flowers.zip").read_bytes()
    toy.break_archive()
    done = toy.install("--yes", code=1)
    assert "Failed, by cause:" in done.stdout
    assert "flowers/fetch:flowers.zip" in done.stdout
    assert "do: " in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    (toy.folder / "www/flowers.zip").write_bytes(whole)
    toy.install("--yes", "--only", "flowers", code=0)


def test_json_lines_end_with_a_summary(toy: Toy):
    done = toy.install("--yes", "--json", code=3)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["type"] for line in lines[:-1]} <= {"event", "progress"}
    summary = lines[-1]
    assert (summary["type"], summary["exit_code"], summary["complete"]) == ("summary", 3, False)
    (waiting,) = summary["waiting"]
    assert (waiting["address"], waiting["kind"]) == ("trees/fetch:trees.zip", "link")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("run", "nonsense", "--dest", "/tmp/x"), 2, "there is no recipe 'nonsense'"),
        (("run", "mseg"), 2, "Missing option '--dest'"),
        (("run", "mseg", "--dest", "/dev/null"), 4, "/dev/null"),
        (("status", "--dest", "/nonexistent"), 2, "no install is here"),
        (("stop", "--dest", "/nonexistent"), 2, "no runner is at work here"),
        (("rnu",), 2, "Did you mean 'run'?"),
        (("run", "mseg", "--dest", "/tmp/x", "--rate-limit", "fast"), 2, "'fast' is no size"),
        (("run", "mseg", "--dest", "/tmp/x", "--executor", "dask"), 2, "needs an address"),
    ],
)
def test_mistakes_get_one_sentence_a_hint_and_their_code(
    toy: Toy, words: tuple[str, ...], code: int, said: str
):
    done = toy.run(*words, code=code)
    assert said in done.stderr
    assert "error: " in done.stderr
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_key_in_the_site_file_is_named(toy: Toy):
    site = toy.folder / "site.toml"
    site.write_text('[archives."flowers.zip"]\nurll = "x"\n')
    done = toy.install("--site", site, code=2)
    assert "urll" in done.stderr
    assert str(site) in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_stop_cleanly(toy: Toy, number: signal.Signals):
    process = subprocess.Popen(
        [sys.executable, "-m", "wizard", "run", str(toy.recipe), "--dest", str(toy.dest)]
        + ["--yes", "--wait", "1h"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env=toy.environment,
        text=True,
    )
    log = toy.dest / ".segwizard" / "log.jsonl"
    until(lambda: log.exists() and "waiting for you" in log.read_text())
    process.send_signal(number)
    out, err = process.communicate(timeout=TIME_LIMIT)
    assert process.returncode == 130, out + err
    assert not (toy.dest / ".segwizard" / "lease.json").exists()
    assert "Traceback" not in err
    assert "Go on with:" in out


@pytest.mark.slow
def test_a_second_run_at_the_same_destination_is_refused(toy: Toy):
    toy.install("--yes", "--detach", code=0)
    try:
        done = toy.install("--yes", code=5)
        assert "held by a runner" in done.stderr
        assert "segwizard attach" in done.stderr
    finally:
        toy.run("stop", "--dest", toy.dest, code=0)


def test_a_recipe_named_from_where_one_stands_is_found_from_everywhere(toy: Toy):
    toy.run("run", os.path.relpath(toy.recipe), "--dest", toy.dest, "--yes", code=3)
    kept = remembered(toy.dest)
    assert kept is not None
    assert kept.collection == str(toy.recipe)


@pytest.mark.slow
def test_status_tells_every_step_at_rest(toy: Toy):
    toy.install("--yes", code=3)
    done = toy.run("status", "--dest", toy.dest, "--json", code=3)
    snapshot = json.loads(done.stdout)
    states = {step["address"]: step["state"] for step in snapshot["steps"]}
    assert states == {
        "flowers/terms": "done",
        "flowers/fetch:flowers.zip": "done",
        "flowers/extract": "done",
        "trees/fetch:trees.zip": "waiting",
        "trees/extract": "locked",
    }
    assert snapshot["complete"] is False
    text = toy.run("status", "--dest", toy.dest, code=3).stdout
    assert "until trees/fetch:trees.zip is done" in text


@pytest.mark.slow
def test_what_was_chosen_over_several_runs_adds_up(toy: Toy):
    toy.install("--yes", "--only", "flowers", code=0)
    assert "left out" in toy.run("status", "--dest", toy.dest, code=0).stdout
    toy.install("--yes", "--only", "trees", code=3)
    assert "left out" not in toy.run("status", "--dest", toy.dest, code=3).stdout


def test_a_broken_pipe_is_no_fault(toy: Toy):
    command = f"{sys.executable} -m wizard --help | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, env=os.environ)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("lines_read", [0, 1])
def test_a_run_whose_reader_leaves_works_on_to_its_true_end(toy: Toy, lines_read: int):
    process = subprocess.Popen(
        [sys.executable, "-m", "wizard", "run", str(toy.recipe), "--dest", str(toy.dest)]
        + ["--yes", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env=toy.environment,
        text=True,
    )
    assert process.stdout is not None
    for _ in range(lines_read):
        process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr as stream:
        err = stream.read()
    assert process.wait(TIME_LIMIT) == 3, err
    assert "Traceback" not in err
    assert (toy.dest / "toys/Flowers/flowers/2.txt").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_run_whose_output_finds_no_room_works_on(toy: Toy):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "wizard", "run", str(toy.recipe), "--dest", str(toy.dest)]
            + ["--yes"],
            stdout=full,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env=toy.environment,
            text=True,
        )
    assert done.returncode == 3
    assert "going on without it" in done.stderr


@pytest.mark.slow
def test_what_arrives_between_two_looks_is_still_taken(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in toy.environment.items():
        monkeypatch.setenv(name, value)
    (toy.dest / "inbox").mkdir(parents=True)
    shutil.copy(toy.folder / "www" / "trees.zip", toy.dest / "inbox")

    def is_arriving(link: RunnerClient) -> bool:
        return any(step.request and step.request.soon for step in link.snapshot().steps)

    def show_late(watcher: Watcher, link: RunnerClient) -> Snapshot:
        # Nothing moved when the run was found to rest; by now something does.
        if is_arriving(link) and link.snapshot().settled:
            until(lambda: not is_arriving(link))
        return show(watcher, link)

    monkeypatch.setattr(run, "show", show_late)
    assert exit_code(["run", str(toy.recipe), "--dest", str(toy.dest), "--yes"]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("taken", [True, False])
def test_a_run_that_was_taken_over_says_so_whatever_failed(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    for name, value in toy.environment.items():
        monkeypatch.setenv(name, value)
    toy.break_archive()
    path = toy.dest / ".segwizard" / "lease.json"

    def take_over(watcher: Watcher, link: RunnerClient) -> Snapshot:
        snapshot = show(watcher, link)
        if taken and path.exists():
            owner = json.loads(path.read_bytes())
            path.write_text(json.dumps({**owner, "key": "of-another"}))
        return snapshot

    monkeypatch.setattr(run, "show", take_over)
    words = ["run", str(toy.recipe), "--dest", str(toy.dest), "--yes", "--only", "flowers"]
    assert exit_code(words) == (5 if taken else 1)
    assert path.exists() is taken
