"""A proof holds for the file it was written for, however alike another one looks."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.e2e.healing import swap
from wizard.kinds.fetching.proofs import read_proof, write_proof

MOMENT = 1_700_000_000_000_000_000


def proven(folder: Path, name: str, data: bytes, moment: int = MOMENT) -> tuple[Path, Path]:
    target, record = folder / name, folder / f"{name}.json"
    target.write_bytes(data)
    os.utime(target, ns=(moment, moment))
    write_proof(record, target, hashes={"sha256": "0" * 64}, origin="fetched", how="its sha256")
    return target, record


@pytest.fixture
def twins(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Two files of one size and one moment, as one tick of the clock makes them, and a record."""
    first, record = proven(tmp_path, "a.pth", b"a" * 1000)
    second, _ = proven(tmp_path, "b.pth", b"b" * 1000)
    return first, second, record


def test_it_holds_while_the_file_lies_there(twins: tuple[Path, Path, Path]) -> None:
    assert read_proof(twins[2], twins[0])


def test_it_lapses_when_a_file_of_one_size_and_moment_takes_the_name(
    twins: tuple[Path, Path, Path],
) -> None:
    swap(twins[0], twins[1])
    assert read_proof(twins[2], twins[0]) is None


@pytest.mark.parametrize("keep_time", [True, False])
def test_it_holds_for_a_copy_of_the_file(tmp_path: Path, *, keep_time: bool) -> None:
    target, record = proven(tmp_path, "a.pth", b"a" * 1000)
    copy = tmp_path / "copy"
    (shutil.copy2 if keep_time else shutil.copy)(target, copy)
    copy.rename(target)
    assert read_proof(record, target)


def test_it_lapses_when_the_file_is_written_over(tmp_path: Path) -> None:
    target, record = proven(tmp_path, "a.pth", b"a" * 1000)
    target.write_bytes(b"c" * 1000)
    assert read_proof(record, target) is None
