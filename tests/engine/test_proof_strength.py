"""What nobody hashed is looked at to its end, and never called more proven than it is."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.engine.access import fetching, install, put, run, zipped
from tests.servers.misbehaving import Misbehaving
from wizard.app.proving import Verification
from wizard.headless.commands.verify import verdict_lines
from wizard.kinds.fetching.adopt import judge_archive
from wizard.kinds.fetching.imports import import_files
from wizard.kinds.fetching.proofs import last_proof, plausible_archives
from wizard.progress import CancelToken
from wizard.recipes.model import Access, Archive, Version

HAND = Access(kind="browser", page="https://hand.example/")
NOISE = random.Random(4).randbytes(200_000)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def checkpoint(noise: bytes = NOISE) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr(zipfile.ZipInfo("archive/data.pkl"), b"\x80\x02.")
        packed.writestr(zipfile.ZipInfo("archive/data/0"), noise)
    return buffer.getvalue()


def weights(**changes: object) -> Archive:
    known = {"name": "net.pth", "size_about": 200_000, "access": HAND}
    return Archive(**{**known, **changes})


def take(made: object, *files: Path, accept: str = "") -> list[tuple[bool, str]]:
    token = CancelToken()
    found = import_files(made, files, "auto", token, accept=accept)  # type: ignore[arg-type]
    return [(each.taken, each.words) for each in found]


def strength(made: object, name: str) -> str:
    step = fetching(made, name)  # type: ignore[arg-type]
    proof = last_proof(step.record)
    assert proof
    return proof.proven_by


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (checkpoint(b"")[:35], "it has 35 B, about 200 kB are expected"),
        (checkpoint(NOISE * 3), "about 200 kB are expected"),
        (checkpoint()[:-30], "cut short"),
        (checkpoint().replace(NOISE[:9], bytes(9)), "archive/data/0"),
        (b"\x80\x02}" + bytes(200_000), "pickle is cut or broken"),
        (b"<html>quota" + bytes(200_000), "web page"),
    ],
    ids=["35 bytes", "large", "cut", "flipped", "pickle", "page"],
)
def test_a_checkpoint_nobody_hashed_has_to_be_whole_and_about_as_large(
    tmp_path: Path, data: bytes, says: str
) -> None:
    made = install(tmp_path / "dest", weights())
    ((taken, words),) = take(made, put(tmp_path / "net.pth", data))
    assert not taken
    assert says in words


def test_a_whole_one_is_told_by_its_structure(tmp_path: Path) -> None:
    made = install(tmp_path / "dest", weights())
    ((taken, words),) = take(made, put(tmp_path / "net.pth", checkpoint()))
    assert taken
    assert "the checksum of every member" in words
    assert strength(made, "net.pth") == "structure"
    assert fetching(made, "net.pth").probe().detail.startswith("proven by its name alone and")
    assert plausible_archives(made) == ()


def test_a_person_may_take_another_size_by_name_and_it_is_written_down(tmp_path: Path) -> None:
    made = install(tmp_path / "dest", weights())
    large = put(tmp_path / "net.pth", checkpoint(NOISE * 3))
    assert take(made, large)[0][0] is False
    ((taken, words),) = take(made, large, accept="net.pth")
    assert taken
    assert "on a person's word" in words
    broken = put(tmp_path / "other/net.pth", checkpoint()[:35])
    fresh = install(tmp_path / "again", weights())
    assert take(fresh, broken, accept="net.pth")[0][0] is False


def test_what_only_its_name_tells_stays_plausible_in_every_word(tmp_path: Path) -> None:
    made = install(tmp_path / "dest", weights(name="list.txt", size_about=20))
    assert take(made, put(tmp_path / "list.txt", b"train/0001.jpg a\n"))[0][0]
    step = fetching(made, "list.txt")
    assert strength(made, "list.txt") == "plausible"
    assert step.probe().state == "done"
    assert step.probe().detail.startswith("only plausible")
    assert plausible_archives(made) == ("toy/list.txt",)
    verdict = Verification(
        collection="toys", dest="/d", sound=True, datasets=(), plausible=plausible_archives(made)
    )
    lines = "\n".join(verdict_lines(verdict, show_all=False))
    assert "toy/list.txt" in lines
    assert "every check holds" not in lines


def test_a_published_hash_is_the_strongest(tmp_path: Path) -> None:
    data = checkpoint()
    made = install(tmp_path / "dest", weights(sha256=hashlib.sha256(data).hexdigest()))
    take(made, put(tmp_path / "net.pth", data))
    assert strength(made, "net.pth") == "hash"


def test_later_bytes_are_compared_with_the_first(tmp_path: Path) -> None:
    told = []
    for number, noise in enumerate((NOISE, NOISE, NOISE[::-1])):
        made = install(tmp_path / f"dest{number}", weights())
        take(made, put(tmp_path / f"{number}/net.pth", checkpoint(noise)))
        told.append(fetching(made, "net.pth").probe().detail)
    assert "same bytes as on" in told[1]
    assert "but other bytes than on" in told[2]
    assert "bytes" not in told[0]


def tarred(*names: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as packed:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 3000
            packed.addfile(info, io.BytesIO(NOISE[:3000]))
    return buffer.getvalue()


IDD = Archive(
    name="idd.tar.gz",
    size_about=9_000,
    access=HAND,
    versions=(Version(name="IDD Part I", accepted=True, note="", has=("IDD/gtFine/**",)),),
)


@pytest.mark.parametrize("wrapped", ["tar", "gzip", "zip", "folder"])
def test_the_right_members_are_taken_however_they_are_wrapped(tmp_path: Path, wrapped: str) -> None:
    plain = tarred("IDD/gtFine/1.json", "IDD/leftImg8bit/1.png")
    data = {
        "tar": plain,
        "gzip": gzip.compress(plain),
        "zip": zipped("IDD/gtFine/1.json", "IDD/x"),
        "folder": tarred("mine/IDD/gtFine/1.json", "mine/IDD/leftImg8bit/1.png"),
    }[wrapped]
    made = install(tmp_path / "dest", IDD)
    ((taken, words),) = take(made, put(tmp_path / "idd.tar.gz", data))
    assert taken, words
    assert "IDD Part I" in words


def test_a_tar_without_its_gzip_is_taken_from_a_server_too(tmp_path: Path) -> None:
    with Misbehaving() as server:
        url = server.put("idd.tar.gz", tarred("IDD/gtFine/1.json"))
        archive = Archive(name="idd.tar.gz", size_about=9_000, urls=(url,), versions=IDD.versions)
        made = install(tmp_path / "dest", archive)
        run(fetching(made, "idd.tar.gz"))
        made.shared.close()
    assert strength(made, "idd.tar.gz") == "structure"


BDD = Archive(
    name="bdd100k_seg.zip",
    size_about=1_300_000_000,
    access=HAND,
    versions=(
        Version(name="the release of 2018", accepted=True, note="", has=("bdd100k/seg/images/*",)),
        Version(
            name="the newer labels",
            accepted=False,
            note="MSeg needs the release of 2018",
            has=("bdd100k/labels/sem_seg/**",),
        ),
    ),
)
WILD = Archive(
    name="wd_both_01.zip",
    size_about=4_500,
    access=HAND,
    versions=(Version(name="WildDash 1", accepted=True, note="", has=("wd_both_01/*.png",)),),
)


@pytest.mark.parametrize("name", ["bdd100k_sem_seg_labels_trainval.zip", "bdd100k_seg.zip", "x"])
def test_a_release_is_named_whatever_it_is_called_and_however_large(
    tmp_path: Path, name: str
) -> None:
    made = install(tmp_path / "dest", WILD, BDD)
    newer = put(tmp_path / name, zipped("bdd100k/labels/sem_seg/masks/1.png", "bdd100k/x"))
    ((taken, words),) = take(made, newer)
    assert not taken
    assert words == f"{name} is the newer labels: MSeg needs the release of 2018"


def test_a_verdict_is_data_other_layers_can_read(tmp_path: Path) -> None:
    path = put(tmp_path / "a.json", json.dumps({"images": []}).encode())
    archive = Archive(name="a.json", access=HAND)
    verdict = judge_archive(path, archive, {"sha256": ""}, by_name=True, token=CancelToken())
    assert (verdict.accepted, verdict.strength) == (True, "structure")
    path.write_bytes(b'{"images": [')
    refused = judge_archive(path, archive, {"sha256": ""}, by_name=True, token=CancelToken())
    assert not refused.accepted
