"""What the wizard on screen costs: first frame, key to screen, share of a core, quitting.

    python -m tests.benchmarks.screen

The app runs in a terminal of its own, as a person's does; times are taken outside it, from what it
writes. The runner is a stand-in with moving figures, except for quitting, which ends two real
downloads from a slow server on this machine.
"""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.terminals import Terminal

REPO = str(Path(__file__).parents[2])
UP, DOWN, ENTER = "\x1b[A", "\x1b[B", "\r"

FAKE = """
import sys, time, threading
sys.path.insert(0, {repo!r})
import msgspec
from tests.tui.fakes import DEST, busy, host_with, mseg, plan_of
from wizard.tui.app import run
base = busy(plan_of(mseg()))
first = base.transfers[0]
began = time.monotonic()

def moving():
    spent = time.monotonic() - began
    transfers = tuple(
        msgspec.structs.replace(
            first, archive=f"archive-{{n}}.zip", state="running", done=int(spent * (n + 1) * 1e6),
            total=4_000_000_000, rate=(n + 1) * 1e6 + spent, eta=4e9 / (n + 1) / 1e6 - spent,
        )
        for n in range(8)
    )
    return msgspec.structs.replace(
        base, transfers=transfers, moment=time.time(), rate=36e6 + spent,
        disk_free=int(8e11 - spent * 36e6),
    )

host = host_with(base)
host.link.snapshot = moving
host.installs.add(DEST)
host.last = DEST
{more}
sys.exit(run(host))
"""

BARE = """
from textual.app import App
from textual.widgets import Footer, OptionList, Static

class Bare(App):
    def compose(self):
        yield Static("Looking at what is there")
        yield OptionList("one", "two")
        yield Footer()

Bare().run()
"""
"""What everything is measured against: the toolkit, and next to nothing of ours."""

REMAP = """
import io, os, numpy
from PIL import Image
label = numpy.random.default_rng(0).integers(0, 30, (256, 512), dtype=numpy.uint8)
label = label.repeat(4, 0).repeat(4, 1)
stored = io.BytesIO()
Image.fromarray(label).save(stored, "PNG")
lut = numpy.arange(256, dtype=numpy.uint8)[::-1].copy()
def remap():
    while True:
        with Image.open(io.BytesIO(stored.getvalue())) as image:
            Image.fromarray(lut[numpy.asarray(image)]).save(io.BytesIO(), "PNG", compress_level=1)
for _ in range(os.cpu_count() or 2):
    threading.Thread(target=remap, daemon=True).start()
"""

REAL = """
import sys
sys.path.insert(0, {repo!r})
from pathlib import Path
from wizard.steps.install import Settings
from wizard.app.opening import Choices, open_install
from wizard.engine.journal import write_install
from wizard.steps.step import Place
from wizard.tui.app import run
from wizard.app.app import App
dest = Path({dest!r})
settings = Settings(workers=2, accept_terms=True, transfers=2)
choices = Choices("mseg", dest, only=("mseg-api", "camvid"), site=Path({site!r}), settings=settings)
write_install(Place(dest=dest, root=dest), choices.state())
sys.exit(run(App(site=choices.site, settings=settings), dest=dest))
"""


FIRST = ("first frame", "first page", "first frame, processor time")
ARCHIVES = ("mseg-api.tar.gz", "701_StillsRaw_full.zip", "LabeledApproved_full.zip")
SLOW = """
[archives."{name}"]
urls = ["{url}/{name}"]
access = "open"
size = 900000000
"""


def bare_frame(home: Path) -> tuple[float, float]:
    """Seconds to a bare app's first words, and the processor time to them."""
    began = time.monotonic()
    with Terminal("-c", BARE, environment=_environment(home)) as terminal:
        terminal.expect("Looking at")
        found = time.monotonic() - began, _processor_time(terminal.pid)
        _end(terminal)
    return found


def bare_key(home: Path, presses: int = 10) -> float:
    """Processor time of an arrow key in a bare app."""
    with Terminal("-c", BARE, environment=_environment(home)) as terminal:
        terminal.expect("Looking at")
        terminal.listen(1.0)
        before = _processor_time(terminal.pid)
        for number in range(presses):
            terminal.press(UP if number % 2 else DOWN)
            terminal.listen(0.3)
        found = (_processor_time(terminal.pid) - before) / presses
        _end(terminal)
    return found


def work_of_a_key(home: Path, key: str, presses: int = 6) -> tuple[float, float]:
    """Processor time and bytes of a key on the wizard's page, what undoes it not counted."""
    found: list[tuple[float, float]] = []
    with _wizard_page(home, "host.link.snapshot = lambda: base") as terminal:
        for _ in range(presses):
            terminal.listen(1.0)
            work, size = _processor_time(terminal.pid), len(terminal.said)
            terminal.press(key)
            terminal.listen(1.0)
            found.append((_processor_time(terminal.pid) - work, len(terminal.said) - size))
            terminal.press("\x1b")
        _end(terminal)
    works, sizes = zip(*found, strict=True)
    return statistics.median(works), statistics.median(sizes)


def first_frame(home: Path) -> tuple[float, float, float]:
    """Seconds from the start of the process to the first words and to the first page.

    The third figure is the processor time to the first words: what a machine without other work
    would take.
    """
    began = time.monotonic()
    with Terminal("-m", "wizard", environment=_environment(home)) as terminal:
        terminal.expect("Looking at")
        words, work = time.monotonic() - began, _processor_time(terminal.pid)
        terminal.expect("step 1 of 7")
        page = time.monotonic() - began
        _end(terminal)
    return words, page, work


def key_to_screen(home: Path, more: str, presses: int) -> list[float]:
    """Seconds from an arrow key on the rail to the next dataset's name, redrawn."""
    found = []
    with _wizard_page(home, more) as terminal:
        for number in range(presses):
            terminal.listen(0.2)
            began = time.monotonic()
            terminal.press(UP if number % 2 else DOWN)
            terminal.expect("CamVid" if number % 2 == 0 else "ADE20K")
            found.append(time.monotonic() - began)
        _end(terminal)
    return found


def at_rest(home: Path, key: str, more: str, seconds: float) -> tuple[float, float]:
    """The app over a while nobody touches it: its share of one core, and bytes a second."""
    with _wizard_page(home, more) as terminal:
        terminal.press(key)
        terminal.listen(2.0)
        began, before, size = time.monotonic(), _processor_time(terminal.pid), len(terminal.said)
        terminal.listen(seconds)
        spent = time.monotonic() - began
        share = (_processor_time(terminal.pid) - before) / spent
        rate = (len(terminal.said) - size) / spent
        _end(terminal)
    return share, rate


def quit_time(folder: Path, url: str) -> float:
    """Seconds from choosing to stop to the end of the process, two archives on their way."""
    site, dest = folder / "site.toml", folder / "install"
    dest.mkdir()
    site.write_text("\n".join(SLOW.format(name=name, url=url) for name in ARCHIVES))
    code = REAL.format(repo=REPO, dest=str(dest), site=str(site))
    with Terminal("-c", code, environment=_environment(folder)) as terminal:
        terminal.expect("Nothing runs")
        terminal.press(ENTER)
        terminal.expect("Go on with this install?")
        terminal.press(ENTER)
        while len(Slow.visits) < 2:
            terminal.listen(0.2)
        terminal.listen(1.0)
        terminal.press("q")
        terminal.expect("Stop now")
        terminal.press(DOWN)
        terminal.listen(0.5)
        began = time.monotonic()
        terminal.press(ENTER)
        terminal.end()
        return time.monotonic() - began


def _wizard_page(home: Path, more: str) -> Terminal:
    terminal = Terminal("-c", FAKE.format(repo=REPO, more=more), environment=_environment(home))
    terminal.expect("welcome back")
    terminal.listen(1.0)
    terminal.press(ENTER)
    terminal.expect("Datasets")
    terminal.listen(1.0)
    terminal.press("\x1b[H")
    terminal.listen(0.5)
    terminal.press(DOWN)
    terminal.listen(0.5)
    return terminal


def _environment(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return {"LC_ALL": "C.UTF-8", **kept, "HOME": str(home), "COLORTERM": "truecolor"}


def _end(terminal: Terminal) -> None:
    os.kill(terminal.pid, signal.SIGTERM)
    terminal.end()


def _processor_time(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Slow(BaseHTTPRequestHandler):
    """Sends a little of a large file ten times a second."""

    visits: set[str] = set()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "900000000")
        self.end_headers()
        self.visits.add(self.path)
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b"\x1f\x8b" + bytes(100_000))
                time.sleep(0.1)

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@contextlib.contextmanager
def slow_server() -> Iterator[str]:
    """Serve until the block ends; yields the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def main() -> None:
    """Measure all and print the table."""
    with tempfile.TemporaryDirectory() as name, slow_server() as url:
        home = Path(name)
        frames = [first_frame(home) for _ in range(10)]
        keys = key_to_screen(home, REMAP, 60)
        idle = key_to_screen(home, "", 30)
        columns = list(zip(*frames, strict=True))
        rows = [
            (what, goal, f"{statistics.median(figures) * 1000:.0f} ms")
            for what, goal, figures in zip(FIRST, ("400 ms", "", ""), columns, strict=True)
        ]
        rows += [
            ("key to screen, p95, all cores remap", "100 ms", _p95(keys)),
            ("the same with idle cores", "", _p95(idle)),
        ]
        rows += list(_at_rest(home)) + list(_ratios(home, columns))
        rows.append(("quit, two downloads", "2 s", f"{quit_time(home, url):.2f} s"))
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print("| what | goal | reached |\n|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def _at_rest(home: Path) -> Iterator[tuple[str, str, str]]:
    for what, more, goal in (
        ("nothing moving", "host.link.snapshot = lambda: base", "1 %, 50 B/s"),
        ("eight transfers", "", "6 %, 4 kB/s"),
    ):
        for page, key in (("wizard", ""), ("activity", "a")):
            share, rate = at_rest(home, key, more, 8.0)
            yield f"share of a core, bytes: {what}, {page}", goal, f"{share:.1%}, {rate:.0f} B/s"


def _ratios(home: Path, frames: list[tuple[float, ...]]) -> Iterator[tuple[str, str, str]]:
    """Against a bare app in the same run: on a machine at work, only ratios mean anything."""
    runs = [bare_frame(home) for _ in range(10)]
    bare = [statistics.median(each) for each in zip(*runs, strict=True)]
    for what, ours, theirs in (("time", frames[0], bare[0]), ("work", frames[2], bare[1])):
        ratio = statistics.median(ours) / theirs
        yield f"first frame, {what}, against a bare app's", "1.5", f"{ratio:.2f}"
    key = bare_key(home)
    for what, press in (("next request", "n"), ("activity", "a"), ("help", "?"), ("down", DOWN)):
        work, size = work_of_a_key(home, press)
        said = f"{work * 1000:.0f} ms, {work / key:.1f}, {size:.0f} B"
        yield f"{what}: work, against a bare app's arrow key, bytes", "100 ms, 5", said


def _p95(seconds: list[float]) -> str:
    return f"{statistics.quantiles(seconds, n=20)[-1] * 1000:.0f} ms"


if __name__ == "__main__":
    main()
