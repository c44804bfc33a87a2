"""A run in plain lines."""

from __future__ import annotations

from wizard.headless import lines


def test_long_lines_are_folded_between_words_and_addresses_stay_whole() -> None:
    said = lines.folded("05:28:09 Unpack annotations: done [coco-20i/extract-annotations]", 40)
    assert said.splitlines() == [
        "05:28:09 Unpack annotations: done",
        "         [coco-20i/extract-annotations]",
    ]
