"""Killed at any instant, a run loses nothing: the next one finds the truth on disk."""

from __future__ import annotations

import random
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.miniature import contents, finish, leftovers, start

KILLS = 10


@pytest.mark.slow
def test_ten_kills_and_a_rerun_give_the_same_tree(lab: Path, tmp_path: Path):
    words = ("run", "mseg", "--site", lab, "--yes", "--dest")
    began = time.monotonic()
    finish(tmp_path / "home", *words, tmp_path / "calm")
    longest = time.monotonic() - began

    moments = random.Random(7)
    dest = tmp_path / "killed"
    for _ in range(KILLS):
        process = start(tmp_path / "home-killed", *words, dest)
        try:
            process.communicate(timeout=moments.uniform(0.2, 0.9) * longest)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()

    said = finish(tmp_path / "home-killed", *words, dest)
    assert "is complete" in said
    assert contents(dest) == contents(tmp_path / "calm")
    assert leftovers(dest) == []
    assert "every check holds" in finish(tmp_path / "home", "verify", "--dest", dest)
