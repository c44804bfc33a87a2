"""What came of many rounds: counts by kind, and every round that did not hold."""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """Rounds by kind, and those that failed with all that is needed to play them again."""

    rounds: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    def add(self, kind: str, problem: str = "") -> None:
        """Count a round; ``problem`` is empty where everything held."""
        self.rounds[kind] += 1
        if problem:
            self.fail(f"{kind}: {problem}")

    def fail(self, problem: str) -> None:
        """Keep what did not hold."""
        self.failed.append(problem)
        print(f"FAILED {problem}", file=sys.stderr, flush=True)

    def show(self) -> None:
        """Print the counts, and what failed."""
        for kind, count in sorted(self.rounds.items()):
            print(f"{kind:24} {count:6,}")
        print(f"{'rounds':24} {sum(self.rounds.values()):6,}")
        print(f"{'failed':24} {len(self.failed):6,}")
        for each in self.failed[:20]:
            print(each, file=sys.stderr)


def traces(said: str) -> str:
    """Return what of some output nobody should be shown; empty for nothing.

    Of an interpreter that is interrupted before it comes to us there is nothing of ours in it.
    """
    # The manual tells of "a fault of segwizard itself" among the exit codes.
    if re.search("a fault of segwizard(?! *itself)|met a fault of its own", said):
        return "a fault of segwizard was told"
    ours = "Traceback (most recent call last)" in said and "/wizard/" in said
    return "a traceback was shown" if ours else ""
