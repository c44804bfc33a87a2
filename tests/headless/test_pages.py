"""The wizard's pages line by line, in a real terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.headless.toy import Toy
from tests.terminals import Terminal
from wizard.app.rehearsal import Rehearsal

KEPT = ("CamVid", "KITTI")
"""An open dataset and one that waits for a link, which takes a mail."""
OUT = "ade20k 3, pascal-context pascal-voc-2012 sunrgbd bdd cityscapes idd mapillary 12 13"
"""All others, by name and by number."""


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    made = Rehearsal("mseg", tmp_path / "served")
    with made.served():
        yield made


def wizard(tmp_path: Path, *words: object, term: str = "xterm-256color") -> Terminal:
    """``segwizard`` in a terminal, with nothing of this machine's own."""
    environment = Toy(tmp_path, "").environment | {"TERM": term}
    return Terminal("-m", "wizard", *words, environment=environment)


def to_terms(terminal: Terminal, dest: Path, at_hand: str = "") -> None:
    """Answer every page before the terms; ``at_hand`` is the dataset whose link is there."""
    terminal.expect("Number or name [mseg]")
    terminal.type("")
    terminal.expect("Folder [")
    terminal.type(str(dest))
    terminal.expect("Leave out")
    terminal.type(OUT)
    terminal.expect("4 of 6: Licence requests")
    terminal.expect("or Enter to go on")
    terminal.type(at_hand)
    if at_hand:
        terminal.expect("in this rehearsal, link: ")
        terminal.expect("Paste the link")
        terminal.type(re.findall(r"in this rehearsal, link: (\S+)", terminal.said)[-1])
        terminal.expect("Kept in memory, and used at the start")
        terminal.expect("or Enter to go on")
        terminal.type("nowhere")
        terminal.expect("error: there is no 'nowhere' here")
        terminal.type("")


@pytest.mark.slow
def test_from_choosing_to_the_end(rehearsal: Rehearsal, tmp_path: Path):
    dest = tmp_path / "dest"
    with wizard(tmp_path, "--plain", "--site", rehearsal.site) as terminal:
        to_terms(terminal, dest)
        for title in KEPT:
            terminal.expect(f"{title}: ")
            terminal.expect("http")
        terminal.expect("Refuse")
        terminal.type("")
        terminal.expect("Type your name")
        terminal.type("Ada")
        terminal.expect("Start now?")
        assert not dest.exists(), "nothing is written before"
        terminal.type("")
        terminal.expect("Paste the link")
        terminal.type("")
        terminal.expect("Waiting for you:")
        assert terminal.end() == 3
    signed = json.loads((dest / ".segwizard/terms.json").read_text())["accepted"]
    assert set(signed) == {"camvid", "kitti"}
    assert all(each["who"].startswith("Ada (") for each in signed.values())
    assert list((dest / "mseg_dataset/Camvid").rglob("*.png"))
    assert "\x1b" not in terminal.said
    with wizard(tmp_path, "--plain", "--dest", dest) as terminal:
        terminal.expect("Go on with it?")
        terminal.type("")
        terminal.expect("Paste the link")
        terminal.type("")
        assert terminal.end() == 3
    assert "Collection" not in terminal.said


@pytest.mark.slow
def test_what_is_at_hand_is_taken_before_the_start(rehearsal: Rehearsal, tmp_path: Path):
    dest = tmp_path / "dest"
    with wizard(tmp_path, "--plain", "--site", rehearsal.site) as terminal:
        to_terms(terminal, dest, at_hand="kitti")
        terminal.expect("Refuse")
        terminal.type("")
        terminal.expect("Type your name")
        terminal.type("Ada")
        terminal.expect("Start now?")
        assert not dest.exists(), "nothing is written before"
        begun = len(terminal.said)
        terminal.type("")
        assert terminal.end() == 0
    assert "Paste the link" not in terminal.said[begun:]


@pytest.mark.slow
def test_what_is_refused_is_not_signed_and_a_dumb_terminal_needs_no_option(
    rehearsal: Rehearsal, tmp_path: Path
):
    dest = tmp_path / "dest"
    with wizard(tmp_path, "--site", rehearsal.site, term="dumb") as terminal:
        to_terms(terminal, dest)
        terminal.expect("Refuse")
        terminal.type("3")
        terminal.expect("hint: type 1 to 2")
        terminal.type("kitti")
        terminal.expect("1 of 2 would be accepted")
        terminal.type("Ada")
        terminal.expect("Start now?")
        terminal.type("y")
        terminal.expect("Type your name to accept, or press Enter for later")
        terminal.type("")
        assert terminal.end() == 3
    assert set(json.loads((dest / ".segwizard/terms.json").read_text())["accepted"]) == {"camvid"}


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["n", "\x04"], ids=["no", "end of input"])
def test_nothing_is_written_without_a_yes(rehearsal: Rehearsal, tmp_path: Path, answer: str):
    dest = tmp_path / "dest"
    with wizard(tmp_path, "--plain", "--site", rehearsal.site) as terminal:
        to_terms(terminal, dest)
        terminal.expect("Refuse")
        terminal.type("")
        terminal.expect("Type your name")
        terminal.type("")
        terminal.expect("Start now?")
        terminal.press(answer if answer == "\x04" else f"{answer}\n")
        assert terminal.end() == (130 if answer == "\x04" else 0)
    assert not dest.exists()


def test_slips_are_answered_where_they_are_made(tmp_path: Path):
    (tmp_path / "file").touch()
    with wizard(tmp_path, "--plain") as terminal:
        terminal.expect("Number or name")
        terminal.type("0")
        terminal.expect("error: there is no '0' here")
        terminal.type("MSEG")
        terminal.expect("Folder [")
        terminal.type(str(tmp_path / "file"))
        terminal.expect("That folder will not do: ")
        terminal.expect("is a file")
        terminal.type(str(tmp_path / "dest"))
        terminal.expect("Leave out")
        terminal.type(" ".join(map(str, range(1, 14))))
        terminal.expect("error: every dataset is left out")
        terminal.expect("Leave out")
        terminal.press("\x04")
        assert terminal.end() == 130
    assert not (tmp_path / "dest").exists()


def test_without_a_person_there_is_nothing_to_ask(tmp_path: Path):
    done = Toy(tmp_path, "").run("--plain", code=2)
    assert "Usage:" in done.stderr
    assert "--plain comes after run" in Toy(tmp_path, "").run("--plain", "run", code=2).stderr
