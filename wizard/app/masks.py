"""Masks of relabel records from one lab to another: written out of an install, and taken in."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from wizard.app.opening import Choices, open_begun, open_install
from wizard.engine.lease import acquire
from wizard.errors import LabelError, UsageError
from wizard.files import scratch_folder, write_whole
from wizard.kinds.fetching.imports import fetch_steps
from wizard.kinds.fetching.proofs import last_proof, record_path
from wizard.kinds.fetching.step import FetchArchive
from wizard.kinds.labelling.step import base_folder, workers_of
from wizard.kinds.terms import accepted, text_hash
from wizard.labels.exported_masks import parse_exported
from wizard.labels.specs.taxonomies import ByLists, LabelOutput
from wizard.labels.works.export_masks import ExportWork
from wizard.progress import CancelToken, Counter, TransferProgress
from wizard.recipes.keys import suggestion
from wizard.recipes.model import Dataset, Recipe
from wizard.recipes.order import fetch_address
from wizard.steps.install import Install, prepare_places
from wizard.steps.planned import PlannedStep
from wizard.version import __version__
from wizard.workers.batch import run_batch

MANIFEST = "masks.json"
_FOLDER = "masks/"
_LARGEST_MANIFEST = 16 << 20
_MOST_IMAGES = 1_000_000
_MOST_BYTES = 4 << 30


class MaskSource(msgspec.Struct, frozen=True, kw_only=True):
    """An archive of the install that the masks came from."""

    name: str
    size: int
    sha256: str


class MaskManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What exported masks are of, and the terms they stand under."""

    version: int = 1
    by: str = ""
    collection: str
    dataset: str
    taxonomy: str
    records: str
    """sha256 of which segments of which images are in it."""
    images: int
    licence: str
    licence_url: str
    licence_sha256: str
    """Of the text as it was accepted."""
    archives: tuple[MaskSource, ...]


@dataclass(frozen=True, slots=True)
class MasksMoved:
    """What was written or taken in."""

    path: Path
    manifest: MaskManifest
    size: int
    words: str = ""


@dataclass(frozen=True, slots=True)
class _Relabelling:
    """The step and the output whose masks can be exported."""

    dataset: Dataset
    planned: PlannedStep
    spec: ByLists
    output: LabelOutput


def export_masks(
    choices: Choices, dataset: str, out: Path | None, counter: Counter, token: CancelToken
) -> MasksMoved:
    """Write the masks that a dataset's relabel records use into a zip.

    Raises ``UsageError`` for a dataset without any to export, ``LabelError`` where masks are
    missing or damaged.
    """
    install = open_begun(choices)
    found = _relabelling(install, dataset)
    out = (out or Path(f"{found.dataset.id}-relabel-masks.zip")).absolute()
    with scratch_folder() as scratch:
        work = ExportWork(
            root=base_folder(found.planned, install),
            tables=install.place.dest / found.spec.tables,
            spec=found.spec,
            output=found.output,
            into=scratch,
        )
        items = work.items()
        counter.total, counter.unit = len(items), work.unit
        findings = run_batch(work, items, workers=workers_of(install), counter=counter, token=token)
        for each in (finding for finding in findings if finding.fatal):
            raise LabelError(each.detail, cause=each.cause, where=each.path, hint=each.hint)
        manifest = _manifest(install.recipe, found, work, len(items), _sources(install, found))
        files = [path for item in items for path in item.outputs]
        write_whole(out, _packed(manifest, files))
    return MasksMoved(out, manifest, out.stat().st_size)


def _relabelling(install: Install, dataset: str) -> _Relabelling:
    """Find what to export: that of the dataset, or of the only one that has any."""
    every = list(_all_relabellings(install))
    known = [each.dataset.id for each in every]
    chosen = [each for each in every if dataset in ("", each.dataset.id)]
    if len(chosen) != 1:
        hint = suggestion(dataset, known) or "the recipe says of no dataset where masks would lie"
        what = f"{dataset!r} has no masks to export" if dataset else "say whose masks are meant"
        raise UsageError(what, hint=hint)
    return chosen[0]


def _all_relabellings(install: Install) -> Iterator[_Relabelling]:
    for planned in install.plan.steps:
        spec = planned.spec
        for output in spec.makes if isinstance(spec, ByLists) else ():
            if isinstance(spec, ByLists) and output.relabel and output.relabel.exported:
                yield _Relabelling(install.recipe.dataset(planned.dataset), planned, spec, output)


def _manifest(
    recipe: Recipe,
    found: _Relabelling,
    work: ExportWork,
    images: int,
    archives: Sequence[MaskSource],
) -> MaskManifest:
    terms = found.dataset.terms
    return MaskManifest(
        by=f"segwizard {__version__}",
        collection=recipe.id,
        dataset=found.dataset.id,
        taxonomy=found.output.taxonomy,
        records=work.hash_of_records(),
        images=images,
        licence=terms.title if terms else "",
        licence_url=terms.url if terms else "",
        licence_sha256=text_hash(terms) if terms else "",
        archives=tuple(archives),
    )


def _sources(install: Install, found: _Relabelling) -> list[MaskSource]:
    """The dataset's archives as they were proven here, be they deleted by now."""
    sources = []
    for archive in found.dataset.archives:
        step = fetch_address(found.dataset.id, archive.name)
        proof = last_proof(record_path(install.place.state, step))
        if proof is not None:
            sources.append(MaskSource(name=archive.name, size=proof.size, sha256=proof.sha256))
    return sources


def _packed(manifest: MaskManifest, files: Sequence[Path]) -> bytes:
    """Pack everything so that equal masks give equal bytes."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
        packed.writestr(_entry(MANIFEST), text)
        for path in sorted(files, key=lambda each: each.name):
            packed.writestr(_entry(f"{_FOLDER}{path.name}"), path.read_bytes())
    return held.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def import_masks(choices: Choices, path: Path, token: CancelToken) -> MasksMoved:
    """Check exported masks whole and take them in, for an install whose terms were accepted.

    Raises ``UsageError`` for masks of something else and where the terms were not accepted yet,
    ``LabelError`` for a damaged or changed file, ``LeaseError`` while a runner is at work.
    """
    install = open_install(choices)
    manifest = read_exported_file(path)
    found = _relabelling(install, manifest.dataset)
    if (manifest.collection, manifest.taxonomy) != (install.recipe.id, found.output.taxonomy):
        what = f"these are masks of {manifest.taxonomy} in {manifest.collection}"
        raise UsageError(what, where=str(path), hint="name the install they are for with --dest")
    _check_accepted(install, found, manifest)
    step = _place_of(install, found)
    lease = acquire(install.place)
    try:
        prepare_places(install)
        words = step.take(path, "auto", TransferProgress(), token)
    finally:
        lease.release()
    return MasksMoved(path, manifest, path.stat().st_size, words)


def _place_of(install: Install, found: _Relabelling) -> FetchArchive:
    """Return the step whose archive is unpacked where the recipe reads exported masks."""
    rule = found.output.relabel
    folder = PurePosixPath(rule.exported).parent if rule else PurePosixPath()
    named = {
        step.takes
        for step in found.dataset.steps
        if step.unpacks and PurePosixPath(step.unpacks_into) == folder
    }
    for step in fetch_steps(install):
        if step.dataset == found.dataset.id and step.archive.name in named:
            return step
    raise UsageError("the recipe has no archive for exported masks", where=found.dataset.id)


def _check_accepted(install: Install, found: _Relabelling, manifest: MaskManifest) -> None:
    """Refuse masks until the terms they stand under were accepted here, in the same words."""
    terms = found.dataset.terms
    if terms is None:
        return
    own = accepted(install.place.state).get(found.dataset.id)
    if own is None or own.sha256 != manifest.licence_sha256:
        again = "" if own is None else " in the words they were exported under"
        raise UsageError(
            f"the masks stand under {manifest.licence}, which nobody accepted here{again}",
            where=found.dataset.id,
            hint="begin with segwizard run, read and accept the terms, then import them",
        )


def read_exported_file(path: Path) -> MaskManifest:
    """Read an exported file to its end and return what it says of itself.

    Raises ``LabelError`` for what is no such file, is damaged, or holds more than it says.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            manifest = _read_manifest(packed)
            _check_members(packed, manifest)
            return manifest
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise _no_masks(path, str(error)) from error
    except (msgspec.MsgspecError, ValueError, KeyError, RecursionError) as error:
        raise _no_masks(path, f"{MANIFEST}: {error}") from error


def _read_manifest(packed: zipfile.ZipFile) -> MaskManifest:
    if packed.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST:
        raise ValueError("is far too large")
    manifest = msgspec.json.decode(packed.read(MANIFEST), type=MaskManifest)
    if manifest.version != 1:
        raise ValueError(f"is of version {manifest.version}; a newer segwizard reads it")
    return manifest


def _check_members(packed: zipfile.ZipFile, manifest: MaskManifest) -> None:
    members = [each for each in packed.infolist() if each.filename != MANIFEST]
    if len(members) != manifest.images or len(members) > _MOST_IMAGES:
        raise ValueError(f"{len(members):,} images, {manifest.images:,} are announced")
    if sum(each.file_size for each in members) > _MOST_BYTES:
        raise ValueError("the masks are far too large")
    for each in members:
        name = each.filename.removeprefix(_FOLDER)
        if each.filename == name or name != PurePosixPath(name).name or not name.endswith(".json"):
            raise ValueError(f"{each.filename!r} is no file of masks")
        parse_exported(packed.read(each), each.filename)


def _no_masks(path: Path, reason: str) -> LabelError:
    return LabelError(
        f"holds no exported masks: {reason}",
        cause="broken-mask",
        where=str(path),
        hint="get the file again from the lab that exported it",
    )
