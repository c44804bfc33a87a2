"""Archives that several collections use are the same file in each, so that it is fetched once."""

from __future__ import annotations

from collections import defaultdict

from wizard.kinds.registry import load_recipe
from wizard.recipes.loader import names
from wizard.recipes.model import Archive

OTHER_FILES = {"trainval.tar.gz", "images.tar.gz", "annotations.tar.gz"}
"""Names that stand for different files in different datasets."""


def test_an_archive_has_one_identity_in_all_collections() -> None:
    found: dict[str, list[tuple[str, Archive]]] = defaultdict(list)
    for name in names():
        for dataset in load_recipe(name).datasets:
            for archive in dataset.archives:
                found[archive.name].append((f"{name}/{dataset.id}", archive))
    shared = {name: uses for name, uses in found.items() if len(uses) > 1}
    assert "VOCtrainval_11-May-2012.tar" in shared
    for name, uses in shared.items():
        if name not in OTHER_FILES:
            facts = {
                where: (each.size, each.md5, each.sha1, each.sha256, each.access.package)
                for where, each in uses
            }
            assert len(set(facts.values())) == 1, (name, facts)
