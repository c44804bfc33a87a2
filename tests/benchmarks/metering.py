"""What a command costs, with all that it starts, and rows of tables that say so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.miniature import environment

_METER = Path(__file__).with_name("meter.py")


@dataclass(frozen=True)
class Cost:
    """What a process and all below it took."""

    cpu: float
    wall: float
    peak: int
    """MB of all of them at once, looked at four times a second, or of the largest."""
    code: int
    said: str


def cost_of(
    words: list[str],
    home: Path,
    during: Callable[[subprocess.Popen[str]], None] | None = None,
    codes: Iterable[int] = (0,),
) -> Cost:
    """Run a command in an environment of its own; ``during`` is given the meter.

    Raises ``RuntimeError`` where it ends with another code than those.
    """
    program = shutil.which(words[0]) or words[0]
    with tempfile.NamedTemporaryFile("r") as used, tempfile.TemporaryFile("w+") as out:
        meter = [sys.executable, "-SI", str(_METER), used.name, program, *words[1:]]
        with subprocess.Popen(
            meter,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment(home),
            text=True,
        ) as process:
            if during:
                during(process)
        out.seek(0)
        said = out.read()
        if process.returncode not in codes:
            message = f"{' '.join(words)[:200]} ended with {process.returncode}: {said[-2000:]}"
            raise RuntimeError(message)
        cpu, wall, peak = used.read().split()
    return Cost(float(cpu), float(wall), int(peak), process.returncode, said)


def head(title: str) -> None:
    """Print the head of a table."""
    print(f"\n{title}; load {os.getloadavg()[0]:.1f}")
    print(f"{'':<44}{'CPU s':>9}{'wall s':>9}{'MB':>6}{'code':>6}{'x floor':>9}")


def show(name: str, cost: Cost, floor: float = 0.0, less: float = 0.0, note: str = "") -> Cost:
    """Print a row of the table: the ratio is of CPU seconds without the start."""
    ratio = f"{(cost.cpu - less) / floor:9.2f}" if floor else " " * 9
    print(f"{name:<44}{cost.cpu:9.2f}{cost.wall:9.1f}{cost.peak:6d}{cost.code:6d}{ratio}  {note}")
    sys.stdout.flush()
    return cost
