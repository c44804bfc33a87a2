"""Downloads through a server in a bad mood: exact bytes or one clear error, never a hang."""

from __future__ import annotations

from pathlib import Path

from tests.harness.tally import Tally
from tests.servers.misbehaving import Misbehaving
from tests.transfer import test_soak


def download_rounds(count: int, folder: Path, tally: Tally) -> None:
    """Do rounds of two hundred downloads until at least ``count`` were done."""
    for number in range(-(-count // test_soak.COUNT)):
        place, problem = folder / str(number), ""
        place.mkdir()
        try:
            with Misbehaving() as server, Misbehaving() as other:
                test_soak.test_two_hundred_downloads_end_right_or_in_a_clear_failure(
                    server, other, place
                )
        except AssertionError as error:
            problem = f"round {number}: {error}"
        tally.add("download", problem)
        tally.rounds["download"] += test_soak.COUNT - 1
