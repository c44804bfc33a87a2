"""What reference scripts leave behind is found, removed and read again; all else stays."""

from __future__ import annotations

import base64
import bz2
import gzip
import html
import json
import lzma
import os
import re
import shlex
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.credentials import leftovers
from wizard.credentials.leftovers import find_leftovers, remove_leftover
from wizard.credentials.secret import Secret
from wizard.credentials.secret_forms import Needles, reads_secret
from wizard.errors import CredentialError, WizardError

CANARY = "canary-left-51c"
SIGNED = f"https://b.example/idd.tar.gz?X-Amz-Date=1&X-Amz-Signature={CANARY}"


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    """An install the reference scripts have been at."""
    files = {
        "mseg_dataset/Cityscapes/cookies.txt": f"# Netscape HTTP Cookie File\nh\tT\t/\t{CANARY}",
        "mseg_dataset/Cityscapes/index.html": f"<input type=password value='{CANARY}'>",
        "mseg_dataset/WildDash/wd_cookies_downl.txt": "# HTTP Cookie File\n" + CANARY,
        "mseg_dataset/README.md": "the password is asked for later",
        "api/download_scripts/set_credentials.sh": f'CITYSCAPES_PASSWORD="{CANARY}"\n',
        "api/download_scripts/set_credentials.sh.template": 'CITYSCAPES_PASSWORD=""\n',
        "api/download_scripts/download_cityscapes.log": (
            f"username=ada&password={CANARY}&submit=Login\nSaving to: 'cookies.txt'\n{SIGNED}\n"
        ),
        "api/download_scripts/extract_cityscapes.log": "inflating: a.png\n",
        "api/download_scripts/mseg_download_idd.sh": f'#!/bin/sh\nIDD_ZIP_URL="{SIGNED}"\nwget\n',
        "api/download_scripts/mseg_download_scannet.sh": f"BASE_URL=http://s.example/{CANARY}/\n",
        "api/download_scripts/mseg_download_kitti.sh": 'KITTI_ZIP_URL="url-goes-here"\n',
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "api/download_scripts/mseg_download_idd.sh").chmod(0o755)
    return tmp_path


def holders(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*") if p.is_file() and CANARY in p.read_text())


def test_everything_with_a_secret_is_found_and_nothing_else(dest: Path) -> None:
    found = {item.path.name: item.action for item in find_leftovers([dest])}
    assert found == {
        "cookies.txt": "shred",
        "index.html": "shred",
        "wd_cookies_downl.txt": "shred",
        "set_credentials.sh": "shred",
        "download_cityscapes.log": "scrub",
        "mseg_download_idd.sh": "scrub",
        "mseg_download_scannet.sh": "scrub",
    }


def test_removing_leaves_the_rest_of_logs_and_scripts(dest: Path) -> None:
    for item in find_leftovers([dest]):
        assert str(item.path) in remove_leftover(item)
    assert holders(dest) == []
    assert find_leftovers([dest]) == ()
    scripts = dest / "api/download_scripts"
    assert "Saving to: 'cookies.txt'" in (scripts / "download_cityscapes.log").read_text()
    assert (scripts / "mseg_download_idd.sh").read_text().startswith("#!/bin/sh\nIDD_ZIP_URL=")
    assert (scripts / "mseg_download_idd.sh").stat().st_mode & 0o777 == 0o755
    assert not (scripts / "set_credentials.sh").exists()


def test_folders_below_are_searched_only_so_deep(tmp_path: Path) -> None:
    deep = tmp_path / "a/b/c/d"
    deep.mkdir(parents=True)
    (deep / "cookies.txt").write_text("# HTTP Cookie File\nx")
    assert find_leftovers([tmp_path]) == ()


def test_the_published_clients_login_is_found(home: Path, tmp_path: Path) -> None:
    saved = home / "data/cityscapesscripts/credentials.json"
    saved.parent.mkdir(parents=True)
    saved.write_text('{"username": "ada", "password": "x"}')
    (found,) = find_leftovers([tmp_path / "nowhere"])
    assert found.path == saved
    remove_leftover(found)
    assert not saved.exists()


def test_links_are_not_followed(tmp_path: Path, dest: Path) -> None:
    other = dest / "other"
    other.mkdir()
    (other / "cookies.txt").symlink_to(dest / "mseg_dataset/Cityscapes/cookies.txt")
    assert find_leftovers([other]) == ()


ODD = "Can One&Can+Two\"Can%3'Can$4"


def written(text: str | bytes, name: str, folder: Path) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


FORMS = {
    "plain": ODD,
    "address": f"https://h.example/?password={quote(ODD, safe='')}&submit=Login",
    "form": f"POST user=ada&password={quote_plus(ODD)}",
    "lower": re.sub("%..", lambda found: found[0].lower(), quote(ODD, safe="")),
    "single": f"wget --password={shlex.quote(ODD)} --continue",
    "backslash": "PASSWORD=" + re.sub(r"(\W)", r"\\\1", ODD),
    "double": 'PASSWORD="' + re.sub(r'(["\\$`])', r"\\\1", ODD) + '"',
    "json": json.dumps({"password": ODD}),
    "html": f"<input value='{html.escape(ODD)}'>",
    "header": f"Authorization: Basic {base64.b64encode(f'ada:{ODD}'.encode()).decode()}",
    "longer user": f"Basic {base64.b64encode(f'ada@x.org:{ODD}'.encode()).decode()} end",
    "url-safe": base64.urlsafe_b64encode(f"a:{ODD}".encode()).decode(),
    "powershell": ("\ufeffpassword " + ODD).encode("utf-16-le"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["notes", "nohup.out", ".config/old~", "fetch.log.3", "x.json"])
def test_a_known_secret_is_found_and_taken_out_in_every_form(
    form: str, name: str, tmp_path: Path
) -> None:
    text = FORMS[form]
    path = written(text if isinstance(text, bytes) else f"first\n{text}\nlast\n", name, tmp_path)
    (found,) = find_leftovers([tmp_path], [Secret(ODD)])
    assert ODD not in repr(found)
    remove_leftover(found)
    assert find_leftovers([tmp_path], [Secret(ODD)]) == ()
    left = path.read_bytes()
    assert not reads_secret(left, [Secret(ODD)])
    if not isinstance(text, bytes):
        assert left.startswith(b"first\n")
        assert left.rstrip().endswith(b"last")


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=8))
@settings(max_examples=200, deadline=None)
def test_both_ways_of_looking_agree_on_any_value(value: str) -> None:
    secrets = [Secret(value)]
    needles = Needles(secrets)
    for text in (
        quote(value, safe=""),
        json.dumps(value),
        base64.b64encode(f"someone:{value}".encode()).decode(),
    ):
        data = f"before {text} after".encode()
        assert needles.found_in(data)
        assert reads_secret(data, secrets)
        assert not reads_secret(needles.taken_out_of(data), secrets)


def test_an_unknown_password_in_a_log_goes_to_its_last_letter(tmp_path: Path) -> None:
    path = written('a\npassword=CanOne&CanTwo and Can3"Can4\nb\n', "run.log", tmp_path)
    (found,) = find_leftovers([tmp_path])
    remove_leftover(found)
    assert path.read_text() == "a\npassword=[removed]\nb\n"


@pytest.mark.parametrize(
    "name",
    [
        *("set_credentials.sh~", "#set_credentials.sh#", ".set_credentials.sh.swp"),
        *("set_credentials.sh.bak", "set_credentials.sh.orig", "set_credentials.sh.template"),
        *(".hidden/set_credentials.sh", "set_credentials.sh.save.1"),
    ],
)
def test_copies_and_filled_templates_are_found(name: str, tmp_path: Path) -> None:
    path = written(f'CITYSCAPES_PASSWORD="{CANARY}"\n', name, tmp_path)
    (found,) = find_leftovers([tmp_path])
    remove_leftover(found)
    assert not path.exists()


@pytest.mark.parametrize("name", ["jar", "c.txt", ".wget/session", "mycookies"])
def test_cookies_are_known_by_what_they_hold(name: str, tmp_path: Path) -> None:
    written(f"# Netscape HTTP Cookie File\n\nh\tTRUE\t/\tFALSE\t0\ts\t{CANARY}\n", name, tmp_path)
    (found,) = find_leftovers([tmp_path])
    assert found.action == "shred"


@pytest.mark.parametrize("name", ["a.log.1", "nohup.out", "wget-log.2", "out.err", "login.txt"])
def test_logs_by_any_name_are_found(name: str, tmp_path: Path) -> None:
    written(f"--2024-- POST username=ada&password={CANARY}&submit=Login\n", name, tmp_path)
    (found,) = find_leftovers([tmp_path])
    remove_leftover(found)
    assert holders(tmp_path) == []


def test_a_packed_log_is_looked_into(tmp_path: Path) -> None:
    written(gzip.compress(f"password={CANARY}\n".encode()), "a.log.2.gz", tmp_path)
    (found,) = find_leftovers([tmp_path])
    remove_leftover(found)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "password=<your password>\n",
        "password=$PASSWORD\n",
        "password=\n",
        "set the password before\n",
        "export CITYSCAPES_PASSWORD=\n",
    ],
)
def test_what_is_no_secret_is_left_alone(text: str, tmp_path: Path) -> None:
    for name in ("a.log", "README.txt", "set_credentials.sh", "notes"):
        written(text, name, tmp_path)
    assert find_leftovers([tmp_path], [Secret("abc")]) == ()


def test_what_an_archive_brought_is_never_touched(tmp_path: Path) -> None:
    path = written('COCO_ZIP_URL="http://public.example/a.zip"\n', "mseg_download_x.sh", tmp_path)
    assert find_leftovers([tmp_path], published=lambda each: each == path) == ()
    assert len(find_leftovers([tmp_path])) == 1


def test_a_removal_that_does_not_hold_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(f"password={ODD}\n", "a.log", tmp_path)
    (found,) = find_leftovers([tmp_path], [Secret(ODD)])
    monkeypatch.setattr(leftovers, "_scrub", lambda path, secrets: None)
    with pytest.raises(CredentialError, match="still there"):
        remove_leftover(found)


def test_other_names_of_a_file_keep_their_bytes_and_are_told(tmp_path: Path) -> None:
    """Whoever gives a file of another a name that is cleared must not have it destroyed."""
    private, below = tmp_path / "private", tmp_path / "below"
    below.mkdir()
    cookies = "# Netscape HTTP Cookie File\n.x\tTRUE\t/\tTRUE\t0\tname\tvalue\n"
    for name, text in (("cookies.txt", cookies), ("wget.log", "password=hunter2hunter2\n")):
        private.write_text(text)
        os.link(private, below / name)
        (found,) = find_leftovers([below])
        assert "1 more" in remove_leftover(found)
        assert private.read_text() == text
        assert find_leftovers([below]) == ()
        private.unlink()
        (below / name).unlink(missing_ok=True)


def test_a_scrub_that_is_cut_off_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "wget.log"
    log.write_text("before\npassword=hunter2hunter2\nafter\n")

    def cut_off(*_: object) -> None:
        kept.append(log.read_text())
        raise KeyboardInterrupt

    kept: list[str] = []
    monkeypatch.setattr(leftovers, "_overwrite", cut_off)
    (found,) = find_leftovers([tmp_path])
    with pytest.raises(KeyboardInterrupt):
        remove_leftover(found)
    assert [log.read_text()] == kept
    assert "before" in kept[0]
    assert "after" in kept[0]
    assert "hunter2" not in kept[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can lay a link as somebody else")
def test_a_folder_swapped_for_a_link_leads_nowhere(tmp_path: Path) -> None:
    dest, private = tmp_path / "dest", tmp_path / "private"
    (dest / ".segwizard").mkdir(parents=True)
    for folder in (dest / "sub", private):
        folder.mkdir()
        (folder / "wget.log").write_text("password=hunter2hunter2\n")
    (found,) = find_leftovers([dest])
    (dest / "sub").rename(dest / "away")
    (dest / "sub").symlink_to(private)
    os.lchown(dest / "sub", 12345, -1)
    with pytest.raises(WizardError):
        remove_leftover(found)
    assert (private / "wget.log").read_text() == "password=hunter2hunter2\n"


VALUE = "Correct.Horse.9"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("wget.log.2.bz2", bz2.compress(f"password={VALUE}\n".encode())),
        ("wget.log.3.xz", lzma.compress(f"password={VALUE}\n".encode())),
        ("kept.gz", gzip.compress(f"first {VALUE}\n".encode())),
        ("wide.txt", b"\xfe\xff" + f"password={VALUE}\r\n".encode("utf-16-be")),
        ("job.fish", f"set -x PW '{VALUE}'\n".encode()),
        ("run.ipynb", json.dumps({"cells": [{"source": [f"pw='{VALUE}'\n"]}]}).encode()),
        (".bash_history", f"wget --http-password={VALUE} https://x\n".encode()),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_known_secret_is_found_in_whatever_keeps_logs_and_commands(
    name: str, data: bytes, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data)
    (found,) = find_leftovers([tmp_path], [Secret(VALUE)])
    remove_leftover(found)
    left = (tmp_path / name).read_bytes() if (tmp_path / name).exists() else b""
    assert not reads_secret(left, [Secret(VALUE)])
    assert find_leftovers([tmp_path], [Secret(VALUE)]) == ()


@pytest.mark.parametrize("packed", [b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\0\0"])
def test_what_only_begins_like_a_packed_log_is_no_fault(packed: bytes, tmp_path: Path) -> None:
    (tmp_path / "wget.log.gz").write_bytes(packed + bytes(range(256)))
    assert find_leftovers([tmp_path], [Secret(VALUE)]) == ()
