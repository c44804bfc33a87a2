"""What reference scripts leave behind is found, removed and read again; all else stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.credentials.leftovers import find_leftovers, remove_leftover

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
