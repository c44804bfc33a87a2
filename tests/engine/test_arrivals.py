"""A tar is unpacked while it is fetched, and nothing of it shows before it is proven."""

from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.archives.makers import make_tar, tree
from tests.engine.access import exact
from tests.engine.access import run as fetch
from tests.engine.small_installs import install_of
from tests.servers.misbehaving import Changed, Drop, Exchange, File, Honest, Misbehaving
from tests.waiting import until
from wizard.archives import extract as extracting
from wizard.archives.specs import Extract, Rule
from wizard.errors import Cancelled, WizardError
from wizard.files import PARTIAL
from wizard.kinds.fetching import gateway
from wizard.kinds.fetching.step import FetchArchive
from wizard.kinds.registry import build_step
from wizard.steps.install import Install
from wizard.steps.planned import Fetch
from wizard.steps.step import StepContext
from wizard.transfer.retry_policy import RetryPolicy

NAME = "toy.tar.gz"


def members(seed: int = 0) -> dict[str, bytes]:
    rng = random.Random(seed)
    return {f"top/{number % 3}/{number}.bin": rng.randbytes(20_000) for number in range(450)}


def placed(files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"kept/{path.removeprefix('top/')}": held for path, held in files.items()}


FILES = members()


@dataclass(frozen=True)
class Gated:
    """Sends two thirds, and the rest once it may."""

    gate: threading.Event = field(default_factory=threading.Event)

    def answer(self, exchange: Exchange, file: File) -> None:
        cut = 2 * len(file.data) // 3
        exchange.head(200, {"Content-Length": str(len(file.data))}, file)
        exchange.body(file.data[:cut])
        while not (self.gate.is_set() or exchange.server.double.closing.is_set()):
            exchange.idle(0.02)
        exchange.body(file.data[cut:])


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(gateway, "RetryPolicy", _quick)


def _quick(*, per_host: int, rate: int) -> RetryPolicy:
    return RetryPolicy(
        backoff=0.01, longest_backoff=0.02, attempts=2, head=9, connect=9, per_host=per_host,
        rate=rate,
    )  # fmt: skip


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    with Misbehaving() as double:
        yield double


@pytest.fixture
def data(tmp_path: Path) -> bytes:
    return make_tar(tmp_path / "made.tar.gz", FILES).read_bytes()


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Install]]:
    """Make installs that fetch an archive and unpack it, and close what they opened."""
    made: list[Install] = []

    def one(held: bytes, *urls: str) -> Install:
        made.append(toy(tmp_path / "dest", hashlib.sha256(held).hexdigest(), *urls))
        return made[-1]

    yield one
    for each in made:
        each.shared.close()


def toy(dest: Path, sha256: str, *urls: str) -> Install:
    name = urls[0].rpartition("/")[2]
    archive = exact(name=name, urls=urls, size=None, sha256=sha256)
    spec = Extract(archive=name, into="D", rules=(Rule(prefix="top/", to="kept/"),))
    return install_of(dest, spec, archives=(archive,))


def fetch_step(made: Install) -> FetchArchive:
    planned = next(step for step in made.plan.steps if isinstance(step.spec, Fetch))
    step = build_step(planned, made)
    assert isinstance(step, FetchArchive)
    return step


def unpack(made: Install) -> None:
    planned = next(step for step in made.plan.steps if isinstance(step.spec, Extract))
    step = build_step(planned, made)
    step.run(StepContext())
    assert step.probe().state == "done"


def staged(dest: Path) -> list[Path]:
    """Return the members that wait in a staging folder."""
    return [path for path in dest.rglob("*.bin") if PARTIAL in str(path)]


def until_staged(dest: Path) -> None:
    until(lambda: staged(dest))


def shown(made: Install) -> dict[str, bytes]:
    """Return the members under their final names."""
    held = tree(made.place.dest / "data/D") if (made.place.dest / "data/D").exists() else {}
    return {path: each for path, each in held.items() if path.startswith("kept/")}


def never(*_: object, **__: object) -> None:
    raise AssertionError("the archive is read again")


@pytest.mark.parametrize("name", ["toy.tar", NAME])
def test_members_wait_while_the_rest_is_on_its_way_and_the_archive_is_not_read_again(
    make: Callable[..., Install],
    server: Misbehaving,
    tmp_path: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow = Gated()
    data = make_tar(tmp_path / name, FILES).read_bytes()
    made = make(data, server.put(name, data, slow))
    thread = threading.Thread(target=fetch, args=(fetch_step(made),))
    thread.start()
    try:
        until_staged(made.place.dest)
        assert thread.is_alive()
        assert shown(made) == {}
    finally:
        slow.gate.set()
        thread.join()
    assert shown(made) == {}
    assert len(staged(made.place.dest)) == len(FILES)
    monkeypatch.setattr(extracting, "untar", never)
    unpack(made)
    assert shown(made) == placed(FILES)
    assert staged(made.place.dest) == []
    assert not list(made.place.dest.rglob(f"{PARTIAL}*"))


def test_a_wrong_hash_leaves_nothing(
    make: Callable[..., Install], server: Misbehaving, data: bytes
) -> None:
    made = make(b"another", server.put(NAME, data))
    with pytest.raises(WizardError):
        fetch(fetch_step(made))
    assert shown(made) == {}
    assert not list(made.place.dest.rglob(f"{PARTIAL}*"))


def test_what_a_wrong_mirror_sent_is_not_taken_for_the_right_one(
    make: Callable[..., Install], server: Misbehaving, data: bytes, tmp_path: Path
) -> None:
    wrong = make_tar(tmp_path / "wrong.tar.gz", members(1)).read_bytes()
    slow = Gated()
    urls = server.put(f"first/{NAME}", wrong, slow), server.put(f"second/{NAME}", data)
    made = make(data, *urls)
    thread = threading.Thread(target=fetch, args=(fetch_step(made),))
    thread.start()
    try:
        until_staged(made.place.dest)
    finally:
        slow.gate.set()
        thread.join()
    assert staged(made.place.dest) == []
    unpack(made)
    assert shown(made) == placed(FILES)


def test_a_wrong_mirror_that_is_quick_does_no_harm(
    make: Callable[..., Install], server: Misbehaving, data: bytes, tmp_path: Path
) -> None:
    wrong = make_tar(tmp_path / "wrong.tar.gz", members(1)).read_bytes()
    made = make(data, server.put(f"first/{NAME}", wrong), server.put(f"second/{NAME}", data))
    fetch(fetch_step(made))
    unpack(made)
    assert shown(made) == placed(FILES)


def test_a_file_replaced_midway_throws_away_what_was_staged(
    make: Callable[..., Install], server: Misbehaving, data: bytes, tmp_path: Path
) -> None:
    old = make_tar(tmp_path / "old.tar.gz", members(1)).read_bytes()
    url = server.put(NAME, old, Drop(2 * len(old) // 3), Changed(data))
    made = make(data, url)
    fetch(fetch_step(made))
    unpack(made)
    assert shown(made) == placed(FILES)


def test_a_lost_connection_does_not_disturb_it(
    make: Callable[..., Install],
    server: Misbehaving,
    data: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = make(data, server.put(NAME, data, Drop(len(data) // 3)))
    fetch(fetch_step(made))
    monkeypatch.setattr(extracting, "untar", never)
    unpack(made)
    assert shown(made) == placed(FILES)


def test_a_stop_leaves_nothing_staged_and_the_next_run_completes(
    make: Callable[..., Install], server: Misbehaving, data: bytes
) -> None:
    made = make(data, server.put(NAME, data, Gated(), Honest()))
    context = StepContext()
    stopped: list[WizardError] = []

    def run() -> None:
        try:
            fetch_step(made).run(context)
        except Cancelled as error:
            stopped.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    until_staged(made.place.dest)
    context.token.cancel()
    thread.join()
    assert len(stopped) == 1
    assert staged(made.place.dest) == []
    fetch(fetch_step(made))
    unpack(made)
    assert shown(made) == placed(FILES)


_CHILD = """
import sys
from pathlib import Path
from tests.engine.access import run
from tests.engine.test_arrivals import fetch_step, toy
run(fetch_step(toy(Path(sys.argv[1]), *sys.argv[2:])))
"""


def test_killed_midway_the_next_run_completes(
    make: Callable[..., Install], server: Misbehaving, data: bytes
) -> None:
    url = server.put(NAME, data, Gated(), Honest())
    made = make(data, url)
    arguments = [str(made.place.dest), hashlib.sha256(data).hexdigest(), url]
    with subprocess.Popen([sys.executable, "-c", _CHILD, *arguments]) as child:
        try:
            until_staged(made.place.dest)
        finally:
            child.send_signal(signal.SIGKILL)
    torn = staged(made.place.dest)[0]
    torn.write_bytes(bytes(torn.stat().st_size))
    assert shown(made) == {}
    fetch(fetch_step(made))
    unpack(made)
    assert shown(made) == placed(FILES)
    assert not list(made.place.dest.rglob(f"{PARTIAL}*"))
