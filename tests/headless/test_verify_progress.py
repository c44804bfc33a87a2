"""How far a verification is, in words, from its first second on."""

from __future__ import annotations

import pytest

from wizard.headless.commands import verify
from wizard.headless.commands.verify import _progress
from wizard.progress import Counter, Meter


def _metered(before: int, now: int) -> Meter:
    """What was done before, and ten seconds later."""
    meter = Meter()
    meter.sample(0.0, before)
    meter.sample(10.0, now)
    return meter


@pytest.mark.parametrize(
    ("done", "total", "said"),
    [
        (0, None, "d: reading its tables"),
        (0, 1200, "d: 0 of 1,200 images"),
        (300, 1200, "d: 300 of 1,200 images, 30 s left"),
        (1200, 1200, "d: 1,200 of 1,200 images"),
    ],
)
def test_what_is_done_and_how_long_the_rest_takes(done: int, total: int | None, said: str) -> None:
    counter = Counter(total=total, unit="images")
    counter.advance(done)
    assert _progress("d", counter, _metered(0, done)) == said


def test_what_goes_by_in_a_moment_says_nothing_of_the_rest() -> None:
    counter = Counter(total=1200, unit="images")
    counter.advance(900)
    assert _progress("d", counter, _metered(800, 900)) == "d: 900 of 1,200 images, 30 s left"


def test_a_log_hears_of_a_verification_in_its_first_second_and_then_ever_less_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[float] = []
    said: list[str] = []

    class Over:
        def wait(self, seconds: float) -> bool:
            waited.append(seconds)
            return len(waited) > 6

    monkeypatch.setattr("wizard.headless.commands.verify.say.talk", said.append)
    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)
    verify._tick("d", Counter(total=5, unit="images"), Over())  # type: ignore[arg-type]
    assert waited == [1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0]
    assert said == ["d: 0 of 5 images"] * 6
