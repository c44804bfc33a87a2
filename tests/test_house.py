"""The bars the house holds itself to; ``python -m tests.house`` prints all figures."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house import (
    A_KIND,
    ALONE,
    LARGEST_FOLDER,
    LATE,
    LONGEST_FILE,
    LONGEST_FUNCTION,
    PASSING,
    SMALL,
    TWICE,
    House,
    Import,
    Module,
    bars,
    kinds_named,
    measure,
)


@pytest.fixture(scope="module")
def house() -> House:
    return measure()


def test_no_folder_has_too_many_rooms(house: House) -> None:
    crowded = {
        str(path): count for path, count in house.folders().items() if count > LARGEST_FOLDER
    }
    assert crowded == {}


def test_files_and_functions_are_short(house: House) -> None:
    long = {m.name: m.lines for m in house.modules.values() if m.lines > LONGEST_FILE}
    long |= {name: lines for name, lines in house.functions() if lines > LONGEST_FUNCTION}
    assert long == {}


def test_a_public_name_is_defined_once(house: House) -> None:
    assert {name: where for name, where in house.twice().items() if name not in TWICE} == {}


def test_small_modules_join_their_only_caller(house: House) -> None:
    assert [name for name in house.lonely() if name not in ALONE] == []


def test_a_small_module_is_told_by_its_lines_and_its_callers() -> None:
    def module(name: str, lines: int) -> Module:
        return Module(name, Path(), ast.parse(""), lines)

    small, other = module("small", SMALL - 1), module("other", SMALL)
    once = House({"small": small, "other": other}, [Import("other", "small")] * 2)
    assert once.lonely() == ["small"]
    assert House(once.modules, [*once.imports, Import("third", "small")]).lonely() == []
    assert House(once.modules, [Import("small", "other")]).lonely() == []


def test_no_function_only_hands_on_what_it_is_given(house: House) -> None:
    assert house.passing() == list(PASSING)


@pytest.mark.parametrize(
    ("source", "hands_on"),
    [
        ("def f(a, b):\n    return g(a, b)", True),
        ('def f(a, *, b):\n    """Do."""\n    m.g.h(a, b=b)', True),
        ("def f(a, b):\n    return g(b, a)", False),
        ("def f(a, b):\n    return g(a, b, 1)", False),
        ("def f(a):\n    return g(a).b", False),
        ("def f(a, b):\n    return a(b)", False),
        ("def f(a, b):\n    return g(a)", False),
        ("def f():\n    return g()", False),
        ("@cache\ndef f(a):\n    return g(a)", False),
        ("class C:\n    def f(self, a):\n        return g(a)", False),
    ],
)
def test_handing_on_is_told_by_the_source(source: str, hands_on: bool) -> None:
    module = Module("m", Path(), ast.parse(source), 2)
    assert House({"m": module}).passing() == (["m:f"] if hands_on else [])


def test_imports_run_in_no_circle(house: House) -> None:
    assert house.circles() == []


def test_imports_inside_functions_have_a_reason(house: House) -> None:
    late = {each.importer for each in house.hidden()}
    assert {each for each in late if not each.startswith(tuple(LATE))} == set()


def test_a_kind_of_step_is_named_in_few_modules(house: House) -> None:
    spread = kinds_named(house)
    assert {name: found for name, found in spread.items() if len(found) > A_KIND} == {}


@pytest.mark.slow
def test_no_figure_is_above_its_bar(house: House) -> None:
    assert [
        str(bar) for bar in bars(house) if bar.limit is not None and bar.figure > bar.limit
    ] == []
