"""Unpack an archive so that every member lands, whole, under its final name."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import BinaryIO, cast

from wizard.archives.bounds import CHUNK, NESTED_MOST, NO_LIMITS_STATED, UnpackLimits
from wizard.archives.extraction import Extraction, Members
from wizard.archives.format import archive_format, not_understood
from wizard.archives.paths import IN_PLACE, Route
from wizard.archives.roots import (
    RootFinder,
    UnexpectedContents,
    may_lie_below,
    missing_kinds,
    refusal,
    unwrapping,
)
from wizard.archives.specs import Nested, Rule
from wizard.archives.staging import Staging, archive_identity, disk_error
from wizard.archives.tar.reader import open_tar
from wizard.archives.tar.untar import See, unseen, untar
from wizard.archives.unpacking import OpenInner, Settled, Unpacking, never_settled
from wizard.archives.zip.directory import read_directory
from wizard.archives.zip.unzip import unzip
from wizard.errors import ArchiveError
from wizard.files import check_links
from wizard.progress import CancelToken
from wizard.progress import Counter as Progress

AcceptMembers = Callable[[Members], None]


def accept_all(members: Members) -> None:
    """Need nothing in particular."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is rarely asked of an unpacking."""

    lower: bool = False
    """Whether final paths are lower-cased."""
    limits: UnpackLimits = NO_LIMITS_STATED
    """What the archive may unpack to."""
    settled: Settled = never_settled
    """Says for a path that is absent, or of another size, that it is as it should be."""
    trust: bool = True
    """Whether files in place count when their size agrees; False when they are known to come
    from another version of the archive."""
    expects: tuple[str, ...] = ()
    """Patterns of paths, each of which must fit a file; see ``archives.specs.Extract``."""
    accept: AcceptMembers = accept_all
    """Looks at all members before any gets its final name, and raises ``UnexpectedContents`` where
    they are not what later steps need."""


USUAL = Options()


@dataclass(frozen=True, slots=True)
class Instructions:
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

    def unpacking(self, content: str, counter: Progress, token: CancelToken) -> Unpacking:
        """Return the unpacking, staged under the identity of the archive's content."""
        check_links(self.into)
        into, options = self.into.resolve(), self.options
        layout = repr((self.archive.name, into.name, self.rules, self.nested, options.lower))
        staging = Staging(into, layout=layout, content=content)
        members = staging.ledger(str(self.archive))
        unpacking = Unpacking(
            staging, self.nested, counter, token, self.workers, options.limits, members
        )
        unpacking.trust, unpacking.settled = options.trust, options.settled
        unpacking.expects = options.expects
        return unpacking


def extract(
    archive: Path,
    into: Path,
    *,
    rules: Sequence[Rule] = (),
    nested: Sequence[Nested] = (),
    counter: Progress,
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
    instructions = Instructions(archive, into, tuple(rules), tuple(nested), workers, options)
    unpacking = instructions.unpacking(archive_identity(archive), counter, token)
    try:
        unpacking.staging.open()
        if not _taken_over(unpacking):
            _unpack(archive, instructions.route, unpacking)
        _check_held(unpacking, options, archive)
        unpacking.staging.settle()
    except UnexpectedContents:
        unpacking.staging.remove()
        raise
    except OSError as error:
        raise disk_error(error, unpacking.staging.into) from error
    except (ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise not_understood(error, archive) from error
    return Extraction(unpacking.staging.into, unpacking.members, unpacking.packed)


def unpack_arriving(
    stream: RawIOBase, instructions: Instructions, unpacking: Unpacking, size: int | None
) -> None:
    """Stage a tar or, by its name, a tar.gz from a stream of ``size`` bytes, if that is known.

    Raises ``ArchiveError``, also for a root that is not where it is expected: the stream cannot
    be read twice.
    """
    route = instructions.route
    unpacking.open_inner = functools.partial(_unpack_inner, unpacking, route)
    gzipped = instructions.archive.suffix != ".tar"
    source = stream if gzipped else BufferedReader(stream, CHUNK)
    with open_tar(cast("BinaryIO", source), gzipped=gzipped, where=route.archive) as tar:
        finder = RootFinder(route, unpacking.nested, unpacking.expects)
        untar(tar, route, unpacking, packed=size if gzipped else None, see=finder.see)
        if finder.shift() != IN_PLACE:
            raise finder.refusal()


def _taken_over(unpacking: Unpacking) -> bool:
    """Take what was unpacked while the archive arrived, if all of it was."""
    unpacking.members.take_over(unpacking.staging.handed_over())
    count = len(unpacking.members)
    if count:
        unpacking.counter.total = count
        unpacking.counter.advance(count)
    return count > 0


def _unpack(archive: Path, route: Route, unpacking: Unpacking) -> None:
    outer, unpacking.open_inner = unpacking.open_inner, _opener(unpacking, route)
    expects = tuple(each for each in unpacking.expects if may_lie_below(each, route.below))
    finder = RootFinder(route, unpacking.nested, expects)
    kind = archive_format(archive, route.archive)
    if kind == "zip":
        entries = read_directory(archive, unpacking.limits, route.archive, token=unpacking.token)
        for entry in entries:
            finder.see(entry.name)
        unzip(archive, entries, _rooted(route, finder, unpacking), unpacking)
    else:
        _untar(archive, route, unpacking, see=finder.see, gzipped=kind == "tar.gz")
        rooted = _rooted(route, finder, unpacking)
        if rooted != route:
            unpacking.begin_anew()
            unpacking.open_inner = _opener(unpacking, rooted)
            _untar(archive, rooted, unpacking, gzipped=kind == "tar.gz")
    unpacking.open_inner = outer


def _untar(
    archive: Path, route: Route, unpacking: Unpacking, *, gzipped: bool, see: See = unseen
) -> None:
    packed = archive.stat().st_size if gzipped else None
    with open_tar(archive, gzipped=gzipped, where=route.archive) as stream:
        untar(stream, route, unpacking, packed=packed, see=see)


def _rooted(route: Route, finder: RootFinder, unpacking: Unpacking) -> Route:
    """Return the route from where the root really is; raises ``ArchiveError`` if nowhere."""
    wrapping = unpacking.wrapping if route.depth == 1 else ""
    shift = finder.shift(partly=route.depth > 0 and not wrapping)
    if shift:
        unpacking.packed = f"{wrapping}; {shift}" if wrapping else str(shift)
    if shift is not None:
        return replace(route, shift=shift) if shift else route
    name = "" if route.depth else finder.wrapped()
    if name:
        unpacking.packed = unpacking.wrapping = f"packed once more: {name} inside was unpacked"
        unpacking.nested = unwrapping(name, unpacking.nested, route.rules)
        return replace(route, rules=(Rule(pattern=re.escape(name), to=name), Rule()))
    if route.depth and not wrapping:
        return route
    raise finder.refusal()


def _opener(unpacking: Unpacking, route: Route) -> OpenInner:
    return functools.partial(_unpack_inner, unpacking, route)


def _unpack_inner(unpacking: Unpacking, outer: Route, path: Path, name: str, rule: Nested) -> None:
    if outer.depth == NESTED_MOST:
        raise ArchiveError(
            f"holds archives in archives, more than {NESTED_MOST} deep",
            where=outer.archive,
            hint="No dataset is packed so. Check where the archive came from.",
        )
    _unpack(path, outer.inside(name, rule), unpacking)


def _check_held(unpacking: Unpacking, options: Options, archive: Path) -> None:
    """Raise ``ArchiveError`` unless all is there that later steps need."""
    members = unpacking.members
    if not len(members):
        raise ArchiveError(
            "holds none of the files that are wanted of it",
            where=str(archive),
            hint="It is not the archive the recipe means. Delete it and fetch the right one.",
        )
    missing = missing_kinds((member.path for member in members), options.expects)
    if missing:
        folders = Counter(member.path.rpartition("/")[0] or "." for member in members)
        inside = [f"{folder}/ ({count:,})" for folder, count in folders.most_common(6)]
        raise refusal(str(archive), missing, inside)
    options.accept(members)
