"""Limits of a site hold for every run, whatever its options say."""

from __future__ import annotations

import pytest

from wizard.app.opening import within
from wizard.recipes.site_model import SiteLimits
from wizard.steps.install import Settings


@pytest.mark.parametrize(
    "asked, allowed, rate", [(0, None, 0), (0, 50, 50), (20, 50, 20), (90, 50, 50), (20, 0, 20)]
)
def test_the_lower_rate_counts_and_none_is_no_limit(
    asked: int, allowed: int | None, rate: int
) -> None:
    assert within(Settings(rate_limit=asked), SiteLimits(rate=allowed)).rate_limit == rate


def test_transfers_and_connections_are_held_to_the_site() -> None:
    held = within(Settings(transfers=8, per_host=2), SiteLimits(transfers=3, per_host=4))
    assert (held.transfers, held.per_host) == (3, 2)
    assert within(Settings(workers=7), SiteLimits()) == Settings(workers=7)
