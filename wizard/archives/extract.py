"""Unpack an archive so that every member lands, whole, under its final name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from wizard.archives.disk import disk_error
from wizard.archives.extraction import Extraction
from wizard.archives.job import Job, Settled
from wizard.archives.limits import NO_LIMITS_STATED, Limits
from wizard.archives.paths import Claims, Route
from wizard.archives.sniff import archive_format
from wizard.archives.staging import Staging, fingerprint
from wizard.archives.tars import open_tar
from wizard.archives.untar import untar
from wizard.archives.unzip import unzip
from wizard.errors import ArchiveError
from wizard.progress import CancelToken, Counter
from wizard.recipes.steps import Nested, Rule


def extract(
    archive: Path,
    into: Path,
    *,
    rules: Sequence[Rule] = (),
    nested: Sequence[Nested] = (),
    counter: Counter,
    token: CancelToken,
    workers: int = 2,
    lower: bool = False,
    limits: Limits = NO_LIMITS_STATED,
    settled: Settled = lambda _: False,
    trust: bool = True,
) -> Extraction:
    """Unpack a zip, tar or tar.gz below ``into``; run again, it writes only what is missing.

    Members are unpacked into a hidden folder on the same file system and moved into place by
    whole folders once all of them are there, so a file under its final name is whole however the
    run ended (design, rule 2). Folders that exist are merged with.

    Args:
        archive: The file to unpack; it is not changed.
        into: Folder the paths start from; made if missing.
        rules: Where members go; the first whose prefix fits decides.
        nested: Archives inside the archive, unpacked in turn and not kept.
        counter: Advanced by one for each file that is there; the total of a tar is known last.
        token: Looked at between files and between MiB of large ones.
        workers: Threads that write.
        lower: Whether final paths are lower-cased.
        limits: What the archive may unpack to.
        settled: Says for a path that is absent, or of another size, that it is as it should be.
        trust: Whether files already in place count when their size agrees; False when they are
            known to come from another version of the archive.

    Raises:
        ArchiveError: The archive is no archive, damaged, hostile, not supported, or holds
            nothing that is wanted of it.
        DestinationError: The disk is full or refuses.
        Cancelled: The token was set.
    """
    into = into.resolve()
    kind = repr((archive.name, into.name, tuple(rules), tuple(nested), lower))
    archive_format(archive)
    staging = Staging(into, job=kind, content=fingerprint(archive))
    job = Job(
        staging=staging,
        nested=nested,
        counter=counter,
        token=token,
        workers=workers,
        limits=limits,
        claims=Claims(str(archive)),
        trust=trust,
        settled=settled,
    )
    try:
        staging.open()
        _unpack(archive, Route(str(archive), tuple(rules), lower), job)
        _unpack_inner(job, archive, lower=lower)
        _refuse_nothing(job, archive)
        staging.settle()
    except OSError as error:
        raise disk_error(error, into) from error
    return Extraction(into, tuple(job.members))


def _unpack(archive: Path, route: Route, job: Job) -> None:
    kind = archive_format(archive, route.archive)
    if kind == "zip":
        unzip(archive, route, job)
        return
    gzipped = kind == "tar.gz"
    with open_tar(archive, gzipped=gzipped, where=route.archive) as stream:
        untar(stream, route, job, packed=archive.stat().st_size if gzipped else None)


def _unpack_inner(job: Job, archive: Path, *, lower: bool) -> None:
    inner, job.inner, job.nested = job.inner, [], ()
    for path, name, rule in inner:
        _unpack(path, Route(f"{archive} > {name}", lower=lower, below=rule.into), job)
        path.unlink()


def _refuse_nothing(job: Job, archive: Path) -> None:
    if not job.members:
        raise ArchiveError(
            "holds none of the files that are wanted of it",
            where=str(archive),
            hint="It is not the archive the recipe means. Delete it and fetch the right one.",
        )
