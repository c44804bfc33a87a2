"""The list of an unpacking's members: each path once, whatever waits in a file meanwhile."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.archives.extraction import FolderMembers, Member, by_folder
from wizard.archives.ledger import Ledger
from wizard.errors import ArchiveError

PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)
CLAIMS = st.lists(st.tuples(PATHS, st.integers(0, 2), st.sampled_from([None, 1, 2])), max_size=40)
HELD = st.integers(1, 6)


def ledger(held: int, bits: int = 64) -> Ledger:
    """A list that holds next to nothing in memory, with a filter that is often wrong."""
    return Ledger("a.tar", tempfile.TemporaryFile, held=held, bits=bits)


class Plain:
    """The same rules, with everything in memory."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[int, int | None]] = {}

    def claim(self, path: str, size: int, crc: int | None) -> bool:
        known = self.files.get(path)
        if known is not None:
            if known != (size, crc):
                raise ArchiveError("another")
            return False
        above = [path[:at] for at, letter in enumerate(path) if letter == "/"]
        if any(each in self.files for each in above):
            raise ArchiveError("below a file")
        if any(each.startswith(f"{path}/") for each in self.files):
            raise ArchiveError("a folder")
        self.files[path] = size, crc
        return True


@given(CLAIMS, HELD)
def test_it_says_what_a_list_in_memory_says(
    claims: list[tuple[str, int, int | None]], held: int
) -> None:
    made, plain = ledger(held), Plain()
    for claim in claims:
        try:
            expected = plain.claim(*claim)
        except ArchiveError:
            with pytest.raises(ArchiveError):
                made.claim(*claim)
            return
        assert made.claim(*claim) is expected
        assert made.taken(claim[0])
    assert {each.path: (each.size, each.crc32) for each in made} == plain.files
    assert len(made) == len(plain.files)
    members = (Member(path, *facts) for path, facts in plain.files.items())
    assert list(made.folders()) == by_folder(members)


@given(st.sets(PATHS), st.randoms(use_true_random=False), HELD)
def test_the_order_of_members_changes_nothing(names: set[str], random, held: int) -> None:
    paths = [f"{name}/x" for name in names]
    first, second = ledger(held), ledger(100)
    for made in (first, second):
        random.shuffle(paths)
        for path in paths:
            made.claim(path, len(path), 1)
    assert list(first.folders()) == list(second.folders())


@given(CLAIMS, HELD)
def test_what_was_handed_over_is_taken_over_whole(
    claims: list[tuple[str, int, int | None]], held: int
) -> None:
    made = ledger(held)
    for claim in claims:
        try:
            made.claim(*claim)
        except ArchiveError:
            continue
    taken = ledger(held, bits=1 << 10)
    taken.take_over(made.folders())
    assert list(taken) == list(made)


def test_memory_does_not_grow_with_the_members() -> None:
    made = ledger(100, bits=1 << 16)
    most = 0
    for number in range(5_000):
        made.claim(f"{number // 50}/{number}", 1, number)
        most = max(most, sum(len(files) for files in made._open.values()))
    assert most <= 100
    assert len(made) == 5_000


def _numbers(folder: FolderMembers) -> Iterator[int]:
    yield from (int(name) for name in folder.names)


def test_names_come_in_order_from_a_file_that_was_written_in_turns() -> None:
    made = ledger(3)
    for number in (5, 3, 9, 1, 7, 0):
        made.claim(f"d/{number}", number, None)
    (folder,) = made.folders()
    assert list(_numbers(folder)) == folder.sizes == [0, 1, 3, 5, 7, 9]
