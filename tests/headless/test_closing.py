"""The last page of a run: printed once everything chosen is done, and true."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.headless.toy import Toy
from wizard.app.outcome import InstalledLine, LastPage
from wizard.headless.terminal.lines import closing_lines
from wizard.verify.summary import Checked

pytestmark = pytest.mark.slow


def pages(stdout: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in stdout.splitlines()]
    return [line for line in lines if line["type"] == "last-page"]


def test_a_run_that_waits_has_no_last_page(toy: Toy):
    assert not pages(toy.install("--yes", "--json", code=3).stdout)
    assert "What to run next" not in toy.install("--yes", code=3).stdout


def test_what_was_left_out_is_added_by_the_command_that_is_told(toy: Toy):
    done = toy.install("--yes", "--only", "flowers", "--json", code=0)
    (page,) = pages(done.stdout)
    assert page["partial"]
    assert [each["folder"] for each in page["installed"]] == [str(toy.dest / "toys/Flowers")]
    assert page["seconds"] is not None
    assert page["report"] == "", "this collection writes none"
    (left_out,) = page["left_out"]
    assert left_out["title"] == "Trees"
    words = shlex.split(left_out["command"])
    assert words[0] == "segwizard"
    assert "trees/fetch:trees.zip" in toy.run(*words[1:], "--yes", code=3).stdout
    status = json.loads(toy.run("status", "--dest", toy.dest, "--json", code=3).stdout)
    assert not status["partial"]


def test_the_commands_to_run_next_are_commands(toy: Toy):
    done = toy.install("--yes", "--only", "flowers", "--json", code=0)
    (page,) = pages(done.stdout)
    told = {each["command"]: shlex.split(each["command"])[1:] for each in page["commands"]}
    codes = {command: toy.run(*words).returncode for command, words in told.items()}
    assert len(codes) == 3
    status, verify, make = codes.values()
    assert (status, verify) == (0, 0)
    assert make in (0, 2), "what nothing verifies gets no manifest"


def test_people_read_the_same_as_scripts(toy: Toy):
    done = toy.install("--yes", "--only", "flowers", code=0).stdout
    for said in (
        "Flowers: its archives are all there is to prove",
        f"export SEGWIZARD_DEST={toy.dest}",
        f"segwizard manifest make --dest {toy.dest}",
        "add it: segwizard run",
    ):
        assert said in done


def test_counts_and_what_is_only_plausible_are_told():
    line = InstalledLine(id="a", title="A", folder="/d/A", checked=Checked(paths=4, labels=2))
    page = LastPage(
        title="C",
        dest="/d",
        partial=False,
        installed=(line, line),
        checked=Checked(paths=8, labels=4),
        plausible=("a/a.zip",),
        seconds=None,
        report="/d/report.html",
        variables=(),
        commands=(),
        left_out=(),
    )
    said = list(closing_lines(page))
    assert "  A: 4 paths, 2 labels" in said
    assert "  Altogether: 8 paths, 4 labels" in said
    assert said[said.index("    a/a.zip") - 1].endswith("1 archive")
    assert "Report: /d/report.html" in said
    assert not any(line.startswith("It took") for line in said), "nobody knows how long"


@pytest.mark.slow
def test_all_that_is_told_as_proven_is_what_verify_proves(toy: Toy, tmp_path: Path):
    dest = tmp_path / "demo"
    toy.run("demo", "--yes", "--dest", dest, code=0)
    site = dest / "demo-archives" / "site.toml"
    done = toy.run("run", "mseg", "--dest", dest, "--site", site, "--json", code=0)
    (page,) = pages(done.stdout)
    verified = json.loads(toy.run("verify", "--dest", dest, "--json", code=0).stdout)
    proven = {each["dataset"]: each["checked"] for each in verified["datasets"]}
    assert {name: each for name, each in proven.items() if any(each.values())} == {
        each["id"]: each["checked"] for each in page["installed"] if any(each["checked"].values())
    }
    assert page["checked"]["segments"] == sum(each["segments"] for each in proven.values()) > 0
    assert page["plausible"] == verified["plausible"]
    assert Path(page["report"]).is_file()
    assert {each["name"] for each in page["variables"]} >= {"SEGWIZARD_DEST", "MSEG_DST_DIR"}
