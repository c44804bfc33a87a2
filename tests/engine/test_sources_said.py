"""What single sources say is compared and told; short proofs and wrong releases decide."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.engine.access import DATA, fetching, install, run
from tests.servers.misbehaving import Misbehaving
from wizard.errors import TransferError
from wizard.kinds.fetching import gateway
from wizard.kinds.fetching.adopt import git_blob, judge_archive, wanted_hashes
from wizard.kinds.fetching.proofs import last_proof
from wizard.progress import CancelToken
from wizard.recipes.archive_facts import with_deciding_facts
from wizard.recipes.model import Archive, Version
from wizard.recipes.provenance import Statement
from wizard.transfer.retry_policy import RetryPolicy

SHA256 = hashlib.sha256(DATA).hexdigest()
MD5 = hashlib.md5(DATA, usedforsecurity=False).hexdigest()
WRONG = "0" * 32


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(gateway, "RetryPolicy", lambda **given: RetryPolicy(attempts=1, **given))


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    with Misbehaving() as double:
        yield double


def archive(**stated: object) -> Archive:
    return with_deciding_facts(Archive(name="toy.zip", size_about=len(DATA), **stated))  # type: ignore[arg-type]


def hashes(data: bytes, wanted: set[str]) -> dict[str, str]:
    return {name: hashlib.new(name, data).hexdigest() for name in wanted}


def test_a_hash_that_one_source_states_wrongly_is_told_and_refuses_nothing(
    tmp_path: Path, server: Misbehaving
) -> None:
    said = (
        Statement(by=("the maker of lists",), md5=WRONG),
        Statement(by=("another",), sha256=SHA256, size=len(DATA)),
    )
    made = install(tmp_path / "dest", archive(urls=(server.put("toy.zip", DATA),), statements=said))
    step = fetching(made)
    run(step)
    proof = last_proof(step.record)
    made.shared.close()
    assert proof is not None
    assert "the maker of lists states another md5" in proof.how
    assert "sha256 and size as another states" in proof.how
    assert len(server.requests("toy.zip")) == 1


def test_two_sources_that_agree_refuse_other_bytes(tmp_path: Path, server: Misbehaving) -> None:
    said = (Statement(by=("one", "two"), md5=WRONG),)
    made = install(tmp_path / "dest", archive(urls=(server.put("toy.zip", DATA),), statements=said))
    with pytest.raises(TransferError, match="md5"):
        run(fetching(made))
    made.shared.close()


@pytest.mark.parametrize("right", [True, False])
def test_the_first_digits_of_a_sha256_decide(tmp_path: Path, *, right: bool) -> None:
    wanted = archive(urls=("https://a.example",), sha256_start=SHA256[:8] if right else "0" * 8)
    path = tmp_path / "toy.zip"
    path.write_bytes(DATA)
    found = hashes(DATA, wanted_hashes(wanted))
    verdict = judge_archive(path, wanted, found, by_name=True, token=CancelToken())
    assert verdict.accepted is right
    assert right or "begins" in verdict.how


@pytest.mark.parametrize("right", [True, False])
def test_the_id_git_gives_decides(tmp_path: Path, *, right: bool) -> None:
    path = tmp_path / "toy.zip"
    path.write_bytes(DATA)
    blob = hashlib.sha1(b"blob %d\0" % len(DATA) + DATA, usedforsecurity=False).hexdigest()
    assert git_blob(path) == blob
    wanted = archive(urls=("https://a.example",), git_blob=blob if right else "0" * 40)
    found = hashes(DATA, wanted_hashes(wanted))
    verdict = judge_archive(path, wanted, found, by_name=True, token=CancelToken())
    assert verdict.accepted is right


def test_a_release_known_by_its_hash_is_named_when_it_comes(
    tmp_path: Path, server: Misbehaving
) -> None:
    other = Version(name="the release of last year", accepted=False, note="too old", md5=MD5)
    wanted = replace(
        archive(urls=(server.put("toy.zip", DATA),)), sha256="1" * 64, versions=(other,)
    )
    made = install(tmp_path / "dest", wanted)
    with pytest.raises(TransferError) as caught:
        run(fetching(made))
    assert "the release of last year: too old" in caught.value.hint
    made.shared.close()
