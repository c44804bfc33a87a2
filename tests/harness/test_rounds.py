"""A few rounds of every trouble; by hand there may be thousands."""

from __future__ import annotations

import pytest

from tests.harness.commands import command_rounds, every_command
from tests.harness.kills import kill_rounds
from tests.harness.tally import Tally


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_run_ended_at_any_instant_is_made_whole_by_the_next(seed: int) -> None:
    tally = Tally()
    kill_rounds(5, seed, tally)
    assert tally.failed == []
    assert tally.rounds.total() == 5


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_odd_lines_end_with_codes_that_the_help_lists(seed: int) -> None:
    tally = Tally()
    command_rounds(2 * len(tuple(every_command())), seed, tally)
    assert tally.failed == []
