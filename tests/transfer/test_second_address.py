"""What nobody hashed is compared with another address, where there is one that answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.access import fetching, install, run
from tests.servers.misbehaving import Misbehaving
from wizard.kinds.fetching.proofs import last_proof
from wizard.recipes.model import Archive

TEXT = (b"%d\n" % 7) * 100_000


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def proven_by(tmp_path: Path, data: bytes, *others: str, **known: object) -> tuple[str, list[str]]:
    """Fetch a file from one server that has others beside it; returns how it is proven."""
    with Misbehaving() as server:
        url = server.put("toy.txt", data)
        archive = Archive(name="toy.txt", urls=(url, *others), **known)  # type: ignore[arg-type]
        made = install(tmp_path / "dest", archive)
        run(fetching(made, "toy.txt"))
        proof = last_proof(fetching(made, "toy.txt").record)
        made.shared.close()
    assert proof
    return proof.how, [each.path for each in server.seen]


def test_the_same_file_elsewhere_is_told(tmp_path: Path) -> None:
    with Misbehaving() as other:
        how, _ = proven_by(tmp_path, TEXT, other.put("copy.txt", TEXT))
        ranges = [each.headers.get("range") for each in other.seen]
    assert how.endswith("offers one of the same size and ends")
    assert len(ranges) == 2 and all(ranges), "two short answers"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (TEXT[:-10], "another file, of 199,990 bytes"),
        (TEXT[:-1] + b"x", "another file of this size"),
        (b"x" + TEXT[1:], "another file of this size"),
    ],
    ids=["size", "end", "start"],
)
def test_another_file_elsewhere_is_told_and_refuses_nothing(
    tmp_path: Path, data: bytes, says: str
) -> None:
    with Misbehaving() as other:
        how, _ = proven_by(tmp_path, TEXT, other.put("copy.txt", data))
    assert f"; but 127.0.0.1:{other.url.rpartition(':')[2]} offers {says}" in how


def test_an_address_that_does_not_answer_costs_nothing(tmp_path: Path) -> None:
    with Misbehaving() as other:
        gone = other.put("copy.txt", TEXT)
    how, _ = proven_by(tmp_path, TEXT, gone)
    assert "offers" not in how


def test_the_next_one_is_asked_when_one_does_not_answer(tmp_path: Path) -> None:
    with Misbehaving() as gone:
        first = gone.put("copy.txt", TEXT)
    with Misbehaving() as other:
        how, _ = proven_by(tmp_path, TEXT, first, other.put("copy.txt", TEXT))
    assert how.endswith("offers one of the same size and ends")


def test_what_is_proven_by_size_or_hash_asks_nobody(tmp_path: Path) -> None:
    with Misbehaving() as other:
        url = other.put("copy.txt", TEXT)
        how, _ = proven_by(tmp_path, TEXT, url, size=len(TEXT))
        assert "offers" not in how
        assert not other.seen


def test_small_files_and_whole_answers_are_compared_too(tmp_path: Path) -> None:
    with Misbehaving() as other:
        how, _ = proven_by(tmp_path, b"short\n", other.put("copy.txt", b"short\n"))
    assert how.endswith("offers one of the same size and ends")
