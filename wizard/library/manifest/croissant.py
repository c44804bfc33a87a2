"""Croissant metadata of an install: JSON-LD that describes it to other programs.

Sets of files are described by patterns, never file by file: a description of a million files one
by one takes hours to read (mlcommons/croissant, specification 1.1). Globs start from the folder
the file lies in, the destination.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

import msgspec

from wizard.library.dataset import InstalledDataset
from wizard.library.library import Library
from wizard.library.manifest.model import DatasetEntry, Manifest
from wizard.library.samples import Sample

Node = dict[str, Any]
"""One object of JSON-LD."""

_TERMS = (
    "citeAs", "column", "conformsTo", "containedIn", "data", "dataType", "equivalentProperty",
    "extract", "field", "fileProperty", "fileObject", "fileSet", "format", "includes",
    "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references",
    "regex", "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip
_SAID = (
    "Installed and verified by segwizard. Labels are class indices, 255 where no loss is taken: "
    "read them from the PNG as stored, since readers that convert to RGB lose them. Where splits "
    "share a folder, a record set holds all of it; the install's own lists say which belong."
)


def croissant(library: Library, manifest: Manifest) -> bytes:
    """Return the description of an install as JSON."""
    entries = {each.id: each for each in manifest.datasets}
    described = [
        (dataset, split, entries[name])
        for name, dataset in library.datasets.items()
        for split in dataset.splits
        if len(dataset.samples(split))
    ]
    node: Node = {
        "@context": _context(),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": library.recipe.id,
        "description": f"{' '.join(library.recipe.about.split())} {_SAID}",
        "license": _licences(manifest.datasets),
        "url": library.recipe.document or "https://github.com/segwizard/segwizard",
        "creator": {"@type": "sc:Organization", "name": "the makers of the datasets"},
        "datePublished": time.strftime("%Y-%m-%d", time.gmtime(manifest.made)),
        "version": "1.0.0",
        "citeAs": " ".join(each.recipe.citation for each in library.datasets.values()).strip(),
        "distribution": [*_archives(manifest.datasets), *_file_sets(library, described)],
        "recordSet": [
            each for dataset, split, _ in described for each in _record_sets(dataset, split)
        ],
    }
    return msgspec.json.format(msgspec.json.encode(node), indent=2) + b"\n"


def _context() -> Node:
    context: Node = {
        "@language": "en",
        "@vocab": "https://schema.org/",
        "sc": "https://schema.org/",
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "dct": "http://purl.org/dc/terms/",
    }
    context |= {name: f"cr:{name}" for name in _TERMS}
    context["conformsTo"] = "dct:conformsTo"
    context["data"] = {"@id": "cr:data", "@type": "@json"}
    context["examples"] = {"@id": "cr:examples", "@type": "@json"}
    context["dataType"] = {"@id": "cr:dataType", "@type": "@vocab"}
    return context


def _licences(datasets: Iterable[DatasetEntry]) -> list[str]:
    return list(dict.fromkeys(each.terms.url for each in datasets if each.terms)) or ["unknown"]


def _archives(datasets: Iterable[DatasetEntry]) -> Iterator[Node]:
    for dataset in datasets:
        for archive in dataset.archives:
            yield {
                "@type": "cr:FileObject",
                "@id": f"{dataset.id}/{archive.name}",
                "name": archive.name,
                "contentUrl": archive.source or f"{dataset.folder}/{archive.name}",
                "contentSize": f"{archive.size} B",
                "encodingFormat": _format(archive.name),
                "sha256": archive.sha256,
            }


def _format(name: str) -> str:
    ending = PurePosixPath(name).suffix.removeprefix(".").lower()
    known = {"zip": "application/zip", "tar": "application/x-tar", "gz": "application/gzip"}
    return known.get(ending, "application/octet-stream")


def _file_sets(
    library: Library, described: Iterable[tuple[InstalledDataset, str, DatasetEntry]]
) -> Iterator[Node]:
    for dataset, split, _ in described:
        samples = dataset.samples(split)
        yield _file_set(library, f"{dataset.id}/{split}/images", [s.image for s in samples])
        labels = [s.label for s in samples if s.label is not None]
        if labels:
            yield _file_set(library, f"{dataset.id}/{split}/labels", labels)


def _file_set(library: Library, name: str, paths: Iterable[os.PathLike[str]]) -> Node:
    below = [PurePosixPath(os.fspath(each)).relative_to(library.dest) for each in paths]
    globs = _globs(below)
    ending = below[0].suffix.lower()
    return {
        "@type": "cr:FileSet",
        "@id": name,
        "name": name,
        "encodingFormat": "image/jpeg" if ending in (".jpg", ".jpeg") else "image/png",
        "includes": globs[0] if len(globs) == 1 else globs,
    }


def _globs(paths: Iterable[PurePosixPath]) -> list[str]:
    """One pattern for each ending: in one folder, or below the deepest folder they share."""
    folders: dict[str, set[str]] = {}
    for path in paths:
        folders.setdefault(path.suffix, set()).add(str(path.parent))
    return sorted(
        f"{next(iter(parents))}/*{ending}"
        if len(parents) == 1
        else f"{os.path.commonpath(parents)}/**/*{ending}"
        for ending, parents in folders.items()
    )


def _record_sets(dataset: InstalledDataset, split: str) -> Iterator[Node]:
    name, sample = f"{dataset.id}/{split}", dataset.samples(split)[0]
    if sample.label is not None and _shared(sample):
        yield _joined(name, dataset, split)
        return
    # Names without a common stem are paired by the lists alone, which no pattern can say.
    for of in ("image", "label") if sample.label is not None else ("image",):
        yield {
            "@type": "cr:RecordSet",
            "@id": f"{name}/{of}-records",
            "name": f"{name}/{of}-records",
            "description": f"{dataset.title}, {split}: every {of}.",
            "field": [_field(f"{name}/{of}-records", name, of)],
        }


def _joined(name: str, dataset: InstalledDataset, split: str) -> Node:
    """Pairs by the stem both names begin with, where the label's is the image's and an ending."""
    stem = {"extract": {"fileProperty": "filename"}}
    image = {"fileSet": {"@id": f"{name}/images"}}
    label = {"fileSet": {"@id": f"{name}/labels"}}
    key: Node = {
        "@type": "cr:Field",
        "@id": f"{name}/records/key",
        "name": f"{name}/records/key",
        "dataType": "sc:Text",
        "source": image | stem | {"transform": {"regex": _stem(dataset, split, of="image")}},
        "references": label | stem | {"transform": {"regex": _stem(dataset, split, of="label")}},
    }
    fields = [
        key,
        _field(f"{name}/records", name, "image"),
        _field(f"{name}/records", name, "label"),
    ]
    return {
        "@type": "cr:RecordSet",
        "@id": f"{name}/records",
        "name": f"{name}/records",
        "description": f"{dataset.title}, {split}: each image with its label.",
        "key": {"@id": f"{name}/records/key"},
        "field": fields,
    }


def _field(records: str, name: str, of: str) -> Node:
    return {
        "@type": "cr:Field",
        "@id": f"{records}/{of}",
        "name": f"{records}/{of}",
        "dataType": "sc:ImageObject",
        "source": {"fileSet": {"@id": f"{name}/{of}s"}, "extract": {"fileProperty": "content"}},
    }


def _shared(sample: Sample) -> str:
    """What the names of an image and its label begin with, both of them."""
    return os.path.commonprefix([sample.image.stem, sample.label.stem if sample.label else ""])


def _stem(dataset: InstalledDataset, split: str, *, of: str) -> str:
    """A pattern whose group is what both names have in common; the ending may be gone already."""
    sample = dataset.samples(split)[0]
    path = sample.image if of == "image" else sample.label or sample.image
    rest = _quoted(path.stem.removeprefix(_shared(sample)))
    return f"^(.+?)(?:{rest})?(?:{_quoted(path.suffix)})?$"


def _quoted(text: str) -> str:
    return "".join(f"\\{each}" if each in ".+?()[]{}|^$*\\" else each for each in text)
