"""What is only plausible is named wherever an install is judged, and nothing is said over it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.access import zipped
from tests.headless.toy import Toy, toy_collection

pytestmark = pytest.mark.slow

TEXT = b"train/0001.jpg a\n" * 900
"""Nothing in it tells whether it is whole."""

RECIPE = """
id = "toy"
title = "Toy"
about = "Three datasets of one archive each, proven in three ways."
root = "toys"
finish = [{{ kind = "report" }}]

[[datasets]]
id = "hashed"
title = "Hashed"
folder = "Hashed"
about = "Somebody published its hash."
archives = [{{ name = "hashed.txt", urls = ["{base}/hashed.txt"], sha256 = "{sha256}" }}]

[[datasets]]
id = "built"
title = "Built"
folder = "Built"
about = "Its structure tells."
archives = [{{ name = "built.zip", urls = ["{base}/built.zip"] }}]

[[datasets]]
id = "told"
title = "Told"
folder = "Told"
about = "Nothing tells."
archives = [{{ name = "told.txt", urls = ["{base}/told.txt"], size_about = {size} }}]
"""
OVER = (
    "every check holds",
    "done and checked.",
    "Installed and proven",
    "Every archive was proven",
)
"""What may only be said where everything is proven."""


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toy]:
    with toy_collection(tmp_path_factory.mktemp("toy")) as made:
        served = {"hashed.txt": TEXT, "built.zip": zipped("a.txt", "b.txt"), "told.txt": TEXT[1:]}
        for name, data in served.items():
            (made.folder / "www" / name).write_bytes(data)
        sha256 = hashlib.sha256(TEXT).hexdigest()
        made.recipe.write_text(RECIPE.format(base=made.base, sha256=sha256, size=len(TEXT)))
        yield made


def judgements(toy: Toy, dest: Path) -> dict[str, str]:
    """Everything that is said of an install, by who says it."""
    said = {name: toy.run(name, "--dest", dest, code=0).stdout for name in ("status", "verify")}
    report = (dest / "segwizard-report.html").read_text()
    return said | {"report": " ".join(report.split())}


def test_everything_that_judges_names_it_and_says_nothing_over_it(toy: Toy):
    run = toy.install("--yes", code=0).stdout
    for judge, said in {"run": run, **judgements(toy, toy.dest)}.items():
        assert "told/told.txt" in said, judge
        assert "only plausible" in said.lower(), judge
        assert not [words for words in OVER if words in said], judge
        for proven in ("hashed/hashed.txt", "built/built.zip"):
            assert proven not in said.lower().partition("only plausible")[2][:200], judge


def test_scripts_read_it_too(toy: Toy):
    toy.install("--yes", code=0)
    status = json.loads(toy.run("status", "--dest", toy.dest, "--json", code=0).stdout)
    assert [s["address"] for s in status["steps"] if s["plausible"]] == ["told/fetch:told.txt"]
    verified = json.loads(toy.run("verify", "--dest", toy.dest, "--json", code=0).stdout)
    assert verified["plausible"] == ["told/told.txt"]
    report = json.loads((toy.dest / "segwizard-report.json").read_text())
    strengths = {
        source["name"]: source["strength"]
        for page in report["datasets"]
        for source in page["sources"]
    }
    assert strengths == {"hashed.txt": "hash", "built.zip": "structure", "told.txt": "plausible"}
    assert [page["verdict"] for page in report["datasets"]] == ["proven", "proven", "plausible"]


def test_where_everything_is_proven_it_is_said(toy: Toy, tmp_path: Path):
    dest = tmp_path / "dest"
    words = ("run", toy.recipe, "--dest", dest, "--yes", "--without", "told")
    run = toy.run(*words, code=0).stdout
    for judge, said in {"run": run, **judgements(toy, dest)}.items():
        assert "plausible</strong>" not in said and "Only plausible" not in said, judge
    assert "done and checked." in judgements(toy, dest)["status"]
    assert "every check holds" in judgements(toy, dest)["verify"]
