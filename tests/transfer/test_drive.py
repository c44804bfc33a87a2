"""Google Drive's pages: the warning with its form, the quota, and a file given at once."""

from __future__ import annotations

import pytest

from tests.servers.misbehaving import Misbehaving, Page
from wizard.transfer.errors import Unreachable, WrongContent
from wizard.transfer.http.client import make_client
from wizard.transfer.links.drive import file_id, resolve

WARNING = """<p>Google Drive can't scan this file for viruses.</p>
<form id="download-form" action="{url}/confirmed" method="get">
<input type="hidden" name="id" value="1AbC"><input type="hidden" name="export" value="download">
<input type="hidden" name="confirm" value="t"><input type="hidden" name="uuid" value="u-7">
<input type="submit" value="Download anyway"></form>"""


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://drive.google.com/file/d/1AbC-_9/view?usp=sharing", "1AbC-_9"),
        ("https://drive.google.com/uc?export=download&id=1AbC", "1AbC"),
        ("https://drive.google.com/open?id=1AbC", "1AbC"),
        ("https://docs.google.com/uc?id=1AbC&confirm=t", "1AbC"),
        ("https://drive.usercontent.google.com/download?id=1AbC", "1AbC"),
        ("https://example.org/file/d/1AbC/view", ""),
        ("https://drive.google.com/drive/folders", ""),
    ],
)
def test_ids_of_share_links(address: str, name: str) -> None:
    assert file_id(address) == name


def test_the_warning_page_is_confirmed(server: Misbehaving) -> None:
    download = server.put("download", b"", Page("Virus scan warning", WARNING.format(url="/x")))
    address = resolve("1AbC", make_client, download=download)
    assert address == f"{server.url}/x/confirmed?id=1AbC&export=download&confirm=t&uuid=u-7"


def test_a_small_file_comes_at_once(server: Misbehaving) -> None:
    download = server.put("download", b"PK\x03\x04 small")
    assert resolve("1AbC", make_client, download=download) == (
        f"{download}?id=1AbC&export=download"
    )
    assert len(server.requests("download")) == 1


def test_the_quota_page_is_recognised(server: Misbehaving) -> None:
    text = "Too many users have viewed or downloaded this file recently."
    download = server.put("download", b"", Page("Quota exceeded", text))
    with pytest.raises(WrongContent) as caught:
        resolve("1AbC", make_client, download=download)
    assert caught.value.page == "quota"
    assert "24 hours" in caught.value.hint


def test_no_answer_is_a_network_fault() -> None:
    with Misbehaving() as gone:
        download = f"{gone.url}/download"
    with pytest.raises(Unreachable):
        resolve("1AbC", make_client, download=download)
