"""An unpacking killed at any moment: only whole files have final names, the next run ends it."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.archives.makers import make, tree, unpack
from wizard.files import PARTIAL

_CHILD = """
import sys
from pathlib import Path
from wizard.archives.extract import extract
from wizard.progress import CancelToken, Counter
print("go", flush=True)
extract(Path(sys.argv[1]), Path(sys.argv[2]), counter=Counter(), token=CancelToken())
"""


def _start_and_kill(archive: Path, out: Path, after: float) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(archive), str(out)], stdout=subprocess.PIPE
    )
    assert child.stdout
    with child.stdout:
        child.stdout.readline()
        time.sleep(after)
        child.send_signal(signal.SIGKILL)
        child.wait()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_kill_at_random_moments_and_run_again(tmp_path: Path, name: str) -> None:
    rng = random.Random(7)
    files = {
        f"top/{folder}/{number}.bin": rng.randbytes(rng.randrange(3000))
        for folder in range(6)
        for number in range(300)
    }
    archive, out = make(tmp_path / name, files), tmp_path / "out"
    out.mkdir()
    (out / "before").write_bytes(b"here first")
    for _ in range(6):
        _start_and_kill(archive, out, rng.uniform(0.0, 0.2))
        visible = {path: data for path, data in tree(out).items() if not path.startswith(PARTIAL)}
        assert visible.items() <= {**files, "before": b"here first"}.items()
    unpack(archive, out)
    assert tree(out) == {**files, "before": b"here first"}
