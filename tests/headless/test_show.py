"""Plain text for what the screen copies and tells."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from wizard.engine.remote.protocol import Event
from wizard.entry import exit_code
from wizard.headless import exits


def test_show_prints_what_was_copied(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert exit_code(["show"]) == exits.USAGE
    assert "nothing was copied yet" in capsys.readouterr().err
    (tmp_path / "segwizard").mkdir()
    (tmp_path / "segwizard" / "copied.txt").write_text("scp a b\n")
    assert exit_code(["show", "copied"]) == exits.COMPLETE
    assert capsys.readouterr().out == "scp a b\n"


@pytest.mark.parametrize(
    ("most", "said"), [("2", ["two", "three"]), ("9", ["one", "two", "three"])]
)
def test_log_prints_the_newest_lines_and_passes_over_damage(
    tmp_path: Path, capsys, most: str, said: list[str]
) -> None:
    state = tmp_path / ".segwizard"
    state.mkdir()
    events = [Event(moment=1.0, level="info", text=text) for text in ("one", "two", "three")]
    whole = [msgspec.json.encode(event) for event in events]
    (state / "log.jsonl.1").write_bytes(whole[0] + b"\n")
    (state / "log.jsonl").write_bytes(whole[1] + b"\n{broken\n" + whole[2] + b"\n")
    assert exit_code(["log", "--dest", str(tmp_path), "--lines", most]) == exits.COMPLETE
    printed = capsys.readouterr().out.splitlines()
    assert [line.partition(" ")[2] for line in printed] == said


def test_log_of_nothing_says_so(tmp_path: Path, capsys) -> None:
    assert exit_code(["log", "--dest", str(tmp_path)]) == exits.USAGE
    assert "there is no log here" in capsys.readouterr().err
