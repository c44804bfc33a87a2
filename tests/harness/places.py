"""Trouble with the place itself: no room, no inodes, no right, no disk, two runners, odd clocks.

Each install lies on a small file system of its own. Something befalls it before or while a run is
at work; then it is over, and the next run has to make the tree whole. Needs root, for mounts.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness.kills import children, finished, give_trees
from tests.harness.tally import Tally, traces
from tests.headless.toy import Toy, toy_collection
from wizard.headless.exits import codes_of

LONGEST = 60
"""Seconds a run may take to end by itself before it is told to, and then to obey."""
_USER = 4242
_STRANGER = (
    *("setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups"),
    *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
)
"""Becomes a user who may read this Python wherever it lies."""


@dataclass
class Trouble:
    """One install on a file system of its own, and what befalls it."""

    toy: Toy
    dice: random.Random
    runs: list[subprocess.Popen[str]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    killed: list[subprocess.Popen[str]] = field(default_factory=list)
    outside: Path = Path()
    """What somebody planted a way to; nothing may be written there."""

    def start(self, more: dict[str, str] | None = None, become: tuple[str, ...] = ()) -> None:
        words = ["run", str(self.toy.recipe), "--dest", str(self.toy.dest), "--yes"]
        self.runs.append(
            subprocess.Popen(
                [*become, sys.executable, "-m", "wizard", *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env={**self.toy.environment, **(more or {})},
                start_new_session=True,
            )
        )

    def pause(self) -> None:
        """Let a random while pass: about as long as a whole run takes."""
        time.sleep(self.dice.uniform(0.3, 2.5))

    def remount(self, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", self.toy.dest], check=False)

    def end(self) -> str:
        """Wait for every run, and say what was wrong with how it ended."""
        for run in self.runs:
            try:
                said = run.communicate(timeout=LONGEST)[0]
            except subprocess.TimeoutExpired:
                self.told.append("told to end")
                run.send_signal(signal.SIGINT)
                try:
                    said = run.communicate(timeout=LONGEST)[0]
                except subprocess.TimeoutExpired:
                    for child in (*children(run.pid), run.pid):
                        os.kill(child, signal.SIGKILL)
                    return f"it did not end: {run.communicate()[0][-2000:]}"
            self.told.append(f"[{run.returncode}] {said[-1500:]}")
            if problem := traces(said):
                return problem
            if run.returncode not in (*codes_of("run"), -signal.SIGKILL * (run in self.killed)):
                return f"ended with {run.returncode}, which its help does not list"
        return ""


def _no_room(at: Trouble) -> None:
    """The disk is full at a random point, and has room again afterwards."""
    at.remount(f"size={at.dice.choice((4, 8, 16, 24, 32, 48, 64, 96))}k")
    at.start()
    at.pause()


def _filled_meanwhile(at: Trouble) -> None:
    """Somebody else fills the disk while a run is at work."""
    at.start()
    at.pause()
    with contextlib.suppress(OSError), (at.toy.dest / "neighbour.bin").open("wb") as file:
        while True:
            file.write(bytes(1 << 16))


def _no_inodes(at: Trouble) -> None:
    """The file system takes no more files at a random point."""
    at.remount(f"nr_inodes={at.dice.randint(4, 40)}")
    at.start()
    at.pause()


def _read_only(at: Trouble) -> None:
    """The file system becomes read-only, as after an error of the disk."""
    at.start()
    at.pause()
    at.remount("ro")


def _covered(at: Trouble) -> None:
    """The disk goes away under a run, and comes back after it: an empty folder takes its place."""
    at.start()
    at.pause()
    subprocess.run(["mount", "-t", "tmpfs", "cover", at.toy.dest], check=True)


def _taken_away(at: Trouble) -> None:
    """A folder of the install goes away for a while."""
    at.start()
    at.pause()
    for name in at.dice.sample(("toys", ".segwizard", "toys/Flowers", "inbox"), 2):
        if (path := at.toy.dest / name).is_dir():
            with contextlib.suppress(OSError):
                path.rename(path.with_name(f"{path.name}.away"))


def _no_right(at: Trouble) -> None:
    """Another user's run meets folders it may not write to, before or meanwhile."""
    assert at.toy.environment
    for path in (at.toy.folder, at.toy.dest, *at.toy.folder.rglob("*")):
        os.chown(path, _USER, _USER, follow_symlinks=False)
    at.toy.folder.chmod(0o755)
    early = at.dice.random() < 0.5
    mode = at.dice.choice((0o000, 0o555, 0o600))
    if early:
        at.toy.dest.chmod(mode)
    at.start(become=_STRANGER)
    at.pause()
    ours = (at.toy.dest, at.toy.dest / "toys", at.toy.dest / ".segwizard")
    folders = [path for path in ours if path.is_dir()]
    if not early and folders:
        at.dice.choice(folders).chmod(mode)


def _two_runners(at: Trouble) -> None:
    """Two people start the same install at the same moment, or nearly."""
    at.start()
    time.sleep(at.dice.choice((0.0, 0.0, 0.1, 0.5)))
    at.start()
    if at.dice.random() < 0.3:
        at.pause()
        at.runs[0].kill()
        at.killed.append(at.runs[0])


def _odd_clock(at: Trouble) -> None:
    """The clock stands elsewhere than the disk's, and jumps while a run is at work."""
    patch, shift = at.toy.folder / "clock", at.toy.folder / "shift"
    patch.mkdir()
    (patch / "sitecustomize.py").write_text(_SHIFTED.format(str(shift)))
    shift.write_text(str(at.dice.choice((-400 * _DAY, 400 * _DAY, 0, -3600))))
    at.start({"PYTHONPATH": f"{patch}{os.pathsep}{at.toy.environment['PYTHONPATH']}"})
    at.pause()
    shift.write_text(str(at.dice.choice((-30 * _DAY, 30 * _DAY, -3600, 3600, 3000 * _DAY))))


_DAY = 86_400
_SHIFTED = """
import time
real = time.time
def shifted():
    with open({!r}) as file:
        return real() + float(file.read() or 0)
time.time = shifted
time.time_ns = lambda: int(shifted() * 1e9)
"""


def _file_limit(at: Trouble) -> None:
    """The system allows this user no large files."""
    size = at.dice.choice((1, 64, 256, 600, 1000, 2000))
    at.start(become=("prlimit", f"--fsize={size}"))
    at.pause()


def _planted(at: Trouble) -> None:
    """A neighbour laid something where a file or folder of ours belongs."""
    for name in at.dice.sample(PLACES, at.dice.randint(1, 3)):
        path = at.toy.dest / name
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            at.dice.choice(PLANTS)(path, at.outside)
    at.start()
    at.pause()


PLACES = (
    *(".segwizard", ".segwizard/lease.json", ".segwizard/log.jsonl", ".segwizard/install.json"),
    *(".segwizard/steps", ".segwizard/steps/flowers", ".segwizard/terms.json", "inbox", "toys"),
    *("toys/Flowers", "toys/Flowers/flowers.zip", "toys/Flowers/.segwizard-part-flowers.zip"),
    *("toys/Flowers/.segwizard-part-flowers.zip.lock", "toys/Flowers/flowers/0.txt"),
    *("toys/Flowers/flowers", "toys/Trees", "toys/Trees/trees.zip", "toys/Trees/trees/1.txt"),
    *("segwizard-report.html", "segwizard-report.json", ".segwizard/runner.sock"),
)


def _link(path: Path, outside: Path) -> None:
    path.symlink_to(outside / "thesis.txt")


def _link_to_folder(path: Path, outside: Path) -> None:
    path.symlink_to(outside)


def _nowhere(path: Path, outside: Path) -> None:
    path.symlink_to(outside / "not-there")


def _second_name(path: Path, outside: Path) -> None:
    path.hardlink_to(outside / "thesis.txt")


def _pipe(path: Path, outside: Path) -> None:
    os.mkfifo(path)


def _folder(path: Path, outside: Path) -> None:
    path.mkdir()


def _file(path: Path, outside: Path) -> None:
    path.write_bytes(b"of somebody else")


PLANTS: tuple[Callable[[Path, Path], None], ...] = (
    _link, _link_to_folder, _nowhere, _second_name, _pipe, _folder, _file,
)  # fmt: skip
TROUBLES: tuple[Callable[[Trouble], None], ...] = (
    _no_room, _filled_meanwhile, _no_inodes, _read_only, _covered, _taken_away, _no_right,
    _two_runners, _file_limit, _planted, _odd_clock,
)  # fmt: skip


def place_rounds(count: int, seed: int, tally: Tally) -> None:
    """Do ``count`` rounds, each with an install and a trouble of its own."""
    for number in range(count):
        dice = random.Random(f"{seed}/{number}")
        befall = dice.choice(TROUBLES)
        with _place() as toy:
            at = Trouble(toy, dice, outside=toy.folder / "private")
            problem = _round(at, befall)
        told = "\n".join((f"seed {seed}/{number}: {problem}", *at.told))
        tally.add(befall.__name__.strip("_"), told if problem else "")
        waited = "told to end" in at.told
        print(f"{seed}/{number} {befall.__name__}{' waited' * waited}", flush=True)  # noqa: T201


@contextlib.contextmanager
def _place() -> Iterator[Toy]:
    with tempfile.TemporaryDirectory(prefix="segwizard-place-") as name:
        Path(name).chmod(0o755)
        with toy_collection(Path(name)) as toy:
            toy.dest.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "small", toy.dest], check=True)
            try:
                yield toy
            finally:
                while os.path.ismount(toy.dest):
                    subprocess.run(["umount", "-l", toy.dest], check=True)


def _round(at: Trouble, befall: Callable[[Trouble], None]) -> str:
    at.outside.mkdir()
    (at.outside / "thesis.txt").write_text("private")
    if at.dice.random() < 0.4:
        give_trees(at.toy)
    if at.dice.random() < 0.2 and befall is not _planted:
        at.toy.install("--yes")
    befall(at)
    problem = at.end()
    _over(at, befall)
    outside = {each.name: each.read_text() for each in at.outside.iterdir()}
    if outside != {"thesis.txt": "private"}:
        return f"written outside: {outside}"
    return problem or finished(at.toy, detached=False)


def _over(at: Trouble, befall: Callable[[Trouble], None]) -> None:
    """The trouble is over, and somebody put right what only they can."""
    dest = at.toy.dest
    if befall is _covered:
        subprocess.run(["umount", "-l", dest], check=True)
    at.remount("rw,size=8m,nr_inodes=100000")
    (dest / "neighbour.bin").unlink(missing_ok=True)
    for path in sorted(dest.rglob("*.away"), key=lambda each: len(each.parts), reverse=True):
        home = path.with_name(path.name.removesuffix(".away"))
        if home.is_dir():
            shutil.rmtree(home)
        path.rename(home)
    if befall is _no_right:
        for path in (dest, *dest.rglob("*")):
            os.chown(path, 0, 0, follow_symlinks=False)
            if path.is_dir():
                path.chmod(0o755)
        for path in at.toy.folder.iterdir():
            os.chown(path, 0, 0, follow_symlinks=False)
            for below in path.rglob("*") if path != dest else ():
                os.chown(below, 0, 0, follow_symlinks=False)
    if befall is _planted:
        for name in PLACES:
            _clear(dest / name, at.outside)


def _clear(path: Path, outside: Path) -> None:
    """Take away what was planted, and only that."""
    try:
        status = path.lstat()
    except OSError:
        return
    planted = path.is_symlink() or path.is_fifo()
    if path.is_file() and not planted:
        planted = status.st_nlink > 1 and path.samefile(outside / "thesis.txt")
        planted = planted or path.read_bytes() == b"of somebody else"
    if planted:
        path.unlink()
    elif path.is_dir() and not any(path.iterdir()):
        path.rmdir()
