"""Against a real range server, over http and https."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.servers.nginx import Nginx, missing_tools, nginx
from tests.transfer.fetches import IMPATIENT, Fetch, archive, sha256
from wizard.errors import TransferError
from wizard.transfer.errors import InsecureConnection

DATA = archive(5_000_000)

pytestmark = pytest.mark.skipif(bool(missing_tools()), reason=f"{missing_tools()} not installed")


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    files, folder = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("nginx")
    (files / "a.zip").write_bytes(DATA)
    (files / "empty.txt").write_bytes(b"")
    with nginx(files, folder, rate="4m") as running:
        yield running


@pytest.mark.parametrize("segments", [1, 4])
@pytest.mark.parametrize("scheme", ["http", "https", "slow"])
def test_a_file_arrives(
    web: Nginx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, segments: int
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(web.certificate))
    base = {"http": web.http, "https": web.https, "slow": web.slow}[scheme]
    policy = replace(IMPATIENT, connections_per_file=segments)
    fetch = Fetch(tmp_path, "a.zip", (f"{base}/a.zip",), {"size": len(DATA)}, policy)
    proof = fetch.run()
    assert proof.sha256 == sha256(DATA)
    assert fetch.target.read_bytes() == DATA
    assert fetch.leftovers() == []


def test_an_empty_file_and_a_missing_one(web: Nginx, tmp_path: Path) -> None:
    assert Fetch(tmp_path, "empty.txt", (f"{web.http}/empty.txt",)).run().size == 0
    with pytest.raises(TransferError, match="dead"):
        Fetch(tmp_path, "none.zip", (f"{web.http}/none.zip",)).run()


def test_a_certificate_nobody_vouches_for_is_refused_with_three_fixes(
    web: Nginx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    fetch = Fetch(tmp_path, "a.zip", (f"{web.https}/a.zip",))
    with pytest.raises(InsecureConnection, match="not trusted") as caught:
        fetch.run()
    assert all(
        word in caught.value.hint for word in ("SSL_CERT_FILE", "HTTPS_PROXY", "segwizard import")
    )


_KILLED = """
import sys
from pathlib import Path
from wizard.progress import CancelToken
from wizard.transfer.download import Downloader
from wizard.transfer.retry_policy import RetryPolicy
from wizard.progress import TransferProgress
from wizard.transfer.request import FetchRequest
policy = RetryPolicy(rate=2_000_000, checkpoint=0.05, segment_from=1 << 20, segment_size=1 << 18)
request = FetchRequest(name="a.zip", urls=(sys.argv[1],))
Downloader(policy).fetch(request, Path(sys.argv[2]), TransferProgress(), CancelToken())
"""


def test_a_process_killed_amid_pieces_leaves_what_the_next_one_needs(
    web: Nginx, tmp_path: Path
) -> None:
    url = f"{web.http}/a.zip"
    fetch = Fetch(tmp_path, "a.zip", (url,), {"sha256": sha256(DATA)}, IMPATIENT)
    with subprocess.Popen([sys.executable, "-c", _KILLED, url, str(fetch.target)]) as process:
        record = Path(f"{fetch.part}.json")
        while not record.exists() or record.stat().st_size < 150:
            assert process.poll() is None
        process.kill()
    kept = fetch.part.stat().st_size
    fetch.run()
    assert kept > 0
    assert fetch.target.read_bytes() == DATA
