"""What README shows works: its Python is run against a small install."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

import wizard
from tests.house import ROOT
from tests.library.test_library import dest as dest  # the fixture

README = (ROOT / "README.md").read_text()


def test_the_three_lines_of_python_work(dest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    block = re.search(r"<!-- doctest -->\n```python\n(.*?)```", README, re.DOTALL)
    assert block is not None
    lines = block[1].replace("/data/mseg", str(dest)).replace("ade20k", "streets").splitlines()
    expected = [
        (each.image, each.label) for each in wizard.open(dest).dataset("streets").samples("train")
    ]
    text = "\n".join([*lines, repr(expected), ""])
    example = doctest.DocTestParser().get_doctest(text, {}, "README", None, None)
    assert len(example.examples) == 3
    assert doctest.DocTestRunner().run(example).failed == 0


def test_every_picture_is_there() -> None:
    for name in re.findall(r"\]\((assets/[^)]+)\)", README):
        assert (ROOT / name).is_file(), name
