"""The ten classification sets and ImageNet as torchvision's own classes read them.

Runs wherever torchvision can be imported; a build that does not fit its torch will do, since only
the dataset classes are needed. Elsewhere the rules of the fact sheet stand in, in test_cosmos.
"""

from __future__ import annotations

import importlib
import os
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def datasets() -> Any:
    """The module of dataset classes, without the operators that need a matching torch."""
    name = "torchvision._meta_registrations"
    sys.modules.setdefault(name, types.ModuleType(name))
    try:
        return importlib.import_module("torchvision.datasets")
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"torchvision cannot be imported: {error}")


READERS: dict[str, tuple[Callable[[Any, str], Any], int]] = {
    "food101": (lambda d, root: d.Food101(root, split="test", download=False), 4),
    "cifar10": (lambda d, root: d.CIFAR10(root, train=False, download=False), 4),
    "cifar100": (lambda d, root: d.CIFAR100(root, train=False, download=False), 4),
    "sun397": (lambda d, root: d.SUN397(root, download=False), 6),
    "stanford_car": (lambda d, root: d.StanfordCars(root, split="test", download=False), 3),
    "aircraft": (lambda d, root: d.FGVCAircraft(root, split="test", download=False), 2),
    "dtd": (lambda d, root: d.DTD(root, split="test", download=False), 2),
    "pets": (lambda d, root: d.OxfordIIITPet(root, split="test", download=False), 2),
    "caltech101": (lambda d, root: d.Caltech101(root, download=False), 7),
    "flowers": (lambda d, root: d.Flowers102(root, split="test", download=False), 2),
}


@pytest.mark.parametrize("name", READERS)
def test_torchvision_accepts_the_layout(
    cosmos: Path, datasets: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The miniature's files are not the published ones, whose hashes these two look at.
    for module in (datasets.cifar, datasets.flowers102):
        monkeypatch.setattr(module, "check_integrity", lambda path, md5=None: os.path.isfile(path))
    build, count = READERS[name]
    found = build(datasets, str(cosmos / "cosmos/classification"))
    assert len(found) == count
    image, label = found[count - 1]
    image.load()
    assert image.size[0] > 8
    assert int(label) >= 0


def test_a_folder_a_class_is_read_in_the_order_of_names(cosmos: Path, datasets: Any) -> None:
    found = datasets.ImageFolder(str(cosmos / "cosmos/imagenet/data/val_images"))
    assert found.classes == ["n01440764", "n01871265", "n02085620"]
    assert len(found) == 6
