"""What was called done is there after a power cut, whenever it comes."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.state.crash_images import cut_power, mounted, new_image
from tests.state.crash_toy import CrashToy, crash_toy

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("SEGWIZARD_TEST_POWER_CUTS", "6"))
_SIZE = 96 << 20


def _run(toy: CrashToy, dest: Path, home: Path, *under: object) -> subprocess.Popen[bytes]:
    home.mkdir(exist_ok=True)
    words = (*under, "run", toy.recipe, "--dest", dest, "--yes")
    folders = {f"XDG_{name}_HOME": str(home / name) for name in ("STATE", "CONFIG", "DATA")}
    return subprocess.Popen(
        [sys.executable, "-m", *map(str, words)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, **folders, "HOME": str(home), "SEGWIZARD_KEYRING": "off"},
    )


def _ends_well(toy: CrashToy, dest: Path, home: Path) -> None:
    run = _run(toy, dest, home, "wizard")
    said, _ = run.communicate(timeout=300)
    assert run.returncode == 0, said.decode()
    assert toy.wrong(dest / "toys") == []


def test_the_power_may_be_cut_at_any_instant(tmp_path: Path) -> None:
    image = new_image(tmp_path / "disk.img", _SIZE)
    copies, dice = [], random.Random()
    with crash_toy(tmp_path, datasets=3, files=400) as toy:
        with mounted(image, tmp_path / "mnt") as disk:
            run = _run(toy, disk / "dest", tmp_path / "home", "wizard")
            while len(copies) < ROUNDS - 1 and run.poll() is None:
                time.sleep(dice.uniform(0.1, 0.8))
                copies.append(cut_power(image, tmp_path / f"cut{len(copies)}.img", run))
            said, _ = run.communicate(timeout=300)
            assert run.returncode == 0, said.decode()
            # Right after it was called complete, when the system has written nothing by itself.
            copies.append(cut_power(image, tmp_path / "complete.img", run))
        for copy in copies:
            _is_mended(toy, copy, tmp_path)
        assert toy.said_done_last == {"set0.zip", "set1.zip", "set2.zip"}


def test_any_state_that_a_journal_may_leave_is_gone_on_from(tmp_path: Path) -> None:
    dest, out, seed = tmp_path / "dest", tmp_path / "out", random.randrange(10**6)
    with crash_toy(tmp_path, datasets=2, files=40) as toy:
        run = _run(toy, dest, tmp_path / "home", "tests.state.recorder", dest, out, seed, 0.3)
        said, _ = run.communicate(timeout=300)
        assert run.returncode == 0, said.decode()
        states = sorted(out.iterdir())
        assert len(states) > ROUNDS
        dice = random.Random(seed)
        for state in (*dice.sample(states[:-1], ROUNDS), states[-1]):
            _goes_on(toy, state, tmp_path, f"seed {seed}, state {state.name}")
        assert toy.said_done_last == {"set0.zip", "set1.zip"}


def test_nothing_is_promised_before_the_disk_holds_it(tmp_path: Path) -> None:
    dest, out = tmp_path / "dest", tmp_path / "out"
    with crash_toy(tmp_path, datasets=3, files=60) as toy:
        run = _run(toy, dest, tmp_path / "home", "tests.state.promises", dest, out)
        said, _ = run.communicate(timeout=300)
        assert run.returncode == 0, said.decode()
    made, broken = json.loads(out.read_text())
    assert broken == []
    assert made["record"] == 6, "each with its copy"
    assert made["deletion"] == 3
    assert made["done"] == 9, "terms, fetch and extract of each"


def _is_mended(toy: CrashToy, copy: Path, folder: Path) -> None:
    with mounted(copy, folder / "mnt") as disk:
        if copy.name == "complete.img":
            assert toy.wrong(disk / "dest" / "toys") == []
        _goes_on(toy, disk / "dest", folder, copy.name)


def _goes_on(toy: CrashToy, dest: Path, folder: Path, which: str) -> None:
    """Run again: the tree is exact, and no archive that was deleted as proven is fetched."""
    gone = toy.said_done_last = toy.said_done(dest)
    lost = [path for path in toy.wrong(dest / "toys") if path.split("/")[0] + ".zip" in gone]
    assert not lost, f"{which}: {len(lost)} files of deleted archives are lost: {lost[:3]}"
    toy.fetched.clear()
    shutil.rmtree(folder / "home", ignore_errors=True)
    _ends_well(toy, dest, folder / "home")
    assert not gone & toy.fetched.keys(), which
