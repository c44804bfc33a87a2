"""The law of healing: whatever comes to harm, one run makes the tree exact again."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.healing import Lab, harmed, relabelled, swap, twins
from tests.e2e.miniature import finish
from wizard.demo.miniature import build_miniature
from wizard.demo.server import DemoServer
from wizard.kinds.registry import load_recipe

ONLY = ("--only", "kitti,camvid,pascal-context,cityscapes")


@pytest.fixture(scope="module")
def finished(lab: Path, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    folder = tmp_path_factory.mktemp("healed")
    words = ("run", "mseg", "--site", lab, "--yes", *ONLY, "--dest", folder / "dest")
    finish(folder / "home", *words)
    return Lab(lab, folder / "dest", folder / "home", ONLY)


@pytest.fixture(scope="module", params=["cosmos", "fptrans", "openseg", "partdistillation"])
def small(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """A finished install of a smaller collection, whose archives can be had again."""
    folder = tmp_path_factory.mktemp(request.param)
    with DemoServer(build_miniature(folder / "archives", collection=request.param)) as server:
        site = folder / "site.toml"
        site.write_text(server.site_toml(gated=False))
        words = ("run", request.param, "--site", site, "--yes", "--dest", folder / "dest")
        finish(folder / "home", *words)
        root = load_recipe(request.param).root
        yield Lab(site, folder / "dest", folder / "home", (), request.param, root)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(120, 123))
def test_the_smaller_collections_are_mended_too(small: Lab, tmp_path: Path, seed: int) -> None:
    assert not small.round(seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(9000, 9012))
def test_random_damage_is_mended_by_one_run(finished: Lab, tmp_path: Path, seed: int) -> None:
    assert not finished.round(seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(500, 512))
def test_what_was_made_and_then_harmed_before_it_was_checked_is_mended(
    finished: Lab, tmp_path: Path, seed: int
) -> None:
    """Proofs of what workers made are none of what became of it."""
    dice = random.Random(seed)

    def harm(dest: Path) -> list[str]:
        relabelled(dest)
        kept = list((dest / ".segwizard/steps").glob("*.proven"))
        assert len(kept) == 4 and all(each.stat().st_size for each in kept)
        return [*harmed(dest, dice, finished.root)]

    assert not finished.after(tmp_path / "dest", harm)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["list/val.txt", "pascal-context-60_names.txt"])
@pytest.mark.parametrize("harm", [b"\xb0", b"\n\n\n", b"\0 \0 \0\n"])
def test_a_table_that_labels_cannot_be_made_by_is_unpacked_anew(
    finished: Lab, tmp_path: Path, name: str, harm: bytes
) -> None:
    """The step that makes labels meets it before any check does."""

    def spoil(dest: Path) -> list[str]:
        table = dest / "mseg-api/mseg/dataset_lists/pascal-context-60" / name
        data = table.read_bytes()
        table.write_bytes(data[:9] + harm + data[9 + len(harm) :])
        return [name]

    assert not finished.after(tmp_path / "dest", spoil)


@pytest.mark.slow
def test_files_of_one_size_written_at_once_are_told_apart(small: Lab, tmp_path: Path) -> None:
    assert not small.after(tmp_path / "dest", _swapped)


def _swapped(dest: Path) -> list[str]:
    """Swap the two files of one size that were written closest, and take the report away."""
    (dest / "segwizard-report.json").unlink()
    ours = dest / ".segwizard"
    files = [path for path in dest.rglob("*") if path.is_file() and ours not in path.parents]
    pairs = [(path, other) for path in files for other in twins(path)]
    if pairs:
        swap(*min(pairs, key=_apart))
    return list(map(str, min(pairs, key=_apart, default=())))


def _apart(pair: tuple[Path, Path]) -> int:
    first, second = (path.lstat().st_mtime_ns for path in pair)
    return abs(first - second)


@pytest.mark.slow
@pytest.mark.parametrize("taxonomy", ["ade20k-150", "sunrgbd-37", "camvid-11"])
def test_a_list_with_a_letter_changed_leaves_no_label_of_that_name(
    finished: Lab, tmp_path: Path, taxonomy: str
) -> None:
    """It reads like a list: what it names is made unless the list is looked at first."""

    def change(dest: Path) -> list[str]:
        listed = dest / f"mseg-api/mseg/dataset_lists/{taxonomy}/list/train.txt"
        data = bytearray(listed.read_bytes())
        place = data.rindex(b".png") - 1
        data[place] = ord("x")
        listed.write_bytes(data)
        return [str(listed)]

    assert not finished.after(tmp_path / "dest", change)
