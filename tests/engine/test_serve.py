"""The door of a runner: what viewers are given, and what they may bring."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.engine.fakes import FakeStep, make_install
from tests.servers.cityscapes import cityscapes_site
from tests.waiting import TIME_LIMIT, until
from wizard.credentials.chain import BackendChain, open_vault
from wizard.engine import table
from wizard.engine.remote.client import RemoteLink
from wizard.engine.remote.protocol import (
    ClearLogins,
    Connection,
    KeepLogin,
    RunnerGone,
    Stop,
    decode_reply,
)
from wizard.engine.remote.server import Server, server_at
from wizard.engine.runner import Runner
from wizard.steps.step import Probe
from wizard.views import Request

HIDDEN = "hunter2hunter2"


class Members(FakeStep):
    """Waits for the login of a site, then finds itself done."""

    vault: BackendChain

    def probe(self) -> Probe:
        if self.vault.has("cityscapes", "password"):
            return Probe("done")
        return Probe("waiting", request=Request(kind="login", ask="Log in.", site="cityscapes"))


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BackendChain:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return open_vault(environ={}, use_keyring=False)


@pytest.fixture
def runner(
    tmp_path: Path, vault: BackendChain, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Runner]:
    """A runner behind a door, whose one step looks again only when it is told to."""
    monkeypatch.setattr(table, "RECHECK", 3600.0)
    step = Members("a/fetch:x.zip", tmp_path / "mark")
    step.vault = vault
    install = make_install(tmp_path / "dest", [step])
    sites = (cityscapes_site("http://localhost"),)
    recipe = msgspec.structs.replace(install.recipe, sites=sites)
    install = dataclasses.replace(install, vault=vault, recipe=recipe)
    made = Runner(install, steps=[step], server=Server(tmp_path / "door.sock"))
    made.start()
    yield made
    assert made.stop(TIME_LIMIT)


@pytest.fixture
def link(runner: Runner, tmp_path: Path) -> Iterator[RemoteLink]:
    with contextlib.closing(RemoteLink(tmp_path / "door.sock")) as line:
        until(lambda: line.snapshot().steps[0].state == "waiting")
        yield line


def test_a_login_set_by_a_viewer_reaches_the_runner_and_what_waits_for_it(
    link: RemoteLink, vault: BackendChain, tmp_path: Path
):
    reply = link.send(KeepLogin(site="cityscapes", values={"user": "ada", "password": HIDDEN}))
    assert reply.ok, reply
    assert "Cityscapes is kept in memory" in reply.text
    kept = vault.get("cityscapes", "password")
    assert kept is not None
    assert kept.reveal() == HIDDEN
    until(lambda: link.snapshot().complete)
    assert not any(HIDDEN in event.text for event in link.events())
    state = tmp_path / "dest" / ".segwizard"
    assert not any(HIDDEN.encode() in path.read_bytes() for path in state.rglob("*.*"))


def test_a_login_of_an_unknown_site_is_refused(link: RemoteLink, vault: BackendChain):
    reply = link.send(KeepLogin(site="elsewhere", values={"password": HIDDEN}))
    assert not reply.ok
    assert "elsewhere" in reply.text
    assert vault.kept() == ()


def test_what_a_viewer_clears_is_gone_from_the_runner(link: RemoteLink, vault: BackendChain):
    link.send(KeepLogin(site="cityscapes", values={"user": "ada", "password": HIDDEN}))
    assert link.send(ClearLogins(site="cityscapes")).text == "cleared 2 secrets"
    assert vault.kept() == ()


def test_the_answer_to_stop_arrives_before_the_line_goes_dead(link: RemoteLink, tmp_path: Path):
    assert link.send(Stop()).ok
    with pytest.raises(RunnerGone):
        while True:
            link.snapshot()
    assert not (tmp_path / "door.sock").exists()


def test_nonsense_is_refused_and_the_line_stays_open(runner: Runner, tmp_path: Path):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(str(tmp_path / "door.sock"))
    with contextlib.closing(Connection(connection)) as connection:
        for nonsense in (b"{}", b"\xff\xfe", b'{"ask": "everything"}'):
            connection.write(nonsense)
            answer = connection.read()
            assert answer is not None
            assert not decode_reply(answer).ok


def test_a_viewer_that_reads_nothing_does_not_hold_up_the_end(runner: Runner, tmp_path: Path):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(str(tmp_path / "door.sock"))
    connection.setblocking(False)
    with contextlib.closing(connection), contextlib.suppress(BlockingIOError):
        while True:
            connection.send(b'{"ask":"snapshot"}\n' * 1000)
    assert runner.stop(TIME_LIMIT)


def test_a_run_goes_on_where_the_door_cannot_open(tmp_path: Path):
    steps = [FakeStep("a/terms", tmp_path / "mark")]
    server = Server(tmp_path / "absent" / "door.sock")
    runner = Runner(make_install(tmp_path / "dest", steps), steps=steps, server=server)
    runner.start()
    try:
        assert not server.listening
        assert runner.wait_settled(TIME_LIMIT)
        assert any("other terminals cannot join" in event.text for event in runner.events())
    finally:
        assert runner.stop(TIME_LIMIT)


def test_there_is_no_door_without_a_private_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("long" * 30)))
    monkeypatch.setattr(
        "wizard.engine.remote.protocol.tempfile.gettempdir", lambda: str(tmp_path / "none")
    )
    assert server_at(tmp_path) is None


def test_opening_the_door_leaves_the_mask_of_other_threads_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    masks: list[int] = []
    monkeypatch.setattr(os, "umask", lambda mask: masks.append(mask) or 0o022)
    server = Server(tmp_path / "door.sock")
    server.open(Runner(make_install(tmp_path / "dest", []), steps=[]))
    try:
        assert stat.S_IMODE((tmp_path / "door.sock").stat().st_mode) == 0o600
        assert masks == []
    finally:
        server.close()
