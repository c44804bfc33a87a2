"""The recipe that README writes out is one: it loads, and a small copy of it installs."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests.conformance.conftest import segwizard
from tests.servers.misbehaving import Misbehaving
from wizard.kinds.registry import load_recipe

README = Path(__file__).parents[2] / "README.md"


def text() -> str:
    found = re.search(r"<!-- own recipe -->\n```toml\n(.*?)```", README.read_text(), re.DOTALL)
    assert found
    return found[1]


def test_the_recipe_of_the_readme_loads_and_its_archive_is_that_of_the_catalogue(
    tmp_path: Path,
) -> None:
    path = tmp_path / "roads.toml"
    path.write_text(text())
    recipe = load_recipe(str(path))
    frames = recipe.dataset("camvid").archive("701_StillsRaw_full.zip")
    assert frames.urls == load_recipe("mseg").dataset("camvid").archive(frames.name).urls
    assert recipe.dataset("camvid").terms == load_recipe("mseg").dataset("camvid").terms


def packed(names: list[str], value: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            image = io.BytesIO()
            Image.new("L", (4, 4), value).save(image, "PNG")
            archive.writestr(name, image.getvalue())
    return file.getvalue()


@pytest.mark.slow
def test_the_recipe_of_the_readme_runs(tmp_path: Path) -> None:
    frames, labels = packed(["701_StillsRaw_full/a.png"], 9), packed(["a.png"], 17)
    path, site, dest = tmp_path / "roads.toml", tmp_path / "site.toml", tmp_path / "dest"
    path.write_text(text())
    with Misbehaving() as server:
        lines = []
        for name, data in (("701_StillsRaw_full.zip", frames), ("my-labels.zip", labels)):
            lines.append(f'[archives."{name}"]\nurls = ["{server.put(name, data)}"]')
            lines.append(f'size = {len(data)}\nsha256 = "{hashlib.sha256(data).hexdigest()}"')
        site.write_text("\n".join(lines))
        words = ("--dest", dest, "--site", site, "--yes")
        done = segwizard("run", path, *words, home=tmp_path / "home")
    assert done.returncode == 0, done.stdout + done.stderr
    with Image.open(dest / "roads/Camvid/three/a.png") as image:
        assert image.getextrema() == (0, 0)
