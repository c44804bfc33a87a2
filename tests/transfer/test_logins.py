"""Logins against doubles of the sites: what is sent, what is told apart, what is let go."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from tests.credentials.fakes import MemoryVault
from tests.servers.cityscapes import cityscapes, cityscapes_site
from tests.servers.members import MemberServer
from tests.servers.wilddash import wilddash, wilddash_site
from wizard.errors import TransferError
from wizard.progress import CancelToken, TransferProgress
from wizard.recipes.model import Access, Archive
from wizard.transfer.download import Downloader
from wizard.transfer.errors import (
    ApprovalMissing,
    InsecureConnection,
    LicenceNotAccepted,
    LoginRefused,
    Unreachable,
)
from wizard.transfer.logins.cityscapes import CityscapesLogin
from wizard.transfer.logins.form_login import CsrfLogin, FormLogin
from wizard.transfer.logins.session import LoginMissing, fill, require_private
from wizard.transfer.logins.sites import open_session, try_login
from wizard.transfer.request import FetchRequest
from wizard.transfer.retry_policy import RetryPolicy

DATA = b"PK\x03\x04" + bytes(range(256)) * 4000
QUICK = RetryPolicy(backoff=0.01, longest_backoff=0.05, attempts=3, head=5, connect=5)
ARCHIVE = Archive(
    name="gtFine_trainvaltest.zip",
    access=Access(kind="login", site="cityscapes", package="1"),
)


Opener = Callable[[FormLogin], FormLogin]


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Close every session a test opens."""
    with contextlib.ExitStack() as stack:
        yield lambda session: stack.enter_context(contextlib.closing(session))


def vault_for(server: MemberServer, password: str | None = None) -> MemoryVault:
    members = server.members
    login = {"user": members.user, "password": password or members.password}
    return MemoryVault(cityscapes=login, wilddash=login)


def fetch(session: FormLogin, url: str, target: Path) -> str:
    request = FetchRequest(name=target.name, urls=(url,), session=session)
    downloader = Downloader(QUICK)
    try:
        return downloader.fetch(request, target, TransferProgress(), CancelToken()).sha256
    finally:
        downloader.close()


def test_cityscapes_login_lists_packages_and_reads_the_md5(opened: Opener) -> None:
    with cityscapes({ARCHIVE.name: DATA, "leftImg8bit_trainvaltest.zip": b"x"}) as server:
        session = opened(CityscapesLogin(cityscapes_site(server.url), vault_for(server), QUICK))
        assert [(each.id, each.name) for each in session.packages()] == [
            ("1", "gtFine_trainvaltest.zip"),
            ("2", "leftImg8bit_trainvaltest.zip"),
        ]
        assert session.server_md5(ARCHIVE) == hashlib.md5(DATA).hexdigest()
        by_name = Archive(name="leftImg8bit_trainvaltest.zip")
        assert session.package_id(by_name) == "2"
        assert server.members.logins == 1
        assert server.members.seen_passwords == [server.members.password]


def test_cityscapes_session_that_ends_mid_file_is_renewed_and_the_file_goes_on(
    tmp_path: Path, opened: Opener
) -> None:
    with cityscapes({ARCHIVE.name: DATA}) as server:
        server.members.expire_at = 400_000
        session = opened(CityscapesLogin(cityscapes_site(server.url), vault_for(server), QUICK))
        url = fill(session.site.file_url, ARCHIVE)
        digest = fetch(session, url, tmp_path / ARCHIVE.name)
        assert digest == hashlib.sha256(DATA).hexdigest()
        assert (tmp_path / ARCHIVE.name).read_bytes() == DATA
        assert server.members.logins == 2


def test_md5_is_read_after_the_session_ended(opened: Opener) -> None:
    with cityscapes({ARCHIVE.name: DATA}) as server:
        session = opened(CityscapesLogin(cityscapes_site(server.url), vault_for(server), QUICK))
        session.client()
        server.members.sessions.clear()
        assert session.server_md5(ARCHIVE) == hashlib.md5(DATA).hexdigest()
        assert server.members.logins == 2


def test_wilddash_login_sends_token_cookie_and_referer(tmp_path: Path, opened: Opener) -> None:
    with wilddash({"wd_val_01.zip": DATA}) as server:
        session = opened(CsrfLogin(wilddash_site(server.url), vault_for(server), QUICK))
        archive = Archive(name="wd_val_01.zip")
        digest = fetch(session, fill(session.site.file_url, archive), tmp_path / archive.name)
        assert digest == hashlib.sha256(DATA).hexdigest()
        assert server.members.seen_passwords == [server.members.password]


@pytest.mark.parametrize("double", ["cityscapes", "wilddash"])
def test_wrong_password_is_told_from_everything_else(double: str) -> None:
    make, make_site = {
        "cityscapes": (cityscapes, cityscapes_site),
        "wilddash": (wilddash, wilddash_site),
    }[double]
    with make({}) as server:
        vault = vault_for(server, password="wrong-canary")
        with pytest.raises(LoginRefused) as caught:
            open_session(make_site(server.url), vault, QUICK).client()
        assert "wrong-canary" not in str(caught.value) + caught.value.hint
        assert "credentials set" in caught.value.hint
        assert server.members.refused_logins == 1


def test_missing_approval_and_licence_are_told_apart(tmp_path: Path, opened: Opener) -> None:
    with cityscapes({ARCHIVE.name: DATA}) as server:
        session = opened(CityscapesLogin(cityscapes_site(server.url), vault_for(server), QUICK))
        url = fill(session.site.file_url, ARCHIVE)
        server.members.approval = False
        with pytest.raises(TransferError) as caught:
            fetch(session, url, tmp_path / ARCHIVE.name)
        assert _is(caught.value, ApprovalMissing)
        server.members.approval, server.members.licence = True, False
        with pytest.raises(TransferError) as caught:
            fetch(session, url, tmp_path / ARCHIVE.name)
        assert _is(caught.value, LicenceNotAccepted)
        assert not (tmp_path / ARCHIVE.name).exists()


def _is(error: TransferError, kind: type[TransferError]) -> bool:
    causes = getattr(error, "causes", ())
    return isinstance(error, kind) or any(isinstance(cause, kind) for cause in causes)


def test_no_login_at_hand_names_the_command() -> None:
    with cityscapes({}) as server:
        session = open_session(cityscapes_site(server.url), MemoryVault(), QUICK)
        with pytest.raises(LoginMissing) as caught:
            session.client()
        assert "segwizard credentials set cityscapes" in caught.value.hint


def test_half_a_login_names_the_missing_half() -> None:
    with cityscapes({}) as server:
        for given, missing in (("user", "password"), ("password", "user name")):
            vault = MemoryVault(cityscapes={given: "canary-half"})
            session = open_session(cityscapes_site(server.url), vault, QUICK)
            with pytest.raises(LoginMissing, match=f"no {missing} for Cityscapes is known"):
                session.client()


def test_a_login_page_that_is_gone_is_no_wrong_password() -> None:
    with cityscapes({}) as server:
        site = replace(cityscapes_site(server.url), login_url=f"{server.url}/moved/login/")
        with pytest.raises(TransferError, match="is not there") as caught:
            open_session(site, vault_for(server), QUICK).client()
        assert not isinstance(caught.value, LoginRefused)
        assert "site file" in caught.value.hint


def test_a_dead_site_is_a_network_fault_not_a_wrong_password() -> None:
    with cityscapes({}) as server:
        url, vault = server.url, vault_for(server)
    with pytest.raises(Unreachable):
        open_session(cityscapes_site(url), vault, QUICK).client()


def test_login_is_never_sent_in_the_clear_to_another_machine() -> None:
    with pytest.raises(InsecureConnection):
        require_private("http://cityscapes.example/login/")
    require_private("https://cityscapes.example/login/")
    require_private("http://127.0.0.1:8000/login/")


def test_clearing_drops_the_session() -> None:
    with cityscapes({}) as server:
        vault = vault_for(server)
        session = CityscapesLogin(cityscapes_site(server.url), vault, QUICK)
        client = session.client()
        assert list(client.cookies.jar)
        vault.clear()
        assert not list(client.cookies.jar)
        with pytest.raises(LoginMissing):
            session.client()


def test_a_login_page_that_moves_to_another_host_gets_nothing(opened: Opener) -> None:
    with cityscapes({}) as elsewhere, cityscapes({}) as server:

        def moved(handler: object) -> None:
            handler.say(302, Location=f"{elsewhere.url}/login")

        server.RequestHandlerClass = type(
            "Moved", (server.RequestHandlerClass,), {"do_GET": moved, "do_POST": moved}
        )
        session = opened(CityscapesLogin(cityscapes_site(server.url), vault_for(server), QUICK))
        with pytest.raises(TransferError, match="nothing was sent"):
            session.client()
        assert elsewhere.members.seen_passwords == []


def test_refresh_by_several_threads_logs_in_once(opened: Opener) -> None:
    with cityscapes({}) as server:
        session = opened(CityscapesLogin(cityscapes_site(server.url), vault_for(server), QUICK))
        used = session.client()
        session.refresh(used)
        session.refresh(used)
        assert server.members.logins == 2
        assert isinstance(session.client(), httpx.Client)


def test_try_login_says_what_the_account_may_have() -> None:
    with cityscapes({ARCHIVE.name: DATA}) as server:
        words = try_login(cityscapes_site(server.url), vault_for(server), QUICK)
        assert words == "Cityscapes accepted the login and offers 1 package."


_POINTED = """
import sys, json, requests
from cityscapesscripts.download import downloader
base = sys.argv[1]
send = requests.Session.request
def request(self, method, url, **more):
    return send(self, method, url.replace("https://www.cityscapes-dataset.com", base), **more)
requests.Session.request = request
downloader.input = lambda text: "n" if "Store" in text else sys.argv[2]
downloader.getpass.getpass = lambda text: sys.stdin.readline().rstrip("\\n")
session = downloader.login()
downloader.list_available_packages(session=session)
downloader.download_packages(
    session=session, package_names=[sys.argv[3]], destination_path=sys.argv[4])
"""


def client_python() -> str | None:
    """Return a Python that has the published client: this one, or the one a variable names."""
    for python in (os.environ.get("CSDOWNLOAD_PYTHON", ""), sys.executable):
        check = [python, "-c", "import cityscapesscripts.download.downloader"]
        if python and subprocess.run(check, capture_output=True, check=False).returncode == 0:
            return python
    return None


def test_the_published_client_can_use_the_double(tmp_path: Path) -> None:
    python = client_python()
    if python is None:
        pytest.skip(
            "csDownload is not here: pip install cityscapesscripts, or name a Python that has "
            "it in CSDOWNLOAD_PYTHON"
        )
    with cityscapes({ARCHIVE.name: DATA}) as server:
        members = server.members
        result = subprocess.run(
            [python, "-c", _POINTED, server.url, members.user, ARCHIVE.name, str(tmp_path)],
            input=members.password + "\n",
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env={**os.environ, "HOME": str(tmp_path / "home"), "NO_PROXY": "*"},
        )
        assert result.returncode == 0, result.stderr
        assert "gtFine_trainvaltest.zip -> " in result.stdout
        assert (tmp_path / ARCHIVE.name).read_bytes() == DATA
