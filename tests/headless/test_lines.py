"""A run in plain lines."""

from __future__ import annotations

from typing import Any

from wizard.headless.terminal import lines
from wizard.headless.terminal.lines import status_lines, summary_lines
from wizard.views import DatasetView, Request, Snapshot, State, StepView


def test_long_lines_are_folded_between_words_and_addresses_stay_whole() -> None:
    said = lines.folded("05:28:09 Unpack annotations: done [coco-20i/extract-annotations]", 40)
    assert said.splitlines() == [
        "05:28:09 Unpack annotations: done",
        "         [coco-20i/extract-annotations]",
    ]


def shards(state: State, count: int = 294, **more: Any) -> tuple[StepView, ...]:
    return tuple(
        StepView(
            address=f"imagenet/fetch:train-{number:05}-of-00294.parquet",
            dataset="imagenet",
            title="",
            kind="fetch",
            state=state,
            **{name: value(number) for name, value in more.items()},
        )
        for number in range(count)
    )


def standing(*steps: StepView) -> Snapshot:
    whole = DatasetView(
        id="imagenet", title="ImageNet", state="waiting", done_steps=0, total_steps=9, fraction=0.0
    )
    return Snapshot(
        collection="x", dest="/d", moment=0.0, running=False, datasets=(whole,), steps=steps
    )


def test_the_shards_of_a_series_that_stand_alike_share_a_line() -> None:
    steps = shards("done", 40, done=lambda _: 5, total=lambda _: 5)
    steps += shards("locked", waits_for=lambda _: ("imagenet/terms",))[40:]
    unpack = StepView(
        address="imagenet/extract",
        dataset="imagenet",
        title="",
        kind="extract",
        state="locked",
        waits_for=tuple(step.address for step in steps),
    )
    said = list(status_lines(standing(*steps, unpack)))
    assert [line for line in said if "parquet" in line] == [
        "  done             fetch:train-*-of-00294.parquet (40) 200 of 200 files",
        "  locked           fetch:train-*-of-00294.parquet (254) until imagenet/terms is done",
        "  locked           extract                            "
        "until imagenet/fetch:train-*-of-00294.parquet (294) is done",
    ]


def test_what_is_asked_for_each_shard_is_asked_once() -> None:
    def request(number: int) -> Request:
        name = f"train-{number:05}-of-00294.parquet"
        return Request(kind="browser", ask=f"Download {name}", upload=f"scp {name} host:/in/")

    said = list(summary_lines(standing(*shards("waiting", request=request)), "segwizard run x"))
    assert [line for line in said if "parquet" in line] == [
        "  imagenet/fetch:train-*-of-00294.parquet (294): Download train-*-of-00294.parquet",
        "      upload: scp train-*-of-00294.parquet host:/in/",
    ]
