"""``python -m tests.harness kills 1000 [seed]``: many rounds by hand, with their counts."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.harness.commands import command_rounds
from tests.harness.downloads import download_rounds
from tests.harness.kills import kill_rounds
from tests.harness.places import place_rounds
from tests.harness.tally import Tally


def main(kind: str, count: str, seed: str = "1") -> int:
    """Do the rounds and print what came of them."""
    tally = Tally()
    try:
        if kind == "kills":
            kill_rounds(int(count), int(seed), tally)
        elif kind == "commands":
            command_rounds(int(count), int(seed), tally)
        elif kind == "places":
            place_rounds(int(count), int(seed), tally)
        else:
            with tempfile.TemporaryDirectory() as folder:
                download_rounds(int(count), Path(folder), tally)
    except KeyboardInterrupt:
        pass
    tally.show()
    return bool(tally.failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
