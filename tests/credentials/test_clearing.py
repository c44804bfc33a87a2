"""Removing is always allowed, and what archives brought is no leftover."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from wizard.archives.extraction import Member
from wizard.credentials.chain import BackendChain, open_vault
from wizard.credentials.leftovers import find_leftovers
from wizard.credentials.secret import Secret
from wizard.errors import CredentialError
from wizard.kinds.unpacking.published import PublishedFiles
from wizard.kinds.unpacking.step import ExtractStep

TEXT = b'COCO_ZIP_URL="http://public.example/a.zip"\n'


@pytest.fixture
def vault() -> BackendChain:
    vault = open_vault(use_keyring=False)
    vault.put_file("one", "password", Secret("canary-one"), typed="yes")
    vault.put_file("two", "password", Secret("canary-two"), typed="yes")
    return vault


def test_a_file_that_others_can_read_can_be_cleared(vault: BackendChain) -> None:
    vault.file.path.chmod(0o644)
    with pytest.raises(CredentialError, match="other users may read"):
        open_vault(use_keyring=False).get("one", "password")
    open_vault(use_keyring=False).clear("one")
    assert "canary-one" not in vault.file.path.read_text()
    assert vault.file.path.stat().st_mode & 0o077 == 0
    vault.file.path.chmod(0o666)
    assert len(open_vault(use_keyring=False).clear()) == 1
    assert not vault.file.path.exists()


@pytest.mark.parametrize("damage", [b"{", b"[]", b'{"a": 1}', b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_file_of_secrets_goes_as_a_whole(vault: BackendChain, damage: bytes) -> None:
    vault.file.path.write_bytes(damage)
    with pytest.raises(CredentialError, match="damaged"):
        vault.file.get("one", "password")
    open_vault(use_keyring=False).clear()
    assert not vault.file.path.exists()


def test_every_secret_at_hand_is_searched_for(vault: BackendChain) -> None:
    vault.put_memory("three", "link", Secret("canary-three"))
    vault.put_memory("three", "user", Secret("ada"))
    values = {secret.reveal() for secret in vault.secrets()}
    assert values == {"canary-one", "canary-two", "canary-three"}


@dataclass
class _Step:
    into: Path
    address: str = "mseg:unpack"

    def recorded(self, paths: Collection[Path]) -> Iterator[tuple[Path, Member]]:
        script = self.into / "download_scripts/mseg_download_coco.sh"
        if script in paths:
            yield script, Member(script.name, len(TEXT), zlib.crc32(TEXT))


def test_what_equals_its_archive_raises_no_alarm_and_a_changed_file_does(tmp_path: Path) -> None:
    script = tmp_path / "mseg-api" / "download_scripts" / "mseg_download_coco.sh"
    script.parent.mkdir(parents=True)
    script.write_bytes(TEXT)
    published = PublishedFiles((cast(ExtractStep, _Step(tmp_path / "mseg-api")),))
    assert find_leftovers([tmp_path], [Secret("public.example/a.zip")], published.holds) == ()
    script.write_bytes(TEXT.replace(b"public", b"secret"))
    assert [each.path for each in find_leftovers([tmp_path], (), published.holds)] == [script]
    assert published.holds(tmp_path / "elsewhere") is False
