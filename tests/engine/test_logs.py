from __future__ import annotations

import json
from pathlib import Path

import pytest

from wizard.credentials.secret import Secret
from wizard.engine.logs import EventLog, LogFile, Masker


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("get https://h.org/a.zip?X-Sig=abc&k=1 failed", "get https://h.org/a.zip?[masked] failed"),
        ("http://me:pw123@h.org/a", "http://[masked]@h.org/a"),
        ("password=swordfish now", "password=[masked] now"),
        ("Authorization: Bearer abc.def", "Authorization: [masked]"),
        ("plain text, token of appreciation", "plain text, token of appreciation"),
        ("two\nlines\x1b[2J", r"two\nlines\x1b[2J"),
    ],
)
def test_secrets_are_masked(text: str, masked: str):
    assert Masker()(text) == masked


def test_known_values_are_masked_wherever_they_are():
    mask = Masker()
    mask.learn(Secret("open sesame"))
    mask.learn(Secret("it"))
    assert mask("said open sesame to it") == "said [masked] to it"


def test_full_logs_are_numbered_and_the_oldest_goes(tmp_path: Path):
    log = LogFile(tmp_path / "log", largest=10, kept=2)
    for number in range(5):
        log.append(f"line {number}".encode())
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["log", "log.1", "log.2"]
    assert (tmp_path / "log").read_text() == "line 4\n"
    assert (tmp_path / "log.2").read_text() == "line 2\n"


def test_a_log_that_cannot_be_written_never_stops_the_run(tmp_path: Path):
    blocked = tmp_path / "file"
    blocked.touch()
    LogFile(blocked / "log").append(b"lost")


def test_every_viewer_reads_every_event_once(tmp_path: Path):
    events = EventLog(LogFile(tmp_path / "log"), Masker())
    early = events.cursor()
    events.add("info", "one", address="a/b")
    late = events.cursor()
    events.add("error", "two")
    assert [event.text for event in early.read()] == ["one", "two"]
    assert [event.text for event in late.read()] == ["one", "two"]
    assert early.read() == []
    written = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["text"] for line in written] == ["one", "two"]
    assert written[0]["address"] == "a/b"
