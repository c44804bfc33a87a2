"""The real program walks every kind of access against doubles, and no secret stays anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engine.access import zipped
from tests.servers.cityscapes import cityscapes
from tests.servers.members import MemberServer
from tests.servers.misbehaving import Drop, Expired, Honest, Misbehaving
from tests.servers.wilddash import wilddash
from tests.waiting import until

CANARIES = ("canary-a81", "canary-b82", "canary-c83", "canary-d84")
CITY, WILD, LINK, BASE = CANARIES

_DATASET = """
[[datasets]]
id = "{id}"
title = "{id}"
folder = "{id}"
about = "A toy."
[datasets.terms]
title = "Terms of {id}"
url = "https://toy.example/{id}"
summary = "Research only."
[[datasets.archives]]
name = "{id}.zip"
{archive}
[[datasets.steps]]
kind = "extract"
archive = "{id}.zip"
into = "{id}"
"""

_SITES = """
[[sites]]
id = "city"
title = "Cities"
protocol = "cityscapes"
login_url = "{city}/login/"
file_url = "{city}/file-handling/?packageID={{package}}"
md5_url = "{city}/md5-sum/?packageID={{package}}"
list_url = "{city}/downloads/?list"
[[sites]]
id = "wild"
title = "Wild"
protocol = "csrf-form"
login_url = "{wild}/accounts/login"
file_url = "{wild}/download/{{name}}"
"""


@dataclass
class World:
    """Two member sites, a plain server, a recipe that uses them, and a home."""

    folder: Path
    city: MemberServer
    wild: MemberServer
    plain: Misbehaving

    @property
    def dest(self) -> Path:
        return self.folder / "dest"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def recipe(self) -> Path:
        return self.folder / "toys.toml"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_DATA_HOME": str(self.home / "data"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "XDG_RUNTIME_DIR": str(self.home / "run"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "SEGWIZARD_CITY_USER": self.city.members.user,
            "SEGWIZARD_CITY_PASSWORD": CITY,
            "SEGWIZARD_WILD_USER": self.wild.members.user,
            "SEGWIZARD_WILD_PASSWORD_FILE": str(self.folder / "password"),
        }

    def segwizard(self, *arguments: object, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "wizard", *map(str, arguments)],
            env=self.environment,
            input=text,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            cwd=Path(__file__).parents[2],
        )

    def write_recipe(self) -> None:
        archives = {
            "free": f'urls = ["{self.plain.put("free.zip", zipped("free/a.txt"))}"]',
            "city": 'access = { kind = "login", site = "city" }',
            "wild": 'access = { kind = "login", site = "wild" }',
            "kit": 'access = { kind = "link", page = "https://kit.example/" }',
            "scan": 'access = { kind = "base-url", suffix = "v2/scan.zip" }',
            "hand": 'access = { kind = "browser", page = "https://hand.example/" }',
        }
        text = "\n".join(_DATASET.format(id=k, archive=v) for k, v in archives.items())
        head = 'id = "toys"\ntitle = "Toys"\nabout = "Six roads."\nroot = "sets"\n'
        sites = _SITES.format(city=self.city.url, wild=self.wild.url)
        self.recipe.write_text(head + sites + text)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        city = stack.enter_context(cityscapes({"city.zip": zipped("city/a.txt", size=9000)}))
        wild = stack.enter_context(wilddash({"wild.zip": zipped("wild/a.txt")}))
        city.members.password, wild.members.password = CITY, WILD
        city.members.expire_at = 5000
        made = World(tmp_path, city, wild, stack.enter_context(Misbehaving()))
        (made.home / "run").mkdir(parents=True, mode=0o700)
        (tmp_path / "password").write_text(f"{WILD}\n")
        made.write_recipe()
        yield made
        made.segwizard("stop", "--dest", made.dest)


def holders(world: World) -> list[str]:
    """Files below home and destination that hold a secret."""
    return [
        str(path)
        for folder in (world.home, world.dest)
        for path in folder.rglob("*")
        if path.is_file() and any(each.encode() in path.read_bytes() for each in CANARIES)
    ]


def runner_pids(world: World) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"_serve" in words and str(world.dest).encode() in words:
            found.append(int(folder.name))
    return found


def until_there(world: World, *names: str) -> None:
    """Wait until every named file below the destination is there."""
    until(lambda: all((world.dest / "sets" / name).exists() for name in names))


@pytest.mark.slow
def test_every_road_is_walked_and_no_secret_stays(world: World) -> None:
    kit = world.plain.put("kit.zip", zipped("kit/a.txt"), Drop(1000), Expired())
    world.plain.put(f"{BASE}/v2/scan.zip", zipped("scan/a.txt"))

    first = world.segwizard("run", world.recipe, "--dest", world.dest, "--yes")
    assert first.returncode == 3, first.stdout + first.stderr
    for name in ("free", "city", "wild"):
        assert (world.dest / f"sets/{name}/{name}/a.txt").exists(), first.stderr
    assert world.city.members.logins == 2, "the session ended mid-file and was renewed"
    for asked in ("segwizard link kit", "segwizard link scan", "scp hand.zip"):
        assert asked in first.stdout + first.stderr

    started = world.segwizard(
        "run", world.recipe, "--dest", world.dest, "--yes", "--detach", "--wait", "1h"
    )
    assert started.returncode in (0, 3), started.stderr
    (pid,) = runner_pids(world)
    environ = Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()
    assert not any(each.encode() in environ for each in CANARIES)

    signed = f"{kit}?Signature={LINK}"
    given = world.segwizard("link", "kit", "--dest", world.dest, text=f"curl -L \\\n'{signed}'\n")
    assert given.returncode == 0, given.stderr
    assert "kit.zip from 127.0.0.1" in given.stdout
    base = f"BASE_URL = '{world.plain.url}/{BASE}'"
    assert world.segwizard("link", "scan", "--dest", world.dest, text=base).returncode == 0
    (world.dest / "inbox/odd name.zip").write_bytes(zipped("hand/a.txt"))
    (world.dest / "inbox/odd name.zip").rename(world.dest / "inbox/hand.zip")
    until_there(world, "scan/scan/a.txt", "hand/hand/a.txt")

    world.plain.put("kit.zip", zipped("kit/a.txt"), Honest())
    fresh = f"{kit}?Signature={LINK}-fresh"
    assert world.segwizard("link", "kit", fresh, "--dest", world.dest).returncode == 0
    until_there(world, "kit/kit/a.txt")
    assert "bytes=1000-" in world.plain.ranges("kit.zip"), "the bytes of the old link were kept"

    status = world.segwizard("status", "--dest", world.dest)
    assert holders(world) == []
    assert not any(each in status.stdout + status.stderr for each in CANARIES)
