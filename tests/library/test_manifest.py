"""Manifests of whole miniature installs: read by sha256sum, by mlcroissant, and by each other."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest
from PIL import Image

import wizard
from tests.conformance.conftest import segwizard
from wizard.entry import exit_code
from wizard.library.manifest.sums import read_sums, sums_text

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A miniature install with its manifest; read only."""
    return _installed(tmp_path_factory.mktemp("one"))


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "copy", symlinks=True))


def _installed(folder: Path) -> Path:
    dest = folder / "dest"
    done = segwizard("demo", "mseg", "--dest", dest, "--yes", "--plain", home=folder / "home")
    assert done.returncode == 0, done.stdout + done.stderr
    assert exit_code(["manifest", "make", "--dest", str(dest)]) == 0
    return dest


def _label(dest: Path) -> Path:
    label = wizard.open(dest).dataset("camvid").samples("val")[0].label
    assert label is not None
    return label


def _said(capsys: pytest.CaptureFixture, code: int, *words: object) -> dict:
    capsys.readouterr()
    assert exit_code([*map(str, words), "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_coreutils_read_every_list(made: Path) -> None:
    lists = [f"manifest/{each.name}" for each in (made / "manifest").glob("*.sha256")]
    assert len(lists) == 13
    for words, folder in ((lists, made), (["SHA256SUMS"], made / "manifest")):
        subprocess.run(["sha256sum", "-c", "--quiet", "--strict", *words], cwd=folder, check=True)


def test_every_sample_is_in_the_lists(made: Path) -> None:
    for name, dataset in wizard.open(made).datasets.items():
        listed = read_sums(made / "manifest" / f"{name}.sha256")
        for taxonomy in dataset.taxonomies:
            for sample in dataset.samples("train", taxonomy):
                assert str(sample.image.relative_to(made)) in listed
                assert sample.label is None or str(sample.label.relative_to(made)) in listed


def test_two_installs_are_equal(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    other = _installed(tmp_path)
    assert _said(capsys, 0, "compare", made, other) == {"equal": True, "differences": []}
    shutil.rmtree(other / "manifest")
    (other / "segwizard-manifest.json").unlink()
    assert _said(capsys, 0, "compare", made / "segwizard-manifest.json", other)["equal"]


def test_one_changed_pixel_is_named(made: Path, copy: Path, capsys: pytest.CaptureFixture) -> None:
    label = _label(copy)
    with Image.open(label) as image:
        changed = image.copy()
    changed.putpixel((0, 0), (changed.getpixel((0, 0)) + 1) % 3)
    changed.save(label)
    place = str(label.relative_to(copy))
    found = _said(capsys, 1, "manifest", "check", "--dest", copy)
    assert [each["path"] for each in found["changed"] if each["trouble"] != "extra"] == [place]
    differences = _said(capsys, 1, "compare", made, copy)["differences"]
    assert [(each["what"], each["where"]) for each in differences] == [("file", place)]
    assert exit_code(["manifest", "make", "--dest", str(copy)]) == 0
    assert _said(capsys, 1, "compare", made, copy)["differences"] == differences


def test_a_change_that_hides_its_moment_is_named(
    made: Path, copy: Path, capsys: pytest.CaptureFixture
) -> None:
    assert exit_code(["manifest", "make", "--dest", str(copy)]) == 0
    label = _label(copy)
    before, content = label.stat(), bytearray(label.read_bytes())
    content[-1] ^= 1
    label.write_bytes(content)
    os.utime(label, ns=(before.st_atime_ns, before.st_mtime_ns))
    found = _said(capsys, 1, "compare", made, copy)["differences"]
    assert [each["where"] for each in found] == [str(label.relative_to(copy))]


def test_a_missing_file_is_a_difference(
    made: Path, copy: Path, capsys: pytest.CaptureFixture
) -> None:
    label = _label(copy)
    label.unlink()
    found = _said(capsys, 1, "compare", made, copy)["differences"]
    assert [(each["where"], each["right"]) for each in found] == [
        (str(label.relative_to(copy)), "")
    ]


def test_a_folder_of_nothing_but_a_manifest_is_taken_at_its_word(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    shutil.copytree(made / "manifest", tmp_path / "manifest")
    shutil.copy(made / "segwizard-manifest.json", tmp_path)
    assert _said(capsys, 0, "compare", tmp_path, made)["equal"]


def test_what_is_missing_cut_or_too_many_is_told(copy: Path, capsys: pytest.CaptureFixture) -> None:
    label = _label(copy)
    label.write_bytes(label.read_bytes()[:-1])
    image = wizard.open(copy).dataset("kitti").samples("train")[0].image
    image.unlink()
    (label.parent / "another.png").touch()
    (label.parent / ".DS_Store").touch()
    found = _said(capsys, 1, "manifest", "check", "--quick", "--dest", copy)
    told = {each["path"]: each["trouble"] for each in found["changed"]}
    assert told[str(label.relative_to(copy))] == "size"
    assert told[str(image.relative_to(copy))] == "missing"
    assert told[str((label.parent / "another.png").relative_to(copy))] == "extra"
    assert not any(path.endswith(".DS_Store") for path in told)


def test_files_too_many_never_hide_what_is_wrong(copy: Path, capsys: pytest.CaptureFixture) -> None:
    label = _label(copy)
    for number in range(50):
        (label.parent / f"000-{number}.png").touch()
    last = sorted(_listed(copy))[-1]
    (copy / last).unlink()
    assert exit_code(["manifest", "check", "--quick", "--dest", str(copy)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"missing: {last}"
    folder = label.parent.relative_to(copy).as_posix()
    assert f"extra: {folder}: 50 files of no list, such as 000-0.png" in "\n".join(said)


def _listed(dest: Path) -> list[str]:
    """Return the paths of a manifest in the order its lists have them."""
    lists = sorted((dest / "manifest").glob("*.sha256"))
    return [line.partition("  ")[2] for each in lists for line in each.read_text().splitlines()]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_croissant_is_valid_and_pairs_by_name(made: Path) -> None:
    croissant = pytest.importorskip("mlcroissant", reason="pip install mlcroissant")
    described = croissant.Dataset(str(made / "croissant.json"))
    assert not described.metadata.ctx.issues.errors
    for dataset, split in (("ade20k", "train"), ("cityscapes", "val")):
        records = list(described.records(f"{dataset}/{split}/records"))
        samples = wizard.open(made).dataset(dataset).samples(split)
        assert len(records) == len(samples)
        assert {f"{dataset}/{split}/records/label"} <= set(records[0])


def test_an_unproven_install_has_no_manifest(copy: Path, capsys: pytest.CaptureFixture) -> None:
    (copy / ".segwizard/steps/camvid.verify.json").unlink()
    assert exit_code(["manifest", "make", "--dest", str(copy)]) == 2
    assert "not proven yet: camvid" in capsys.readouterr().err


def test_a_manifest_of_a_later_version_is_not_read(
    copy: Path, capsys: pytest.CaptureFixture
) -> None:
    file = copy / "segwizard-manifest.json"
    file.write_bytes(msgspec.json.encode(json.loads(file.read_text()) | {"version": 2}))
    assert exit_code(["manifest", "check", "--dest", str(copy)]) == 4
    assert "version 2" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a b", "a\nb", "a\\b", "a\\nb", "\udcff", "ä", "a\rb"])
def test_odd_names_are_written_as_coreutils_write_them(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"x")
    done = subprocess.run(
        ["sha256sum", "--", name.encode("utf-8", "surrogateescape")],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    theirs = done.stdout.decode("utf-8", "surrogateescape")
    (tmp_path / "sums").write_bytes(done.stdout)
    assert list(read_sums(tmp_path / "sums")) == [name]
    assert sums_text([*read_sums(tmp_path / "sums").items()]) == theirs
