"""Fetch steps by every road: in place, inbox, known files, address, link, login; and refusals."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.credentials.fakes import MemoryVault
from tests.engine.access import (
    DATA,
    OTHER,
    PAGE,
    exact,
    fetching,
    install,
    linked,
    put,
    run,
    secrets,
)
from tests.servers.cityscapes import cityscapes, cityscapes_site
from tests.servers.misbehaving import Drop, Expired, Honest, Misbehaving, Page
from wizard.credentials.secret import Secret
from wizard.errors import TransferError, UsageError
from wizard.kinds.fetching import gateway
from wizard.kinds.fetching.gateway import gateway_of
from wizard.recipes.model import Access, Archive
from wizard.steps.install import Install
from wizard.steps.step import PersonNeeded
from wizard.transfer.retry_policy import RetryPolicy

Make = Callable[..., Install]
CANARY = "canary-2b77e"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own, and a downloader that gives up soon."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(gateway, "RetryPolicy", _quick)
    return tmp_path


def _quick(**given: int) -> RetryPolicy:
    return RetryPolicy(backoff=0.01, longest_backoff=0.02, attempts=2, head=3, connect=3, **given)


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    with Misbehaving() as double:
        yield double


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make installs below ``dest`` and close what they opened."""
    made: list[Install] = []

    def one(*archives: Archive, dest: str = "dest", **more: object) -> Install:
        made.append(install(tmp_path / dest, *archives, **more))
        return made[-1]

    yield one
    for each in made:
        each.shared.close()


def target(made: Install) -> Path:
    return made.place.dest / "sets/Toy/toy.zip"


def test_an_open_archive_is_fetched_proven_and_done(make: Make, server: Misbehaving) -> None:
    made = make(exact(urls=(server.put("toy.zip", DATA),)))
    step = fetching(made)
    assert step.probe().state == "todo"
    assert run(step).transfer is not None
    assert target(made).read_bytes() == DATA
    probe = fetching(made).probe()
    assert (probe.state, probe.done, probe.total) == ("done", len(DATA), len(DATA))
    placed = step.placed()
    assert placed is not None
    assert (placed.ours, placed.sha256) == (True, hashlib.sha256(DATA).hexdigest())
    run(step)
    assert len(server.requests("toy.zip")) == 1


def test_a_changed_or_deleted_archive_is_not_done(make: Make, server: Misbehaving) -> None:
    made = make(exact(urls=(server.put("toy.zip", DATA),)))
    run(fetching(made))
    target(made).write_bytes(DATA[:-1])
    assert fetching(made).probe().state == "todo"
    target(made).unlink()
    assert fetching(made).probe().state == "todo"
    assert fetching(made).placed() is None


def test_a_proven_archive_is_outdated_once_other_bytes_are_asked_for(
    make: Make, server: Misbehaving
) -> None:
    first = make(exact(urls=(server.put("toy.zip", DATA),)))
    run(fetching(first))
    mended = make(exact(OTHER, urls=(server.put("toy.zip", OTHER),)))
    probe = fetching(mended).probe()
    assert (probe.state, probe.outdated) == ("todo", True)
    run(fetching(mended))
    assert target(mended).read_bytes() == OTHER
    assert not fetching(mended).probe().outdated


def test_an_archive_that_was_unpacked_and_deleted_is_outdated_too(
    make: Make, server: Misbehaving
) -> None:
    first = make(exact(urls=(server.put("toy.zip", DATA),)))
    run(fetching(first))
    target(first).unlink()
    assert not fetching(first).probe().outdated
    mended = make(exact(OTHER, urls=(server.put("toy.zip", OTHER, Drop(0), Drop(0)),)))
    assert fetching(mended).probe().outdated
    with pytest.raises(TransferError):
        run(fetching(mended))
    assert fetching(mended).probe().outdated, "a broken transfer does not make it current"


def test_interrupted_bytes_are_counted_and_continued(make: Make, server: Misbehaving) -> None:
    url = server.put("toy.zip", DATA, Drop(1000), Drop(0))
    made = make(exact(urls=(url,)))
    with pytest.raises(TransferError):
        run(fetching(made))
    probe = fetching(made).probe()
    assert (probe.state, probe.done) == ("partial", 1000)
    server.put("toy.zip", DATA, Honest())
    run(fetching(made))
    assert "bytes=1000-" in server.ranges("toy.zip")


def test_a_file_at_the_documents_place_is_proven_and_stays_the_persons(make: Make) -> None:
    made = make(exact(access=Access(kind="browser", page=PAGE)))
    step = fetching(made)
    assert step.probe().state == "waiting"
    put(target(made))
    assert step.probe().state == "todo"
    run(step)
    placed = step.placed()
    assert placed is not None
    assert not placed.ours


def test_a_wrong_file_at_the_place_is_set_aside_and_named(make: Make) -> None:
    made = make(linked())
    step = fetching(made)
    put(target(made), OTHER)
    with pytest.raises(PersonNeeded) as caught:
        run(step)
    assert "toy.zip is Toy 2: Toy 1 is needed; kept as toy.zip.rejected" in str(caught.value)
    assert target(made).with_name("toy.zip.rejected").read_bytes() == OTHER
    assert "Toy 2" in (step.probe().request or caught.value.request).ask


def test_the_inbox_is_watched_whatever_the_name(make: Make) -> None:
    made = make(exact(access=Access(kind="browser", page=PAGE)))
    step = fetching(made)
    request = step.probe().request
    assert request is not None
    assert request.kind == "browser"
    assert request.page == PAGE
    assert request.upload.startswith("scp toy.zip ")
    assert request.upload.endswith(f"{made.place.dest}/inbox/")
    arrived = put(made.place.dest / "inbox/download(3).bin")
    assert step.probe().state == "todo"
    run(step)
    assert not arrived.exists()
    assert target(made).read_bytes() == DATA


def test_the_inbox_knows_a_release_by_its_contents(make: Make) -> None:
    made = make(linked())
    wrong = put(made.place.dest / "inbox/toy (1).zip", OTHER)
    step = fetching(made)
    with pytest.raises(PersonNeeded, match="is Toy 2: Toy 1 is needed"):
        run(step)
    assert wrong.exists(), "a file that is not taken stays where it was put"
    assert step.probe().state == "waiting", "it is not looked at again and again"
    put(made.place.dest / "inbox/my-upload.zip", DATA)
    run(step)
    assert target(made).read_bytes() == DATA


def test_a_growing_file_is_waited_for_without_a_turn(make: Make) -> None:
    made = make(exact(access=Access(kind="browser", page=PAGE)))
    step = fetching(made)
    growing = put(made.place.dest / "inbox/toy.zip", DATA[:1000], age=0)
    probe = step.probe()
    assert probe.state == "waiting"
    assert probe.request is not None
    assert probe.request.ask == "toy.zip is arriving, 1.0 kB so far"
    put(growing, DATA[:1000], age=20)
    assert step.probe().state == "waiting", "a copy that stalls is not taken for whole"
    put(growing, DATA[:1000], age=300)
    with pytest.raises(PersonNeeded, match="it has 1.0 kB, expected are 4"):
        run(step)
    put(growing, DATA)
    run(step)
    assert target(made).read_bytes() == DATA


def test_a_web_page_in_the_inbox_is_called_one(make: Make) -> None:
    made = make(exact(access=Access(kind="browser", page=PAGE)))
    put(made.place.dest / "inbox/toy.zip", b"<!doctype html><title>Log in</title>")
    with pytest.raises(PersonNeeded, match="web page saved under this name"):
        run(fetching(made))


def test_a_path_may_be_given(make: Make, tmp_path: Path) -> None:
    made = make(exact(access=Access(kind="browser", page=PAGE)))
    step = fetching(made)
    file = put(tmp_path / "elsewhere/x.bin")
    with pytest.raises(UsageError, match="no such file"):
        step.answer(secrets(path=str(tmp_path / "nothing")))
    step.answer(secrets(path=str(file)))
    run(step)
    assert file.exists()
    assert target(made).read_bytes() == DATA


def test_the_same_archive_is_not_fetched_for_a_second_install(
    make: Make, server: Misbehaving
) -> None:
    archive = exact(urls=(server.put("toy.zip", DATA),))
    first = make(archive)
    run(fetching(first))
    second = make(archive, dest="second")
    assert fetching(second).probe().detail == f"to be checked: {target(first)}"
    run(fetching(second))
    assert len(server.requests("toy.zip")) == 1
    assert target(second).read_bytes() == DATA


def test_a_link_is_asked_for_kept_and_used(make: Make, server: Misbehaving) -> None:
    url = server.put("toy.zip", DATA) + f"?Signature={CANARY}"
    vault = MemoryVault()
    made = make(linked(), vault=vault)
    step = fetching(made)
    request = step.probe().request
    assert request is not None
    assert (request.kind, request.page) == ("link", PAGE)
    assert request.command == f"segwizard link toy --dest {made.place.dest}"
    words = step.answer(secrets(link=f"wget '{url}'"))
    assert words.startswith("toy.zip from 127.0.0.1.")
    assert CANARY not in words
    assert vault.get("toy", "link") == Secret(url)
    assert step.probe().state == "todo"
    run(step)
    assert target(made).read_bytes() == DATA
    for path in made.place.dest.rglob("*"):
        assert path.is_dir() or CANARY.encode() not in path.read_bytes()


def test_an_expired_link_waits_for_a_fresh_one_and_keeps_the_bytes(
    make: Make, server: Misbehaving
) -> None:
    url = server.put("toy.zip", DATA, Drop(1500), Expired())
    made = make(linked(), vault=MemoryVault(toy={"link": f"{url}?Signature={CANARY}"}))
    step = fetching(made)
    with pytest.raises(PersonNeeded, match="fresh link is needed") as caught:
        run(step)
    assert CANARY not in str(caught.value) + caught.value.hint
    probe = step.probe()
    assert (probe.state, probe.done) == ("waiting", 1500)
    server.put("toy.zip", DATA, Honest())
    step.answer(secrets(link=f"{url}?Signature=fresh"))
    assert step.probe().state == "partial"
    run(step)
    assert server.ranges("toy.zip")[-1] == "bytes=1500-"
    assert target(made).read_bytes() == DATA


def test_a_link_that_says_it_has_expired_is_not_even_tried(make: Make, server: Misbehaving) -> None:
    url = server.put("toy.zip", DATA) + "?Expires=1500000000&Signature=x"
    made = make(linked(), vault=MemoryVault(toy={"link": url}))
    probe = fetching(made).probe()
    assert probe.state == "waiting"
    assert probe.request is not None
    assert "expired" in probe.request.ask
    assert server.requests("toy.zip") == []
    with pytest.raises(UsageError, match="expired"):
        fetching(made).answer(secrets(link=url))


def test_a_link_to_the_wrong_release_names_it(make: Make, server: Misbehaving) -> None:
    url = server.put("toy.zip", OTHER)
    made = make(linked(), vault=MemoryVault(toy={"link": url}))
    step = fetching(made)
    with pytest.raises(PersonNeeded, match="What came is Toy 2: Toy 1 is needed"):
        run(step)
    assert not target(made).exists()
    assert step.probe().state == "waiting"


def test_a_login_page_behind_a_link_asks_for_another(make: Make, server: Misbehaving) -> None:
    url = server.put("toy.zip", b"", Page("Sign in", "<input type=password>"))
    made = make(linked(), vault=MemoryVault(toy={"link": url}))
    with pytest.raises(PersonNeeded) as caught:
        run(fetching(made))
    assert caught.value.request.kind == "link"


def test_a_link_for_another_file_is_refused_unless_told(make: Make) -> None:
    step = fetching(make(linked()))
    with pytest.raises(UsageError, match="is for other.zip"):
        step.answer(secrets(link="https://h.example/other.zip"))
    step.answer(secrets(link="https://h.example/other.zip", any_name="yes"))


def test_a_base_address_is_joined_with_the_suffix(make: Make, server: Misbehaving) -> None:
    server.put("secret-base/v2/toy.zip", DATA)
    access = Access(kind="base-url", suffix="v2/toy.zip", page=PAGE)
    made = make(exact(access=access))
    step = fetching(made)
    assert step.probe().request is not None
    step.answer(secrets(base_url=f"BASE_URL = '{server.url}/secret-base'"))
    run(step)
    assert target(made).read_bytes() == DATA
    for path in made.place.state.rglob("*.json"):
        assert b"secret-base" not in path.read_bytes()


def login_archive(**changes: object) -> Archive:
    return Archive(
        name="toy.zip", access=Access(kind="login", site="cityscapes", page=PAGE), **changes
    )


def test_a_login_is_asked_for_and_a_wrong_one_is_not_repeated(make: Make) -> None:
    with cityscapes({"toy.zip": DATA}) as site:
        made = make(login_archive(), sites=(cityscapes_site(site.url),))
        step = fetching(made)
        request = step.probe().request
        assert request is not None
        assert (request.kind, request.site) == ("login", "cityscapes")
        step.answer(secrets(user=site.members.user, password=f"wrong-{CANARY}"))
        with pytest.raises(PersonNeeded, match="did not accept") as caught:
            run(step)
        assert caught.value.request.kind == "login"
        assert CANARY not in str(caught.value)
        assert step.probe().state == "waiting"
        assert site.members.refused_logins == 1
        step.answer(secrets(password=site.members.password))
        run(step)
        assert target(made).read_bytes() == DATA


def test_the_sites_md5_proves_what_the_recipe_does_not_know(make: Make) -> None:
    with cityscapes({"toy.zip": DATA}) as site:
        login = {"user": site.members.user, "password": site.members.password}
        vault = MemoryVault(cityscapes=login)
        made = make(login_archive(), sites=(cityscapes_site(site.url),), vault=vault)
        request = fetching(made).access.request()
        assert request.md5 == hashlib.md5(DATA).hexdigest()
        assert str(request.urls[0]).endswith("?packageID=1")


def test_missing_approval_asks_to_act_on_the_site(make: Make) -> None:
    with cityscapes({"toy.zip": DATA}) as site:
        site.members.approval = False
        login = {"user": site.members.user, "password": site.members.password}
        vault = MemoryVault(cityscapes=login)
        made = make(
            login_archive(md5=hashlib.md5(DATA).hexdigest()),
            sites=(cityscapes_site(site.url),),
            vault=vault,
        )
        step = fetching(made)
        with pytest.raises(PersonNeeded) as caught:
            run(step)
        assert "approv" in caught.value.request.how + caught.value.request.ask
        assert caught.value.request.upload


def test_when_all_mirrors_fail_the_inbox_is_offered(make: Make, server: Misbehaving) -> None:
    made = make(exact(urls=(f"{server.url}/gone.zip",)))
    with pytest.raises(TransferError) as caught:
        run(fetching(made))
    assert str(gateway_of(made).inbox) in caught.value.hint


def test_a_wrong_file_that_is_taken_away_is_forgotten(make: Make) -> None:
    made = make(linked())
    wrong = put(made.place.dest / "inbox/toy.zip", OTHER)
    step = fetching(made)
    with pytest.raises(PersonNeeded):
        run(step)
    wrong.unlink()
    probe = step.probe()
    assert probe.request is not None
    assert probe.request.ask == "Give the link for toy.zip"
