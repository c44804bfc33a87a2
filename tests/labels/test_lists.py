from __future__ import annotations

from pathlib import Path

import pytest

from wizard.errors import LabelError
from wizard.labels.tables.lists import Pair, TableText, read_pairs


def write(tmp_path: Path, text: bytes) -> TableText:
    path = tmp_path / "train.txt"
    path.write_bytes(text)
    return TableText.of(path)


def test_lines_may_end_in_any_way(tmp_path: Path) -> None:
    file = write(tmp_path, b"a/1.jpg b/1.png\r\na/2.jpg  b/2.png \na/3.jpg\tb/3.png")
    assert read_pairs(file, labelled=True) == (
        Pair("a/1.jpg", "b/1.png"),
        Pair("a/2.jpg", "b/2.png"),
        Pair("a/3.jpg", "b/3.png"),
    )


def test_a_test_list_may_name_images_alone(tmp_path: Path) -> None:
    file = write(tmp_path, b"a/1.jpg\n")
    assert read_pairs(file, labelled=False) == (Pair("a/1.jpg", ""),)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"a.jpg b.png\na.jpg\n", 2),
        (b"a.jpg b.png c.png\n", 1),
        (b"a.jpg b.png\n\na.jpg b.png\n", 2),
        (b"../a.jpg b.png\n", 1),
        (b"a.jpg b.png\na.jpg /etc/b.png\n", 2),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, text: bytes, line: int) -> None:
    file = write(tmp_path, text)
    with pytest.raises(LabelError) as caught:
        read_pairs(file, labelled=True)
    assert caught.value.where == f"{file.path}:{line}"


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = write(tmp_path, b"\x89PNG\xff\xfe\n")
    with pytest.raises(LabelError, match="cannot be read as text"):
        read_pairs(file, labelled=True)
