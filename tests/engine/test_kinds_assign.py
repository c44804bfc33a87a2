from __future__ import annotations

import ast
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.errors import UsageError
from wizard.kinds.assign import Assign, AssignStep, assigned
from wizard.kinds.unpacking.edits import Edit
from wizard.steps.step import StepContext

SOURCE = """#!/usr/bin/python3
# MSEG_DST_DIR = "a comment"
import os
MSEG_DST_DIR = ""  # fill in
if True:
    MSEG_DST_DIR = "indented stays"
ROOT = f'{MSEG_DST_DIR}/mseg_dataset'
"""

TABLE = Assign(file="api/config.py", name="MSEG_DST_DIR", value="{dest}")


def make(folder: Path, *, optional: bool = False, value: str = "/data") -> AssignStep:
    return AssignStep(
        address="api/assign",
        dataset="api",
        title="Tell it",
        kind="assign",
        dependencies=(),
        top=folder / "api",
        edit=Edit(folder / "api" / "config.py", folder / "set.json", TABLE, folder / "kept"),
        name="MSEG_DST_DIR",
        value=value,
        optional=optional,
    )


def test_only_the_assignment_at_line_start_changes():
    text = assigned(SOURCE, "MSEG_DST_DIR", "/data/here")
    assert text == SOURCE.replace('MSEG_DST_DIR = ""  #', 'MSEG_DST_DIR = "/data/here"  #')


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_path_comes_back_as_it_was(value: str):
    text = assigned("X: str = 'old \\' one'\n", "X", value)
    tree = ast.parse(text)
    assert isinstance(tree.body[0], ast.AnnAssign)
    assert isinstance(tree.body[0].value, ast.Constant)
    assert tree.body[0].value.value == value


def test_it_is_done_once_the_value_is_there(tmp_path: Path):
    step = make(tmp_path)
    assert step.probe().state == "todo"
    step.file.parent.mkdir()
    step.file.write_bytes(SOURCE.encode() + b"# caf\xe9\n")
    assert step.probe().state == "todo"
    step.run(StepContext())
    assert step.probe().state == "done"
    assert step.file.read_bytes().endswith(b"# caf\xe9\n")


def test_a_file_that_is_not_in_the_archive_is_fine_when_optional(tmp_path: Path):
    step = make(tmp_path, optional=True)
    assert step.probe().state == "todo"
    step.file.parent.mkdir()
    assert step.probe().state == "done"
    step.run(StepContext())
    with pytest.raises(UsageError, match=r"config\.py"):
        make(tmp_path).run(StepContext())


def test_a_file_without_the_assignment_is_named(tmp_path: Path):
    step = make(tmp_path)
    step.file.parent.mkdir()
    step.file.write_text("OTHER = 1\n")
    with pytest.raises(UsageError, match="MSEG_DST_DIR"):
        step.run(StepContext())
    assert stat.S_ISREG(step.file.stat().st_mode)
    assert step.probe().state == "todo"


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0), st.integers(0, 7))
def test_what_else_it_holds_is_known_whatever_is_set(value: str, place: int, bit: int):
    before = assigned(SOURCE, "MSEG_DST_DIR", value).encode()
    rest = TABLE.rest_of(before)
    assert rest == TABLE.rest_of(SOURCE.encode())
    harmed = bytearray(before)
    harmed[place % len(harmed)] ^= 1 << bit
    found = TABLE.rest_of(bytes(harmed))
    assert found != rest or bytes(harmed) in _assignments(before, bytes(harmed))


def _assignments(before: bytes, after: bytes) -> set[bytes]:
    """Return a text if only the string that is set differs from another in it."""
    lines = zip(before.splitlines(), after.splitlines(), strict=False)
    other = [line for line, changed in lines if line != changed]
    return {after} if all(line.startswith(b"MSEG_DST_DIR") for line in other) else set()


def test_a_change_elsewhere_is_seen_and_nothing_of_it_lost(tmp_path: Path):
    step = make(tmp_path)
    step.file.parent.mkdir()
    step.file.write_text(SOURCE)
    assert not step.edit.is_spoiled()
    step.run(StepContext())
    assert not step.edit.is_spoiled()
    step.file.write_text(assigned(step.file.read_text(), "MSEG_DST_DIR", "/by/hand"))
    assert not step.edit.is_spoiled()
    mine = step.file.read_text().replace("import os", "import sys")
    step.file.write_text(mine)
    assert step.edit.is_spoiled()
    assert step.edit.give_way().read_text() == mine
    assert not step.file.exists() and not step.edit.is_spoiled()
