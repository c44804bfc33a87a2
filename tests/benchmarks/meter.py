"""Run a command and write down what it and all that it started took: CPU s, wall s, MB.

Started by file, without site packages: a fork begins with the peak of its parent, and this one is
small. Processes that outlive the one that started them become children of this one and count.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

_ADOPT_ORPHANS = 36
_EVERY = 0.25


def main(said: str, words: list[str]) -> int:
    """Run the words and write the figures to the file ``said``; return the exit code."""
    ctypes.CDLL(None).prctl(_ADOPT_ORPHANS, 1, 0, 0, 0)
    began = time.monotonic()
    pid = os.fork()
    if not pid:
        os.execv(words[0], words)
    peaks = [0]
    threading.Thread(target=_sample, args=(peaks,), daemon=True).start()
    cpu, code = 0.0, 0
    while True:
        try:
            ended, status, usage = os.wait4(-1, 0)
        except ChildProcessError:
            break
        cpu += usage.ru_utime + usage.ru_stime
        peaks.append(usage.ru_maxrss)
        code = os.waitstatus_to_exitcode(status) if ended == pid else code
    wall = time.monotonic() - began
    Path(said).write_text(f"{cpu} {wall} {max(peaks) >> 10}")
    return code & 0xFF


def _sample(peaks: list[int]) -> None:
    while True:
        total = sum(map(_private, _below(os.getpid())))
        peaks[0] = max(peaks[0], total)
        time.sleep(_EVERY)


def _below(pid: int) -> Iterator[int]:
    """Yield all processes below one."""
    for each in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = each.read_text().split()
        except OSError:
            continue
        for child in map(int, found):
            yield child
            yield from _below(child)


def _private(pid: int) -> int:
    """Return the kB of a process, those that it shares divided among who shares them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
