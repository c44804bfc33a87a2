"""A tar is read alike however its bytes come, and one that ends anywhere before its end is told."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.archives.bounds import CHUNK
from wizard.archives.tar import reader
from wizard.archives.tar.reader import TarReader
from wizard.errors import ArchiveError, Cancelled
from wizard.progress import CancelToken

Handling = st.sampled_from(["read", "chunks", "first chunk", "skip"])


class Trickle:
    """A stream that gives a few bytes at each read, as those do that are still arriving."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._file = io.BytesIO(data)
        self._sizes = sizes
        self.reads = 0

    def read(self, size: int = -1, /) -> bytes:
        """Return fewer bytes than are asked for."""
        self.reads += 1
        return self._file.read(min(size, self._sizes[self.reads % len(self._sizes)]))


def packed(contents: list[bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for place, data in enumerate(contents):
            info = tarfile.TarInfo(f"{place}" * (60 if place % 3 == 2 else 1))
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


def taken(data: reader.Readable, handling: list[str]) -> Iterator[tuple[str, int, bytes]]:
    members = TarReader(data, "a.tar", token=CancelToken())
    for place, entry in enumerate(members):
        match handling[place % len(handling)]:
            case "read":
                yield entry.name, entry.size, members.read()
            case "chunks":
                yield entry.name, entry.size, b"".join(members.chunks())
            case "first chunk":
                yield entry.name, entry.size, next(members.chunks(), b"")
            case _:
                yield entry.name, entry.size, b""


@given(
    st.lists(st.sampled_from([0, 1, 511, 512, 513, 3000]), min_size=1, max_size=8),
    st.lists(st.integers(1, 700), min_size=1, max_size=5),
    st.lists(Handling, min_size=1, max_size=4),
)
def test_members_are_the_same_however_the_bytes_come(
    lengths: list[int], sizes: list[int], handling: list[str]
) -> None:
    data = packed([bytes([place + 1]) * length for place, length in enumerate(lengths)])
    at_once = list(taken(io.BytesIO(data), handling))
    assert list(taken(Trickle(data, sizes), handling)) == at_once
    assert [size for _, size, _ in at_once] == lengths


@pytest.mark.parametrize("length", [CHUNK - 512, CHUNK, 3 * CHUNK + 7])
@pytest.mark.parametrize("way", ["read", "chunks", "first chunk", "skip"])
def test_members_across_what_is_read_at_once_are_whole(length: int, way: str) -> None:
    content = bytes(range(256)) * (length // 256 + 1)
    first, second = content[:length], b"after"
    found = list(taken(io.BytesIO(packed([first, second])), [way, "read"]))
    given_back = {"read": first, "chunks": first, "first chunk": first[:CHUNK], "skip": b""}
    assert found == [("0", length, given_back[way]), ("1", 5, second)]


@given(st.data())
def test_an_end_anywhere_before_the_end_is_told(data: st.DataObject) -> None:
    whole = packed([b"x" * 700, b"", b"y" * 20])
    end = 512 + 1024 + 512 + 512 + 512
    cut = data.draw(st.integers(0, end + 511))
    handling = [data.draw(Handling)]
    with pytest.raises(ArchiveError, match="cut short"):
        list(taken(Trickle(whole[:cut], [97]), handling))


def test_a_stream_is_asked_for_a_mib_at_a_time() -> None:
    # Asked twice for each member of a hundred bytes, it took longer than all else done for them.
    stream = Trickle(packed([b"z" * 100] * 3000), [CHUNK])
    assert len(list(taken(stream, ["read"]))) == 3000
    assert stream.reads < 10


def test_stopping_is_looked_at_within_a_mib() -> None:
    token = CancelToken()
    members = TarReader(io.BytesIO(packed([b"z" * 1000] * 4000)), "a.tar", token=token)
    seen = 0
    with pytest.raises(Cancelled):
        for _ in members:
            token.cancel()
            seen += 1
    assert seen <= CHUNK // 1024
