"""A finished install in a shared folder is finished for a colleague too, who may not even write."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.miniature import contents, environment, finish

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user"),
    pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv of util-linux"),
]
USER, GROUP = 61_233, 61_234
"""Numbers nobody has: no name, no home, no group of this machine."""
ONLY = ("--only", "kitti,camvid,pascal-context,cityscapes")


@pytest.fixture(scope="module")
def shared(lab: Path) -> Iterator[Path]:
    """A finished install of one user, in a folder of a group, as labs share them.

    It lies apart from the folders of these tests, which nobody else may enter.
    """
    with tempfile.TemporaryDirectory(prefix="segwizard-shared-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        words = ("run", "mseg", "--site", lab, "--yes", *ONLY, "--dest", folder / "dest")
        finish(folder / "home", *words)
        yield folder / "dest"


def give_to_group(dest: Path, *, writable: bool) -> None:
    for path in (dest, *dest.rglob("*")):
        if not path.is_symlink():
            os.chown(path, -1, GROUP)
            given = 0o2070 if path.is_dir() else 0o060
            mode = path.stat().st_mode
            path.chmod(mode | given if writable else mode & ~0o022)


def as_colleague(home: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run segwizard as another user, who may read this Python wherever it lies."""
    told = environment(home)
    os.chown(home, USER, GROUP)
    become = ("setpriv", f"--reuid={USER}", f"--regid={GROUP}", "--clear-groups")
    reading = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    return subprocess.run(
        [*become, *reading, sys.executable, "-m", "wizard", *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        cwd="/",
        env=told,
    )


@pytest.mark.parametrize("writable", [True, False], ids=["shared", "read only"])
def test_nothing_is_done_again_for_another_user(shared: Path, *, writable: bool) -> None:
    give_to_group(shared, writable=writable)
    before = {path: path.stat().st_mtime_ns for path in (shared / "mseg_dataset").rglob("*")}
    for words, said in {
        ("status",): "everything chosen is done and checked",
        ("verify", *ONLY): "every check holds",
        ("run", "mseg", "--yes", *ONLY): "everything chosen is done and checked",
    }.items():
        done = as_colleague(shared.with_name("colleague"), *words, "--dest", shared)
        assert done.returncode == 0, done.stdout + done.stderr
        assert said in done.stdout
        alarming = ("error", "warning", "damaged", "denied", "started [")
        assert not [word for word in alarming if word in done.stderr], done.stderr
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert contents(shared)
