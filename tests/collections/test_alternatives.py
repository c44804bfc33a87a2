"""Whole installs by each alternative but the first: why that is gone, and what comes of it."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from tests.collections.alternatives import EVERY_ALTERNATIVE, draw, held_in, pixels
from tests.conformance.conftest import segwizard
from tests.servers.misbehaving import Misbehaving
from wizard.cli import cli
from wizard.demo.miniature import build_miniature
from wizard.kinds.registry import load_recipe
from wizard.recipes.loader import names
from wizard.recipes.model import Archive, Dataset

ROOTS = {"cosmos": "cosmos", "fptrans": "FPTrans", "openseg": "openseg.pytorch"}
ROOTS["partdistillation"] = "PartDistillation"
READ = {
    "flickr30k": ("flickr30k-images/*.json",),
    "imagenet": ("imagenet/data/val_images/*/*",),
    "stanford-cars": (
        "classification/stanford_cars/cars_*/*",
        "classification/stanford_cars/*.mat",
    ),
    "pascal-5i": (
        "data/VOCdevkit/VOC2012/SegmentationClassAug/*",
        "data/VOCdevkit/VOC2012/weights/*",
    ),
    "pascal-context": ("data/pascal_context/*/*/*",),
    "lip": ("data/lip/[tv]*/*/*",),
    "imagenet-1k": ("datasets/imagenet_1k/train/*/*",),
    "imagenet-1k-val": ("datasets/imagenet_1k/val/*/*",),
    "imagenet-22k": ("datasets/imagenet_22k/*/*",),
    "part-imagenet": ("datasets/part_imagenet/*.json", "datasets/part_imagenet/valtest/*/*"),
}
"""What code reads of a dataset, whichever way it came."""


@dataclass(frozen=True)
class Case:
    """An install of some datasets of a collection, and why each goes another way."""

    collection: str
    reason: str
    alternatives: dict[str, str]

    def __str__(self) -> str:
        return f"{self.collection}-{self.reason}-{'-'.join(self.alternatives.values())}"


_COSMOS = {"flickr30k": "table", "imagenet": "parquet", "stanford-cars": "parts"}
_PARTS = {"imagenet-1k": "official", "imagenet-1k-val": "official", "imagenet-22k": "fall11"}
CASES = (
    Case("cosmos", "dead", {**_COSMOS}),
    Case("cosmos", "dead", {"imagenet": "official"}),
    Case("cosmos", "brought", {**_COSMOS, "imagenet": "official", "stanford-cars": "original"}),
    Case("cosmos", "brought", {"imagenet": "parquet"}),
    Case("cosmos", "offered", {**_COSMOS, "imagenet": "official"}),
    Case("cosmos", "offered", {"imagenet": "parquet", "stanford-cars": "original"}),
    Case("fptrans", "fallback", {"pascal-5i": "published"}),
    Case("fptrans", "dead", {"pascal-5i": "rebuilt"}),
    Case("fptrans", "brought", {"pascal-5i": "rebuilt"}),
    Case("fptrans", "offered", {"pascal-5i": "rebuilt"}),
    Case("openseg", "dead", {"pascal-context": "merged", "lip": "parts"}),
    Case("openseg", "brought", {"pascal-context": "merged", "lip": "parts"}),
    Case("openseg", "offered", {"pascal-context": "merged", "lip": "parts"}),
    Case("partdistillation", "dead", {**_PARTS, "part-imagenet": "joined"}),
    Case("partdistillation", "brought", {**_PARTS, "imagenet-1k": "kaggle"}),
    Case("partdistillation", "offered", {**_PARTS}),
    Case("partdistillation", "offered", {"imagenet-1k": "parquet"}),
    Case("partdistillation", "offered", {"imagenet-1k": "kaggle", "imagenet-1k-val": "parquet"}),
)


IMPORTED = ("mseg", "ade20k", "masks")
"""Gone in ``test_exported_masks``, as its archive is written by an install."""


class Lab:
    """Archives of a case by dataset, served on loopback or put into an inbox, and a site file."""

    def __init__(self, case: Case, folder: Path) -> None:
        self.case, self.folder, self.recipe = case, folder, load_recipe(case.collection)
        self.dest = folder / "dest"
        miniature = build_miniature(folder / "archives", collection=case.collection)
        self._files = {(a.dataset, a.name): a.path.read_bytes() for a in miniature.archives}
        for dataset, alternative in case.alternatives.items():
            if (case.collection, dataset, alternative) in EVERY_ALTERNATIVE:
                drawn = draw(case.collection, dataset, alternative, held_in(miniature.folder))
                self._files |= {(dataset, name): data for name, data in drawn.items()}
        self._server = Misbehaving()
        for (dataset, name), data in self._files.items():
            self._server.put(quote(f"{dataset}/{name}"), data)

    def __enter__(self) -> Lab:
        self._server.__enter__()
        (self.folder / "site.toml").write_text("\n".join(self._site()))
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__(None, None, None)

    def _site(self) -> Iterator[str]:
        for dataset in self.recipe.datasets:
            for archive in dataset.archives:
                yield from self._at(dataset, archive)

    def _at(self, dataset: Dataset, archive: Archive) -> Iterator[str]:
        """Open what every way needs; the rest by the reason why another way is gone.

        Dead links and what the site leaves out; a door nobody opens while files are brought. For a
        fallback only the first address of each archive is dead.
        """
        alternative, data = (
            self.case.alternatives.get(dataset.id, ""),
            self._files.get((dataset.id, archive.name)),
        )
        url, access = f"{self._server.url}/{quote(f'{dataset.id}/{archive.name}')}", "open"
        brought = self.case.reason == "brought"
        if data is None or (alternative and archive.alternative not in ("", alternative)):
            if self.case.reason == "offered":
                return
            url, data = f"{self._server.url}/gone/{quote(archive.name)}", b"?"
            access = archive.access.kind if brought else "open"
        elif alternative and archive.alternative == alternative and brought:
            self._bring(archive.name, data)
            access = "browser"
        yield f"[archives.{json.dumps(f'{self.recipe.id}/{dataset.id}/{archive.name}')}]"
        dead = [f"{self._server.url}/gone/first"] if self.case.reason == "fallback" else []
        yield f"urls = {json.dumps([*dead, url] if access != 'browser' else [])}"
        yield f'access = "{access}"'
        yield f'size = {len(data)}\nsha256 = "{hashlib.sha256(data).hexdigest()}"'

    def _bring(self, name: str, data: bytes) -> None:
        path = self.dest / "inbox" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (1, 1))

    def words(self) -> tuple[str, ...]:
        site, only = self.folder / "site.toml", ",".join(self.case.alternatives)
        return ("--dest", str(self.dest), "--site", str(site), "--only", only)


def read(root: Path, dataset: str) -> dict[str, object]:
    """What a program reads of a dataset: JSON as data, images as pixels, the rest as bytes."""
    found = {}
    for pattern in READ[dataset]:
        for path in root.glob(pattern):
            data = path.read_bytes()
            content: object = json.loads(data) if path.suffix == ".json" else data
            if path.suffix == ".npz":
                with zipfile.ZipFile(path) as packed:
                    content = [packed.read(name) for name in sorted(packed.namelist())]
            if path.suffix == ".png":
                content = pixels(data).tolist()
            found[path.relative_to(root).as_posix()] = content
    assert found, dataset
    return found


def asked(*words: str) -> dict[str, object]:
    """Run a command in this process and return what it prints as JSON."""
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_install_by_another_way_is_whole_and_says_so(
    case: Case, tmp_path: Path, own_home: Path, request: pytest.FixtureRequest
) -> None:
    if "parquet" in case.alternatives.values():
        pytest.importorskip("pyarrow")
    titles = {
        name: next(
            each.title
            for each in load_recipe(case.collection).dataset(name).alternatives
            if each.id == alternative
        )
        for name, alternative in case.alternatives.items()
    }
    with Lab(case, tmp_path) as lab:
        done = segwizard("run", case.collection, *lab.words(), "--yes", home=own_home)
        assert done.returncode == 0, done.stdout + done.stderr
        status = asked("status", *lab.words()[:4], "--json")
        told = {each["id"]: each.get("alternative", "") for each in status["datasets"]}  # type: ignore[attr-defined]
        assert {each["state"] for each in status["steps"]} == {"done"}  # type: ignore[attr-defined]
        plan = asked("plan", case.collection, *lab.words(), "--json")
    taken = {
        each["dataset"]: each["id"] for each in plan["alternatives"] if each["state"] == "taken"
    }  # type: ignore[attr-defined]
    report = json.loads((lab.dest / "segwizard-report.json").read_text())
    pages = {each["id"]: each for each in report["datasets"]}
    usual = request.getfixturevalue(case.collection) / ROOTS[case.collection]
    for name, title in titles.items():
        assert (told[name], pages[name]["alternative"], taken[name]) == (
            title,
            title,
            case.alternatives[name],
        )
        assert pages[name]["verdict"] == "verified"
        assert read(lab.dest / ROOTS[case.collection], name) == read(usual, name)


def test_every_way_that_stands_by_is_gone_here() -> None:
    known = {
        (name, dataset.id, alternative.id)
        for name in names()
        for dataset in load_recipe(name).datasets
        for alternative in dataset.alternatives[1:]
    }
    assert known - {IMPORTED} == set(EVERY_ALTERNATIVE)
    gone = {
        (case.collection, d, alternative)
        for case in CASES
        for d, alternative in case.alternatives.items()
    }
    assert known - {IMPORTED} <= gone
