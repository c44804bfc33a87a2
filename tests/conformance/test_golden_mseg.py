"""The main job against the golden set: every label pixel as the reference made it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.conftest import segwizard


def check_tree(golden: Path, dest: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Compare an install with what the reference produced."""
    script = golden.parent / "check_tree.py"
    command = [sys.executable, script, "--expected", golden / "expected.json", "--root", dest]
    return subprocess.run(
        [*map(str, command), *options], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def site(golden: Path, mirror: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site file for the miniature mirror, made by our own command."""
    folder = tmp_path_factory.mktemp("site")
    made = segwizard("site", "make", golden / "archives", "--url", mirror, home=folder)
    assert made.returncode == 0, made.stderr
    path = folder / "site.toml"
    path.write_text(made.stdout)
    return path


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_every_label_equals_the_reference(
    golden: Path, site: Path, tmp_path: Path, executor: str
) -> None:
    dest = tmp_path / "dest"
    options = ("--dest", dest, "--site", site, "--executor", executor, "--workers", "2")
    run = segwizard("run", "mseg", *options, "--yes", home=tmp_path / "home")
    assert run.returncode == 0, run.stdout + run.stderr

    tree = check_tree(golden, dest, "--strict-renderer", "--test-images")
    assert tree.returncode == 0, tree.stdout

    verified = segwizard("verify", "mseg", "--dest", dest, home=tmp_path / "home")
    assert verified.returncode == 0, verified.stdout + verified.stderr
