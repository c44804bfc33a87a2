from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.progress import Meter


def test_nothing_is_known_before_a_second_has_passed():
    meter = Meter()
    meter.sample(0.0, 0)
    meter.sample(0.5, 100)
    assert meter.rate is None
    assert meter.eta(1000) is None


def test_the_rate_is_the_mean_of_the_window():
    meter = Meter(window=30.0)
    for second in range(100):
        meter.sample(float(second), second * 10 if second < 50 else 500 + (second - 50) * 20)
    assert meter.rate == pytest.approx(20.0)
    assert meter.eta(1480 + 200) == pytest.approx(10.0)


def test_falling_back_starts_anew():
    meter = Meter()
    meter.sample(0.0, 500)
    meter.sample(2.0, 1000)
    meter.sample(3.0, 0)
    assert meter.rate is None


def test_work_that_stands_still_has_no_end():
    meter = Meter()
    meter.sample(0.0, 5)
    meter.sample(5.0, 5)
    assert meter.rate == 0.0
    assert meter.eta(10) is None


@given(
    st.lists(st.tuples(st.floats(0.2, 3.0), st.floats(0.0, 50.0)), min_size=1, max_size=60),
    st.floats(0.2, 2.0),
)
def test_no_time_left_grows_while_nothing_moves(
    steps: list[tuple[float, float]], pace: float
) -> None:
    meter, moment, done = Meter(window=30.0), 0.0, 0.0
    meter.sample(moment, done)
    for seconds, more in steps:
        moment, done = moment + seconds, done + more
        meter.sample(moment, done)
    still = moment
    while moment - still <= 40:
        moment += pace
        meter.sample(moment, done)
        if moment - still > 10:
            assert meter.eta(done + 1000) is None
