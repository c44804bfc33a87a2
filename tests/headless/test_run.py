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
from tests.waiting import PATIENCE, until
from wizard.engine.install import Settings
from wizard.engine.opening import remembered
from wizard.headless.run import again_line, asked_for


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
    choices = asked_for("mseg", Path("here"), (), (), None, Settings())
    assert again_line(choices) == f"segwizard run mseg --dest {tmp_path / 'here'}"


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


def test_a_file_put_in_the_inbox_is_all_it_takes(toy: Toy):
    toy.install("--yes", code=3)
    inbox = toy.dest / "inbox"
    shutil.copy2(toy.folder / "www/trees.zip", inbox / "trees.zip")
    os.utime(inbox / "trees.zip", (1e9, 1e9))
    done = toy.install("--yes", code=0)
    assert "is complete" in done.stdout
    assert (toy.dest / "toys/Trees/trees/1.txt").exists()


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
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, out + err
    assert not (toy.dest / ".segwizard" / "lease.json").exists()
    assert "Traceback" not in err
    assert "Go on with:" in out


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


def test_status_tells_every_step_at_rest(toy: Toy):
    toy.install("--yes", code=3)
    done = toy.run("status", "--dest", toy.dest, "--json", code=0)
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
    text = toy.run("status", "--dest", toy.dest, code=0).stdout
    assert "until trees/fetch:trees.zip is done" in text


def test_what_was_chosen_over_several_runs_adds_up(toy: Toy):
    toy.install("--yes", "--only", "flowers", code=0)
    assert "left out" in toy.run("status", "--dest", toy.dest, code=0).stdout
    toy.install("--yes", "--only", "trees", code=3)
    assert "left out" not in toy.run("status", "--dest", toy.dest, code=0).stdout


def test_a_broken_pipe_is_no_fault(toy: Toy):
    command = f"{sys.executable} -m wizard --help | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, env=os.environ)
    assert (done.returncode, done.stderr) == (0, "")
