"""The demo's server: every kind of access lets the right visitor in and the others out."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import httpx
import msgspec
import pytest

from tests.waiting import TIME_LIMIT
from wizard.credentials.secret import Secret
from wizard.demo.guards import PASSWORD, USER
from wizard.demo.miniature import Miniature
from wizard.demo.server import DemoServer
from wizard.kinds.registry import load_recipe
from wizard.recipes.site import apply_site, load_site
from wizard.transfer.links.pasted import read_base_address, read_link

GATED = {
    "bdd": "browser",
    "cityscapes": "login",
    "idd": "link",
    "kitti": "link",
    "mapillary": "link",
    "scannet": "base-url",
    "wilddash": "login",
}


def get(url: str, **headers: str) -> httpx.Response:
    """Fetch once, following nothing."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.get(url, headers=named, trust_env=False, timeout=TIME_LIMIT)


def browser(server: DemoServer) -> httpx.Client:
    """A client that keeps cookies and follows redirects."""
    return httpx.Client(
        base_url=server.url, follow_redirects=True, trust_env=False, timeout=TIME_LIMIT
    )


def test_open_archives_come_whole(server: DemoServer, miniature: Miniature) -> None:
    archive = miniature.archive("val2017.zip")
    answer = get(f"{server.url}/open/val2017.zip")
    assert answer.status_code == 200
    assert hashlib.sha256(answer.content).hexdigest() == archive.sha256
    assert answer.headers["last-modified"] == "Fri, 04 May 2018 10:20:00 GMT"


def test_ranges_validators_and_starting_over(server: DemoServer, miniature: Miniature) -> None:
    archive, url = miniature.archive("val2017.zip"), f"{server.url}/open/val2017.zip"
    whole = archive.path.read_bytes()
    tag = get(url).headers["etag"]
    part = get(url, Range="bytes=10-19", If_Range=tag)
    assert (part.status_code, part.content) == (206, whole[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{archive.size}"
    assert get(url, Range="bytes=100-").content == whole[100:]
    assert get(url, Range="bytes=-7").content == whole[-7:]
    assert get(url, Range="bytes=10-19", If_Range='"other"').status_code == 200
    past = get(url, Range=f"bytes={archive.size}-")
    assert (past.status_code, past.headers["content-range"]) == (416, f"bytes */{archive.size}")


def test_numbered_packages_need_the_login(server: DemoServer, miniature: Miniature) -> None:
    path = "/cityscapes/file-handling/?packageID=1"
    with browser(server) as client:
        assert b"password" in client.get(path).content
        wrong = client.post("/cityscapes/login/", data={"username": USER, "password": "no"})
        assert b"wrong" in wrong.content
        assert b"password" in client.get(path).content
        client.post("/cityscapes/login/", data={"username": USER, "password": PASSWORD})
        answer = client.get(path)
        archive = miniature.archive("gtFine_trainvaltest.zip")
        assert answer.content == archive.path.read_bytes()
        assert archive.name in answer.headers["content-disposition"]
        md5 = client.get("/cityscapes/md5-sum/?packageID=1").text
        assert md5.split() == [archive.md5, archive.name]
        listed = client.get("/cityscapes/downloads/?list").json()
        assert {each["packageID"] for each in listed} == {"1", "3"}


def test_the_hidden_token_is_asked_for(server: DemoServer, miniature: Miniature) -> None:
    login = "/wilddash/accounts/login"
    fields = {"username": USER, "password": PASSWORD}
    with browser(server) as client:
        assert client.post(login, data=fields).status_code == 403
        token = client.get(login).text.partition('value="')[2].partition('"')[0]
        client.post(login, data={**fields, "csrfmiddlewaretoken": token})
        answer = client.get("/wilddash/download/wd_val_01.zip")
    assert answer.content == miniature.archive("wd_val_01.zip").path.read_bytes()


def test_signed_links_expire_and_cannot_be_altered(server: DemoServer) -> None:
    link = server.answers["kitti"]["link"].reveal()
    assert get(link).status_code == 200
    assert get(link.replace("Signature=", "Signature=0")).status_code == 403
    assert get(link.replace("data_semantics", "idd-segmentation")).status_code == 403
    stale = get(server.link("data_semantics.zip", seconds=-5))
    assert stale.status_code == 403
    assert b"expired" in stale.content


def test_the_base_address_must_be_known(server: DemoServer) -> None:
    base = server.answers["scannet"]["base-url"].reveal()
    assert get(f"{base}v2/tasks/scannet_frames_25k.zip").status_code == 200
    assert get(f"{server.url}/scans/v2/tasks/scannet_frames_25k.zip").status_code == 404


def test_only_a_click_gets_the_browsers_archive(server: DemoServer, tmp_path: Path) -> None:
    page = get(f"{server.url}/pages/bdd100k_seg.zip")
    assert "text/html" in page.headers["content-type"]
    (brought,) = server.download_by_hand(tmp_path / "inbox")
    clicked = get(f"{server.url}/pages/bdd100k_seg.zip?clicked=yes")
    assert brought.read_bytes() == clicked.content


def test_what_is_not_there_is_not_found(server: DemoServer) -> None:
    assert get(f"{server.url}/open/none.zip").status_code == 404
    assert get(f"{server.url}/").status_code == 200


@pytest.mark.parametrize("gated", [True, False])
def test_the_site_file_points_the_recipe_here(
    server: DemoServer, tmp_path: Path, gated: bool
) -> None:
    path = tmp_path / "site.toml"
    path.write_text(server.site_toml(gated=gated))
    assert tomllib.loads(path.read_text())
    recipe = apply_site(load_recipe("mseg"), load_site(path))
    for dataset in recipe.datasets:
        for archive in dataset.usual:
            expected = GATED.get(dataset.id, "open") if gated else "open"
            assert archive.access.kind == expected
            assert all(url.startswith(server.url) for url in archive.urls)
            assert archive.sha256
    if gated:
        assert all(site.login_url.startswith(server.url) for site in recipe.sites)


def test_gates_agree_with_the_recipe() -> None:
    for dataset in load_recipe("mseg").datasets:
        kinds = {archive.access.kind for archive in dataset.usual}
        assert kinds == {GATED.get(dataset.id, "open")}


def test_answers_are_secrets_a_person_could_paste(server: DemoServer) -> None:
    answers = server.answers
    assert set(answers) == {key for key, kind in GATED.items() if kind != "browser"}
    for fields in answers.values():
        assert all(isinstance(value, Secret) for value in fields.values())
    assert read_link(answers["idd"]["link"].reveal()).name == "idd-segmentation.tar.gz"
    assert read_base_address(f'BASE_URL = "{answers["scannet"]["base-url"].reveal()}"').host
    assert "Signature" not in msgspec.json.encode(repr(answers)).decode()
