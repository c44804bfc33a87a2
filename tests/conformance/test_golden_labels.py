"""The label works by themselves against the golden set, fed by archives unpacked by hand."""

from __future__ import annotations

import hashlib
import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wizard.kinds.registry import load_recipe
from wizard.labels.specs.taxonomies import Labels, Mat, Polygons
from wizard.labels.works.mat import MatWork
from wizard.labels.works.polygon_files import PolygonWork
from wizard.labels.works.remap import RemapWork
from wizard.progress import CancelToken, Counter
from wizard.workers.batch import Workers, run_batch

UNPACKED = {
    "ADE20K": ("ADE20K_2016_07_26.zip", "ADEChallengeData2016.zip"),
    "BDD": ("bdd100k_seg.zip",),
    "Camvid/Labels32-RGB": ("LabeledApproved_full.zip",),
    "Cityscapes": ("gtFine_trainvaltest.zip",),
    "COCOPanoptic": ("panoptic_annotations_trainval2017.zip",),
    "IDD": ("idd-segmentation.tar.gz",),
    "KITTI": ("data_semantics.zip",),
    "MapillaryVistasPublic": ("mapillary-vistas-dataset_public_v1.1.zip",),
    "PASCAL_Context": ("trainval.tar.gz",),
    "ScanNet": ("scannet_frames_25k.zip",),
    "SUNRGBD": ("sun_rgbd.tgz",),
    "WildDash": ("wd_val_01.zip",),
}


def _unpack(archive: Path, into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as file:
            file.extractall(into)
    else:
        with tarfile.open(archive) as file:
            file.extractall(into, filter="data")


@pytest.fixture
def dest(golden: Path, tmp_path: Path) -> Path:
    """An install folder with every archive unpacked the way the recipe wants it."""
    dest = tmp_path
    root = dest / "mseg_dataset"
    for folder, archives in UNPACKED.items():
        for archive in archives:
            _unpack(golden / "archives" / archive, root / folder)
    annotations = root / "COCOPanoptic/annotations"
    for split in ("train", "val"):
        _unpack(annotations / f"panoptic_{split}2017.zip", annotations)
    (root / "SUNRGBD/label37").rename(root / "SUNRGBD/label38")
    _unpack(golden / "archives/mseg-api.tar.gz", dest)
    (source,) = dest.glob("mseg-api-*")
    source.rename(dest / "mseg-api")
    return dest


def _works(dest: Path):
    root = dest / "mseg_dataset"
    for dataset in load_recipe("mseg").datasets:
        for step in dataset.steps:
            if isinstance(step, Labels):
                yield RemapWork(root, dest / step.tables, step)
            elif isinstance(step, Polygons):
                yield PolygonWork(root, dest / step.tables, step)
            elif isinstance(step, Mat):
                yield MatWork(root, step)


def _pixels(path: Path) -> tuple[str, list[int], str]:
    with Image.open(path) as image:
        pixels = np.array(image)
    if pixels.dtype.kind == "i":
        pixels = pixels.astype(np.uint16)
    return str(pixels.dtype), list(pixels.shape), hashlib.sha256(pixels.tobytes()).hexdigest()


@pytest.fixture(params=["threads", "processes", "dask"])
def workers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workers]:
    """Every way of going about it."""
    if request.param != "dask":
        yield Workers(2, request.param)
        return
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=tmp_path
    ) as cluster:
        yield Workers(2, "dask", cluster.scheduler_address, tmp_path / "state")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_every_label_equals_the_reference(dest: Path, golden: Path, workers: Workers) -> None:
    fatal = []
    for work in _works(dest):
        findings = run_batch(
            work, work.items(), workers=workers, counter=Counter(), token=CancelToken()
        )
        fatal += [finding for finding in findings if finding.fatal]
    assert fatal == []
    expected = json.loads((golden / "expected.json").read_text())["files"]
    wrong = {}
    compared = 0
    for name, facts in expected.items():
        path = dest / "mseg_dataset" / name
        if not facts["produced"] or not path.parent.parent.exists():
            continue
        compared += 1
        got = _pixels(path) if path.is_file() else "missing"
        if got != (facts["dtype"], facts["shape"], facts["sha256"]):
            wrong[name] = got
    assert wrong == {}
    assert compared > 200
