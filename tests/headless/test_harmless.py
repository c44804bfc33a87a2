"""Nothing of theirs reaches a terminal, a log or a report as anything but text."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.engine.logs import Masker
from wizard.entry import exit_code
from wizard.findings import FailureGroup, Finding, grouped
from wizard.harmless import LONGEST, harmless, harmless_line
from wizard.headless.terminal import say

HOSTILE = "a\x1b]0;owned\x07\x1b[2J\r\nerror: all is well\u202egnp.exe\x9b31m"


@given(st.text())
def test_what_is_harmless_only_prints(text: str) -> None:
    assert all(each.isprintable() or each == "\n" for each in harmless(text))
    assert harmless_line(text).isprintable()
    assert not any(
        unicodedata.bidirectional(each).endswith(("O", "E", "I"))
        for each in harmless_line(text)
        if unicodedata.category(each) == "Cf"
    )


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "S"))))
def test_what_prints_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_no_line_is_endless() -> None:
    assert len(harmless("x" * 10**6)) == LONGEST - 1
    assert harmless_line("start" + "x" * 10**6 + ".zip").endswith(".zip")


@pytest.mark.parametrize("out", [say.data, say.talk, say.rewrite])
def test_lines_carry_nothing_but_text(out, capsys: pytest.CaptureFixture[str]) -> None:
    out(HOSTILE)
    shown = "".join(capsys.readouterr()).removeprefix("\r\x1b[K").removesuffix("\n")
    assert shown.isprintable()
    assert "owned" in shown


def test_json_keeps_paths_to_the_letter_and_cleans_what_people_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say.json_data(FailureGroup(cause="x", count=1, hint=HOSTILE, examples=(HOSTILE,)))
    say.json_data({"path": HOSTILE})
    out = capsys.readouterr().out
    assert all(each.isprintable() or each == "\n" for each in out)
    first, second = (json.loads(each) for each in re.split(r"(?<=\n\})\n", out) if each.strip())
    assert first["hint"].replace("\n", "").isprintable()
    assert second["path"] == HOSTILE


def test_logs_hold_nothing_but_text() -> None:
    assert Masker()(HOSTILE).isprintable()
    assert len(Masker()("x" * 10**6)) <= LONGEST


def test_a_hostile_name_on_the_command_line_is_told_as_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code(["plan", HOSTILE]) == 2
    assert exit_code([HOSTILE]) == 2
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert "\nerror: all is well" not in said


def test_findings_with_hostile_paths_are_told_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    from wizard.app.proving import Verification
    from wizard.headless.commands.verify import verdict_lines
    from wizard.verify.summary import Checked, Summary

    finding = Finding("missing-label", HOSTILE, HOSTILE)
    summary = Summary(
        dataset="x",
        checked=Checked(paths=1),
        seconds=1.0,
        groups=grouped([finding]),
        findings=(finding,),
    )
    found = Verification(collection="c", dest="/d", sound=False, datasets=(summary,))
    for line in verdict_lines(found, show_all=True):
        say.data(line)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\nerror" not in out
