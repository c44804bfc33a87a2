"""What the last page knows, and from where."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wizard.app.outcome import working_seconds
from wizard.engine.logs import STARTED
from wizard.engine.remote.protocol import Event


def run_of(begin: float, *after: float) -> list[Event]:
    """The events of one run: its start, and others so many seconds later each."""
    moments = [begin + sum(after[:number]) for number in range(len(after) + 1)]
    texts = [f"{STARTED} here", *("done" for _ in after)]
    return [
        Event(moment=moment, level="info", text=text)
        for moment, text in zip(moments, texts, strict=True)
    ]


def test_a_log_without_its_beginning_does_not_tell_how_long_it_took():
    assert working_seconds([]) is None
    assert working_seconds(run_of(0, 5)[1:]) is None


def test_a_step_whose_words_are_those_of_a_start_begins_no_run():
    named = Event(moment=10, level="info", text=f"{STARTED} here", address="a/b")
    assert working_seconds([*run_of(0), named]) == 10


_STEPS = st.lists(st.integers(0, 10**6), max_size=5)


@given(st.lists(st.tuples(st.integers(0, 10**7), _STEPS), min_size=1, max_size=5))
def test_time_at_work_is_that_of_every_run_and_none_between(runs: list[tuple[int, list[int]]]):
    events: list[Event] = []
    for gap, steps in runs:
        begin = (events[-1].moment if events else 0) + gap
        events += run_of(begin, *steps)
    assert working_seconds(events) == sum(sum(steps) for _, steps in runs)
