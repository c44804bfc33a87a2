"""The bars the house holds itself to; ``python -m tests.house`` prints all figures."""

from __future__ import annotations

import pytest

from tests.house import (
    A_KIND,
    LARGEST_FOLDER,
    LATE,
    LONGEST_FILE,
    LONGEST_FUNCTION,
    TWICE,
    House,
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
