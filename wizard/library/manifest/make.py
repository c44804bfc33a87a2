"""Making the manifest of an install: every image and label hashed, and what they came from."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from wizard.errors import LabelError, UsageError
from wizard.files import make_folder, write_whole
from wizard.kinds.fetching.proofs import last_proof, record_path
from wizard.library.dataset import InstalledDataset
from wizard.library.library import Library
from wizard.library.manifest import model
from wizard.library.manifest.croissant import croissant
from wizard.library.manifest.sums import HashedFile, hash_files, read_known, sizes_text, sums_text
from wizard.progress import CancelToken, Counter
from wizard.recipes.order import fetch_id
from wizard.version import __version__


@dataclass(frozen=True, slots=True)
class Taken:
    """A manifest and the files it speaks of, by dataset."""

    manifest: model.Manifest
    files: dict[str, list[HashedFile]]


def take_manifest(
    library: Library, *, workers: int, counter: Counter, token: CancelToken, lacking: bool = False
) -> Taken:
    """Hash an install's images and labels and describe it; writes nothing.

    Files that are as they were at the last manifest are not read again. Raises ``WizardError``,
    for a missing file unless files may be ``lacking``.
    """
    files: dict[str, list[HashedFile]] = {}
    for name, dataset in library.datasets.items():
        known = read_known(*_lists(library.dest, name))
        paths = files_of(library, dataset)
        part = Counter()
        files[name] = hash_files(
            library.dest,
            paths,
            known,
            workers=workers,
            counter=part,
            token=token,
            lacking=lacking,
        )
        counter.advance(part.done)
    return Taken(_described(library, files), files)


def write(library: Library, taken: Taken) -> None:
    """Write the lists of checksums, the manifest and the Croissant metadata."""
    dest = library.dest
    make_folder(dest / model.FOLDER)
    for name, files in taken.files.items():
        sums, sizes = _lists(dest, name)
        write_whole(sizes, _bytes(sizes_text(files)))
        write_whole(sums, _bytes(_sums(files)))
    write_whole(dest / model.FOLDER / model.TOP_LIST, _bytes(_top(taken.files)))
    write_whole(dest / "croissant.json", croissant(library, taken.manifest))
    encoded = msgspec.json.encode(taken.manifest)
    write_whole(dest / model.FILE, msgspec.json.format(encoded, indent=2) + b"\n")


def files_of(library: Library, dataset: InstalledDataset) -> set[str]:
    """Return every image and label the dataset's lists name, below the destination, POSIX.

    Datasets without lists count every file of their folder that no archive put there whole.
    """
    dest = f"{library.dest}/"
    found: set[str] = set()
    for split in dataset.splits:
        for taxonomy in dataset.taxonomies or (None,):
            for sample in dataset.samples(split, taxonomy):
                found.add(str(sample.image).removeprefix(dest))
                if sample.label is not None:
                    found.add(str(sample.label).removeprefix(dest))
    return found or set(_walked(library, dataset))


def _walked(library: Library, dataset: InstalledDataset) -> Iterator[str]:
    archives = {library.recipe.archive_place(dataset.recipe, a) for a in dataset.recipe.archives}
    for folder, folders, names in os.walk(dataset.folder):
        folders[:] = [name for name in folders if not name.startswith((".", "@"))]
        for name in names:
            path = Path(folder, name).relative_to(library.dest).as_posix()
            if not name.startswith(".") and path not in archives:
                yield path


def _described(library: Library, files: dict[str, list[HashedFile]]) -> model.Manifest:
    recipe = library.recipe
    left_out = {each.id for each in recipe.datasets if not each.required} - set(library.datasets)
    return model.Manifest(
        id=hashlib.sha256(_bytes(_top(files))).hexdigest(),
        collection=recipe.id,
        title=recipe.title,
        segwizard=__version__,
        recipe=hashlib.sha256(msgspec.json.encode(recipe)).hexdigest(),
        made=time.time(),
        partial=bool(left_out),
        datasets=tuple(
            _entry(library, dataset, files[name]) for name, dataset in library.datasets.items()
        ),
    )


def _entry(
    library: Library, dataset: InstalledDataset, files: list[HashedFile]
) -> model.DatasetEntry:
    terms = dataset.recipe.terms
    return model.DatasetEntry(
        id=dataset.id,
        title=dataset.title,
        folder=dataset.folder.relative_to(library.dest).as_posix(),
        files=len(files),
        bytes=sum(each.size for each in files),
        sha256=hashlib.sha256(_bytes(_sums(files))).hexdigest(),
        proven_at=dataset.proven_at,
        terms=model.TermsEntry(title=terms.title, url=terms.url) if terms else None,
        taxonomies=tuple(
            model.TaxonomyEntry(name=each, classes=_names(dataset, each))
            for each in dataset.taxonomies
        ),
        archives=tuple(_archives(library, dataset)),
    )


def _names(dataset: InstalledDataset, taxonomy: str) -> tuple[str, ...]:
    try:
        return tuple(each.name for each in dataset.classes(taxonomy))
    except (LabelError, UsageError):
        return ()


def _archives(library: Library, dataset: InstalledDataset) -> Iterator[model.ArchiveOrigin]:
    for archive in dataset.recipe.archives:
        address = f"{dataset.id}/{fetch_id(archive.name)}"
        proof = last_proof(record_path(library.dest / ".segwizard", address))
        if proof is not None:
            yield model.ArchiveOrigin(
                name=archive.name,
                sha256=proof.sha256,
                size=proof.size,
                source=proof.source,
                moment=proof.moment,
            )


def _lists(dest: Path, dataset: str) -> tuple[Path, Path]:
    folder = dest / model.FOLDER
    return folder / f"{dataset}.sha256", folder / f"{dataset}.sizes"


def _sums(files: list[HashedFile]) -> str:
    return sums_text((each.path, each.sha256) for each in files)


def _top(files: dict[str, list[HashedFile]]) -> str:
    lists = (
        (f"{name}.sha256", hashlib.sha256(_bytes(_sums(each))).hexdigest())
        for name, each in sorted(files.items())
    )
    return sums_text(lists)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
