"""What the tests of fetch, terms and clear steps share: small archives and installs of them."""

from __future__ import annotations

import hashlib
import io
import os
import random
import time
import zipfile
from pathlib import Path

from tests.credentials.fakes import MemoryVault
from wizard.credentials.secret import Secret
from wizard.kinds.fetching.step import FetchArchive
from wizard.kinds.registry import build_step
from wizard.plan.planner import make_plan
from wizard.recipes.model import Access, Archive, Dataset, Recipe, Site, Terms, Version
from wizard.steps.install import Install, Settings
from wizard.steps.step import Place, StepContext

TERMS = Terms(title="Toy licence", url="https://toy.example/terms", summary="Research only.")
PAGE = "https://toy.example/download"


def zipped(*names: str, size: int = 2000, seed: int = 0) -> bytes:
    """Return a zip of incompressible members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, name in enumerate(names):
            archive.writestr(name, random.Random(seed + number).randbytes(size))
    return buffer.getvalue()


DATA = zipped("toy/a.png", "toy/b.png")
OTHER = zipped("toy2/a.png", seed=7)


def exact(data: bytes = DATA, **changes: object) -> Archive:
    """Return an archive of which size and hash are known."""
    sha = hashlib.sha256(data).hexdigest()
    return Archive(**{"name": "toy.zip", "size": len(data), "sha256": sha, **changes})


def linked(**changes: object) -> Archive:
    """Return an archive gained by a link, told by what it holds."""
    known = {
        "name": "toy.zip",
        "size_about": len(DATA),
        "access": Access(kind="link", page=PAGE, how="Copy it."),
        "versions": (
            Version(name="Toy 1", accepted=True, note="the right one", has=("toy/*",)),
            Version(name="Toy 2", accepted=False, note="Toy 1 is needed", has=("toy2/*",)),
        ),
    }
    return Archive(**{**known, **changes})


def install(
    dest: Path,
    *archives: Archive,
    vault: MemoryVault | None = None,
    sites: tuple[Site, ...] = (),
    **settings: object,
) -> Install:
    """Return an install of one dataset, ``toy``, below the root ``sets``."""
    dataset = Dataset(id="toy", title="Toy", folder="Toy", about="", terms=TERMS, archives=archives)
    recipe = Recipe(
        id="toys", title="Toys", about="", root="sets", sites=sites, datasets=(dataset,)
    )
    return Install(
        place=Place(dest=dest, root=dest / "sets"),
        recipe=recipe,
        plan=make_plan(recipe, dest),
        settings=Settings(**settings),
        vault=vault or MemoryVault(),
    )


def fetching(made: Install, name: str = "toy.zip") -> FetchArchive:
    """Return the fetch step of an archive."""
    planned = next(step for step in made.plan.steps if step.address == f"toy/fetch:{name}")
    step = build_step(planned, made)
    assert isinstance(step, FetchArchive)
    return step


def run(step: FetchArchive) -> StepContext:
    """Run a step and return the context it filled."""
    context = StepContext()
    step.run(context)
    return context


def put(path: Path, data: bytes = DATA, *, age: float = 60.0) -> Path:
    """Put a file somewhere, as if it had lain there for a while."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def secrets(**values: str) -> dict[str, Secret]:
    """Return an answer's values."""
    return {name.replace("_", "-"): Secret(value) for name, value in values.items()}
