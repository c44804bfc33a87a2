"""A run ended at random instants, by every signal, in every form; the next one makes it whole.

Each install is ended (sometimes only one of its helpers is) up to four times, every time in a form
and by an end of its own, then run to the end: the tree must be exact, nothing temporary may stay,
and nobody may be shown a traceback. A round is one such end.
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
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.harness.tally import Tally, traces
from tests.headless.toy import Toy, toy_collection
from wizard.files import PARTIAL

FORMS: Sequence[Sequence[str]] = (
    (),
    ("--plain",),
    ("--json",),
    ("--workers", "2", "--executor", "processes"),
    ("--detach",),
)
ENDS = ("SIGKILL", "SIGTERM", "SIGHUP", "SIGINT", "helper", "viewer")
LONGEST = 2.5
"""Seconds a run may go on before it is ended; about twice what a whole one takes."""
_MOST = 4
"""Ends in one install."""
WHOLE = {"Flowers": 3, "Trees": 3}


def kill_rounds(count: int, seed: int, tally: Tally) -> None:
    """Do ``count`` rounds of trouble, up to four in one install, each install in its own folder."""
    chance = random.Random(seed)
    while (left := count - tally.rounds.total()) > 0:
        with (
            tempfile.TemporaryDirectory(prefix="segwizard-kill-") as name,
            toy_collection(Path(name)) as toy,
        ):
            problem = _install(toy, chance, min(left, chance.randint(1, _MOST)), tally)
            if problem:
                tally.fail(f"seed {seed}, round {tally.rounds.total()}, {problem}")


def _install(toy: Toy, chance: random.Random, kills: int, tally: Tally) -> str:
    """End a run so many times, run it to the end, and return what did not hold."""
    told, detached = "", False
    for _ in range(kills):
        form, end = chance.choice(FORMS), chance.choice(ENDS)
        detached |= "--detach" in form
        if chance.random() < 0.4:
            give_trees(toy)
        said, late = _ended(toy, form, end, chance.uniform(0.05, LONGEST))
        tally.add(end)
        told += f"{form}, {end}: {said[-2000:]}\n"
        if problem := late or traces(said):
            break
    else:
        # Only what went into the background may still hold the install.
        problem = finished(toy, detached=detached)
    if detached:
        _stop(toy)
    return f"{problem}\n{told}" if problem else ""


def _ended(toy: Toy, form: Sequence[str], end: str, after: float) -> tuple[str, str]:
    """Start a run, end it or a part of it, and return what it said and what was wrong."""
    words = [sys.executable, "-m", "wizard", "run", str(toy.recipe), "--dest", str(toy.dest)]
    process = subprocess.Popen(
        [*words, "--yes", *form],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=toy.environment,
        start_new_session=True,
    )
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.communicate(timeout=after)[0], ""
    viewer = _watch(toy) if end == "viewer" else None
    _strike(process, end, viewer)
    try:
        said = process.communicate(timeout=300)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()[0], "it did not end within a minute"
    finally:
        if viewer is not None:
            viewer.kill()
            viewer.communicate()
    return said, ""


def _watch(toy: Toy) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "wizard", "attach", "--dest", str(toy.dest)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=toy.environment,
    )


def _strike(process: subprocess.Popen[str], end: str, viewer: subprocess.Popen[str] | None) -> None:
    if viewer is not None:
        viewer.kill()
    elif end == "helper":
        for child in children(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
    elif end in ("SIGHUP", "SIGINT"):
        # A terminal sends these to everybody in it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, getattr(signal, end))
    else:
        process.send_signal(getattr(signal, end))


def children(parent: int) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == parent:
                    yield int(entry.name)


def give_trees(toy: Toy) -> None:
    """Put the archive that is mailed where it is taken in from."""
    inbox = toy.dest / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    shutil.copy(toy.folder / "www" / "trees.zip", inbox)


def finished(toy: Toy, *, detached: bool) -> str:
    """Run to the end with all that is asked for, and say what does not hold."""
    if detached:
        _stop(toy)
    give_trees(toy)
    done = toy.install("--yes")
    said = done.stdout + done.stderr
    if done.returncode != 0:
        return f"the run after it ended with {done.returncode}: {said[-2000:]}"
    return traces(said) or _tree(toy)


def _tree(toy: Toy) -> str:
    for dataset, count in WHOLE.items():
        folder = toy.dest / "toys" / dataset / dataset.lower()
        for number in range(count):
            path = folder / f"{number}.txt"
            expected = f"{dataset.lower()} {number}\n" * 50
            if not path.is_file() or path.read_text() != expected:
                return f"{path} is not as it should be"
    left = [str(each) for each in toy.dest.rglob(f"{PARTIAL}*")]
    return f"left behind: {left}" if left else ""


def _stop(toy: Toy) -> None:
    """Have a run in the background end, so that the next may begin."""
    toy.run("stop", "--dest", toy.dest)
