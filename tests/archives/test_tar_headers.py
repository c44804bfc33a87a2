"""A plain header is read as ``tarfile`` reads it, and any other is left to that."""

from __future__ import annotations

import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.archives.tar.reader import _plain_file

NAMES = st.text(st.characters(min_codepoint=1, max_codepoint=300), min_size=1, max_size=60)
KINDS = st.sampled_from(
    [tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.XHDTYPE]
)


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.USTAR_FORMAT if name.isascii() else tarfile.PAX_FORMAT)[:512]


@given(NAMES, st.integers(0, 2**33 - 1), KINDS)
def test_it_says_what_tarfile_says(name: str, size: int, kind: bytes) -> None:
    block = header(name, size, kind)
    found = _plain_file(block)
    if found is None:
        return
    info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    assert (found.name, found.size, found.problem) == (info.name, info.size, "")
    assert info.isreg()


def test_nearly_all_there_is_is_plain() -> None:
    for size in (0, 1, 512, 10**9):
        found = _plain_file(header("n01440764/n01440764_10026.JPEG", size))
        assert found is not None and found.size == size


@given(st.integers(0, 511), st.integers(1, 255))
def test_a_byte_that_changed_is_left_to_tarfile(place: int, by: int) -> None:
    block = bytearray(header("n01440764/n01440764_10026.JPEG", 1234))
    block[place] ^= by
    found = _plain_file(bytes(block))
    if found is None:
        return
    # What is stated of a sum may be written in more than one way, and nothing else.
    assert 148 <= place < 156
    assert (found.name, found.size) == ("n01440764/n01440764_10026.JPEG", 1234)


@pytest.mark.parametrize("kind", [tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.GNUTYPE_LONGNAME])
def test_what_is_no_file_is_left_to_tarfile(kind: bytes) -> None:
    assert _plain_file(header("a", 0, kind)) is None
    assert _plain_file(header("a/", 0)) is None
