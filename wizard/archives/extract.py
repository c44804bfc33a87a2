"""Unpack an archive so that every member lands, whole, under its final name."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import BinaryIO, cast

from wizard.archives.disk import disk_error
from wizard.archives.extraction import Extraction
from wizard.archives.job import Job, Settled, never_settled
from wizard.archives.limits import MIB, NO_LIMITS_STATED, Limits
from wizard.archives.paths import Claims, Route
from wizard.archives.sniff import archive_format
from wizard.archives.staging import Staging, fingerprint
from wizard.archives.tars import open_tar
from wizard.archives.untar import untar
from wizard.archives.unzip import unzip
from wizard.errors import ArchiveError
from wizard.progress import CancelToken, Counter
from wizard.recipes.steps import Nested, Rule


@dataclass(frozen=True, slots=True)
class Options:
    """What is rarely asked of an unpacking."""

    lower: bool = False
    """Whether final paths are lower-cased."""
    limits: Limits = NO_LIMITS_STATED
    """What the archive may unpack to."""
    settled: Settled = never_settled
    """Says for a path that is absent, or of another size, that it is as it should be."""
    trust: bool = True
    """Whether files in place count when their size agrees; False when they are known to come
    from another version of the archive."""


USUAL = Options()

_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Order:
    """Which archive goes where, and how; see ``extract``."""

    archive: Path
    into: Path
    rules: tuple[Rule, ...] = ()
    nested: tuple[Nested, ...] = ()
    workers: int = 2
    options: Options = USUAL

    @property
    def route(self) -> Route:
        """The way of its members."""
        return Route(str(self.archive), self.rules, self.options.lower)

    def job(self, content: str, counter: Counter, token: CancelToken) -> Job:
        """Return the work to be done, staged under the identity of the archive's content."""
        into, options = self.into.resolve(), self.options
        kind = repr((self.archive.name, into.name, self.rules, self.nested, options.lower))
        staging, claims = Staging(into, job=kind, content=content), Claims(str(self.archive))
        job = Job(staging, self.nested, counter, token, self.workers, options.limits, claims)
        job.trust, job.settled = options.trust, options.settled
        return job


def extract(
    archive: Path,
    into: Path,
    *,
    rules: Sequence[Rule] = (),
    nested: Sequence[Nested] = (),
    counter: Counter,
    token: CancelToken,
    workers: int = 2,
    options: Options = USUAL,
) -> Extraction:
    """Unpack a zip, tar or tar.gz below ``into``; run again, it writes only what is missing.

    Members are unpacked into a hidden folder on the same file system and moved into place by
    whole folders once all of them are there, so a file under its final name is whole however the
    run ended (design, rule 2). Folders that exist are merged with, the archive is not changed.

    Args:
        archive: The file to unpack.
        into: Folder the paths start from; made if missing.
        rules: Where members go; the first whose prefix fits decides.
        nested: Archives inside the archive, unpacked in turn and not kept.
        counter: Advanced by one for each file that is there; the total of a tar is known last.
        token: Looked at between files and between MiB of large ones.
        workers: Threads that write.
        options: What is rarely asked for.

    Raises:
        ArchiveError: It is no archive, damaged, hostile, or holds nothing that is wanted of it.
        DestinationError: The disk is full or refuses.
        Cancelled: The token was set.
    """
    archive_format(archive)
    order = Order(archive, into, tuple(rules), tuple(nested), workers, options)
    job = order.job(fingerprint(archive), counter, token)
    try:
        job.staging.open()
        if not _taken_over(job):
            _unpack(archive, order.route, job)
        _refuse_nothing(job, archive)
        job.staging.settle()
    except OSError as error:
        raise disk_error(error, job.staging.into) from error
    return Extraction(job.staging.into, tuple(job.members))


def unpack_arriving(stream: RawIOBase, order: Order, job: Job, size: int | None) -> None:
    """Stage a tar or, by its name, a tar.gz from a stream of ``size`` bytes, if that is known.

    Raises ``ArchiveError``.
    """
    route = order.route
    job.open_inner = functools.partial(_unpack_inner, job, route)
    gzipped = order.archive.suffix != ".tar"
    source = stream if gzipped else BufferedReader(stream, MIB)
    with open_tar(cast("BinaryIO", source), gzipped=gzipped, where=route.archive) as tar:
        untar(tar, route, job, packed=size if gzipped else None)


def _taken_over(job: Job) -> bool:
    """Take what was unpacked while the archive arrived, if all of it was."""
    members = job.staging.handed_over()
    if not members:
        return False
    job.members += members
    job.counter.total = len(members)
    job.counter.advance(len(members))
    return True


def _unpack(archive: Path, route: Route, job: Job) -> None:
    outer, job.open_inner = job.open_inner, functools.partial(_unpack_inner, job, route)
    kind = archive_format(archive, route.archive)
    if kind == "zip":
        unzip(archive, route, job)
    else:
        gzipped = kind == "tar.gz"
        with open_tar(archive, gzipped=gzipped, where=route.archive) as stream:
            untar(stream, route, job, packed=archive.stat().st_size if gzipped else None)
    job.open_inner = outer


def _unpack_inner(job: Job, outer: Route, path: Path, name: str, rule: Nested) -> None:
    if outer.depth == _DEEPEST:
        raise ArchiveError(
            f"holds archives in archives, more than {_DEEPEST} deep",
            where=outer.archive,
            hint="No dataset is packed so. Check where the archive came from.",
        )
    _unpack(path, outer.inside(name, rule), job)


def _refuse_nothing(job: Job, archive: Path) -> None:
    if not job.members:
        raise ArchiveError(
            "holds none of the files that are wanted of it",
            where=str(archive),
            hint="It is not the archive the recipe means. Delete it and fetch the right one.",
        )
