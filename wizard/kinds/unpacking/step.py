"""Unpacking an archive as a step: what is on disk, what is missing, what later steps used up."""

from __future__ import annotations

import fnmatch
import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from wizard import figures
from wizard.archives.bounds import UnpackLimits
from wizard.archives.extract import Instructions, Options, extract
from wizard.archives.extraction import (
    Extraction,
    FolderMembers,
    Member,
    Members,
    altered_members,
    by_folder,
    missing_members,
)
from wizard.archives.format import archive_format
from wizard.archives.listing import listing
from wizard.archives.paths import IN_PLACE, Route
from wizard.archives.roots import RootFinder, UnexpectedContents
from wizard.archives.specs import Extract
from wizard.archives.staging import archive_identity
from wizard.archives.streaming import Arrival
from wizard.errors import ArchiveError, RecipeError
from wizard.files import make_way
from wizard.findings import FailureGroup, Finding
from wizard.kinds.fetching.proofs import record_path
from wizard.kinds.unpacking.checked_files import CheckedFiles, UsedUp
from wizard.kinds.unpacking.edits import edit_of
from wizard.kinds.unpacking.evidence import Coverage, Evidence, holds_something
from wizard.kinds.unpacking.record import (
    UnpackingRecord,
    moment_of,
    read_unpacking,
    write_unpacking,
)
from wizard.labels.specs.taxonomies import ByLists
from wizard.recipes.model import Archive, Dataset
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep
from wizard.steps.step import Probe, Resource, StepContext
from wizard.verify.scan import is_system_file

_THREADS = 4
"""More threads than this wait for the file system, not for each other (fact sheet
performance_io)."""
_STREAMED = (".tar", ".tar.gz", ".tgz")
_FAR_ABOVE = 50
_ALWAYS_FINE = 16 << 30


@dataclass(frozen=True, slots=True)
class ExtractStep:
    """Unpacks one archive of a dataset; done when every member is on disk in its full size."""

    address: str
    dataset: str
    title: str
    kind: str
    dependencies: tuple[str, ...]
    spec: Extract
    archive: Path
    into: Path
    record: Path
    used_up: UsedUp
    workers: int
    limits: UnpackLimits
    vouched: bool = False
    """Whether a published hash vouches for the archive's bytes."""
    evidence: Evidence | None = None
    """What tells of files unpacked by hand."""
    resource: Resource = "disk"

    def probe(self) -> Probe:
        """Compare the disk with the record, or with the archive's own list, or with nothing.

        Without a record it is never done, however much is there: running it then writes only
        what is missing, and the record.
        """
        record = self._read_record()
        if record is None:
            return self._probe_without_record()
        total = len(record)
        if not self._is_of(record):
            detail = f"{self.archive.name} is not the one unpacked before"
            return Probe("partial", total=total, detail=detail)
        missing = self._missing(record.folders()) + sum(1 for _ in self.used_up.spoiled())
        if not missing:
            return Probe("done", total, total)
        return Probe("partial" if missing < total else "todo", total - missing, total)

    def run(self, context: StepContext) -> None:
        """Unpack what is missing; raises ``ArchiveError`` and ``DestinationError``."""
        record = self._read_record()
        context.failures.extend(self._give_way())
        for path in (*self.altered(), *self._in_the_way(record)):
            make_way(path)
        context.detail = f"unpacking {self.archive.name}"
        try:
            done = self._unpack(record, context)
        except ArchiveError as error:
            raise self._set_aside(error) from error
        missing = self._missing(done.members.folders())
        if missing:
            raise ArchiveError(
                f"{missing:,} files it holds are not on disk after unpacking",
                where=str(self.archive),
                hint="Another program may be at work in the folder. Run again.",
            )
        self._write_record(done.members, record)
        context.durable = True
        context.detail = ""
        if done.packed:
            context.failures.append(_told(self.archive.name, done.packed))

    def is_recorded(self) -> bool:
        """Tell whether it is written down what the archive was unpacked to."""
        return self._read_record() is not None

    def altered(self) -> Iterator[Path]:
        """Yield the unpacked files that hold other bytes than the archive gave them.

        Files are read only where something changed since the record was written.
        """
        record = self._read_record()
        if record is not None:
            yield from altered_members(
                self.into, record.folders(), moment_of(self.record), left_out=self._is_edited
            )

    def recorded(self, paths: Collection[Path]) -> Iterator[tuple[Path, Member]]:
        """Yield those of some files that the record names, with what it says of them."""
        below = {path.relative_to(self.into).as_posix() for path in paths if self._is_below(path)}
        record = self._read_record() if below else None
        for member in record.among(below) if record else ():
            yield self.into / member.path, member

    def _is_below(self, path: Path) -> bool:
        return path.is_relative_to(self.into)

    def folders(self) -> set[Path]:
        """Return the folders that unpacked files lie in; none without a record."""
        record = self._read_record()
        return {self.into / each.folder for each in record.folders()} if record else set()

    def _in_the_way(self, record: UnpackingRecord | None) -> Iterator[Path]:
        """Yield what took the names of files that were unpacked before."""
        folders = record.folders() if record else ()
        missing = missing_members(self.into, folders, settled=self._settled)
        yield from (path for each in missing if (path := self.into / each.path).is_dir())

    def _give_way(self) -> Iterator[FailureGroup]:
        """Keep edited files that changed elsewhere, and yield the note on each."""
        for edit in self.used_up.spoiled():
            kept, detail = edit.give_way(), "what changed in it may be somebody's work"
            hint = f"it is unpacked anew; the changed one is kept as {kept}"
            name = edit.file.relative_to(self.used_up.base).as_posix()
            yield FailureGroup.of(Finding("changed-file", name, detail, hint, fatal=False))

    def _is_edited(self, path: str) -> bool:
        return self._below_base(path) in self.used_up.edits

    def arrival(self) -> Arrival | None:
        """Return what unpacks the archive while it is fetched, for ``run`` to take over.

        None for a zip, whose list of members comes last, and where it was unpacked before.
        """
        if not self.archive.name.endswith(_STREAMED) or self._read_record():
            return None
        spec, options = self.spec, self._options(None)
        instructions = Instructions(
            self.archive, self.into, tuple(spec.rules), tuple(spec.nested), self.workers, options
        )
        return Arrival(instructions)

    def _unpack(self, record: UnpackingRecord | None, context: StepContext) -> Extraction:
        return extract(
            self.archive,
            self.into,
            rules=self.spec.rules,
            nested=self.spec.nested,
            counter=context.counter,
            token=context.token,
            workers=self.workers,
            options=self._options(record),
        )

    def _options(self, record: UnpackingRecord | None) -> Options:
        return Options(
            lower=self.spec.lower,
            limits=self.limits,
            settled=self._settled,
            trust=record is None or self._is_of(record),
            expects=self.spec.expects,
            accept=self._check_listed,
        )

    def _check_listed(self, members: Members) -> None:
        """Raise ``UnexpectedContents`` when files that the lists name are not in the archive."""
        lacking = self.lacking(member.path for member in members)
        if lacking:
            unpacked = (self._below_base(member.path) for member in members)
            raise UnexpectedContents(
                f"lacks {figures.count(len(lacking), 'file')} that the lists name, "
                f"such as {', '.join(lacking[:3])}; inside are {_inside(unpacked)}",
                where=str(self.archive),
                hint="It is another archive, or not all of it. Fetch the published one.",
            )

    def lacking(self, paths: Iterable[str]) -> tuple[str, ...] | None:
        """Return the files the lists name that are neither on disk nor among ``paths``.

        The paths are below ``into``; None where no list tells, or the lists are not there yet.
        """
        if self.evidence is None:
            return None
        made = tuple(f"{into.rstrip('/')}/" for _, into in self.used_up.converted)
        return self.evidence.lacking({self._below_base(path) for path in paths}, made)

    def listed(self) -> Iterator[str]:
        """Yield the files the lists name of this archive, below ``into`` where they lie there."""
        into = f"{self.spec.into.strip('/')}/"
        if self.evidence is not None:
            yield from (path.removeprefix(into) for path in self.evidence.listed())

    def _below_base(self, path: str) -> str:
        into = self.spec.into.strip("/")
        return f"{into}/{path}" if into else path

    def _set_aside(self, error: ArchiveError) -> ArchiveError:
        """Keep an archive that cannot be unpacked out of the way, so that it is fetched anew.

        One that a published hash vouches for stays: the same bytes would come again.
        """
        if self.vouched or not self.archive.is_file():
            return error
        rejected = self.archive.with_name(f"{self.archive.name}.rejected")
        self.archive.replace(rejected)
        hint = f"It is kept as {rejected.name}; run again to have it fetched anew."
        return ArchiveError(error.message, where=error.where, hint=hint)

    def _probe_without_record(self) -> Probe:
        if not self.archive.exists():
            return _judged(self.evidence.verdict()) if self.evidence else self._untold()
        try:
            expected = self._listed()
        except ArchiveError as error:
            return Probe("todo", detail=error.message if self.archive.exists() else "")
        missing = self._missing(by_folder(expected))
        there = len(expected) - missing
        return Probe("partial" if there else "todo", there, len(expected) or None)

    def _untold(self) -> Probe:
        """Say that files are here of which nothing tells whether they are all."""
        folders = (each.partition("*")[0].rpartition("/")[0] for each in self.spec.expects)
        if any(holds_something(self.into / folder) for folder in folders if folder):
            return Probe("todo", detail="files are here, but no list tells whether these are all")
        return Probe("todo")

    def _listed(self) -> tuple[Member, ...]:
        """Return where a zip's members belong; nothing for a tar, which would take a full pass."""
        if archive_format(self.archive) != "zip":
            return ()
        route = Route(str(self.archive), self.spec.rules, self.spec.lower)
        entries = listing(self.archive, limits=self.limits).entries
        finder = RootFinder(route, self.spec.nested, self.spec.expects)
        for entry in entries:
            finder.see(entry.name)
        route = replace(route, shift=finder.shift() or IN_PLACE)
        placed = (
            Member(path, entry.size) for entry in entries if (path := route.place(entry.name))
        )
        return tuple(member for member in placed if not self._is_inner(member.path))

    def _is_inner(self, path: str) -> bool:
        return any(fnmatch.fnmatchcase(path, rule.member) for rule in self.spec.nested)

    def _missing(self, folders: Iterable[FolderMembers]) -> int:
        return sum(1 for _ in missing_members(self.into, folders, settled=self._settled))

    def _settled(self, path: str) -> bool:
        name = path.rpartition("/")[2]
        return is_system_file(name) or self.used_up.covers(self._below_base(path))

    def _is_of(self, record: UnpackingRecord) -> bool:
        """Tell whether the archive, if it is still there, is the one the record is of."""
        return not self.archive.exists() or archive_identity(self.archive) == record.fingerprint

    def _read_record(self) -> UnpackingRecord | None:
        return read_unpacking(self.record, self._layout())

    def _write_record(self, members: Members, before: UnpackingRecord | None) -> None:
        """Write down what was unpacked; the same archive keeps the name its content had."""
        fingerprint = archive_identity(self.archive)
        content = before.content if before and before.fingerprint == fingerprint else ""
        write_unpacking(
            self.record,
            members,
            layout=self._layout(),
            fingerprint=fingerprint,
            content=content,
        )

    def _layout(self) -> str:
        spec = self.spec
        where = msgspec.json.encode((spec.into, spec.rules, spec.nested, spec.lower))
        return hashlib.sha256(where).hexdigest()[:16]


def _told(archive: str, packed: str) -> FailureGroup:
    """Return the note on an archive that was packed otherwise than its publisher packs it."""
    hint = "nothing is to be done: what is inside is what is expected"
    return FailureGroup.of(Finding("packed-otherwise", archive, packed, hint, fatal=False))


def _inside(paths: Iterable[str]) -> str:
    """Name the fullest folders of what was unpacked."""
    folders = Counter(path.rpartition("/")[0] or "." for path in paths)
    return ", ".join(f"{folder}/ ({count:,})" for folder, count in folders.most_common(4))


def _judged(verdict: Coverage) -> Probe:
    match verdict:
        case "all":
            return Probe("done", detail="here already, as the lists name it")
        case "some":
            return Probe("partial", detail="some of the files the lists name are here")
        case "unknown":
            return Probe("todo", detail="files are here; the lists will tell", undecided=True)
        case "none":
            return Probe("todo")


def extract_step(planned: PlannedStep, spec: Extract, install: Install) -> ExtractStep:
    """Return the step for an ``Extract`` table; raises ``RecipeError`` for an unknown archive."""
    dataset = install.recipe.dataset(planned.dataset)
    base = install.place.dest / install.recipe.base(dataset)
    archive = _archive(dataset, spec.archive, planned.address)
    return ExtractStep(
        address=planned.address,
        dataset=planned.dataset,
        title=planned.title,
        kind=planned.kind,
        dependencies=planned.dependencies,
        spec=spec,
        archive=base / dataset.archive_path(archive),
        into=base / spec.into,
        record=record_path(install.place.state, planned.address),
        used_up=_used_up(dataset, base, install),
        workers=min(_THREADS, install.settings.workers),
        limits=_limits(archive),
        vouched=bool(archive.sha256 or archive.sha1 or archive.md5),
        evidence=_evidence(spec, dataset, base, install.place.dest),
    )


def _archive(dataset: Dataset, name: str, address: str) -> Archive:
    try:
        return dataset.archive(name)
    except KeyError as error:
        raise RecipeError(f"names an archive {name!r} the dataset lacks", where=address) from error


def _used_up(dataset: Dataset, base: Path, install: Install) -> UsedUp:
    return UsedUp(
        base=base,
        edits={
            path: edit_of(path, step, dataset.id, install)
            for step in dataset.steps
            for path in step.edited()
        },
        converted=tuple(pair for step in dataset.steps for pair in step.replaced()),
    )


def _evidence(spec: Extract, dataset: Dataset, base: Path, dest: Path) -> Evidence | None:
    if not spec.provides:
        return None
    lists = tuple(step for step in dataset.steps if isinstance(step, ByLists))
    checked = CheckedFiles.of(dataset, base)
    return Evidence(base, dest, spec.provides, lists, checked, spec.into)


def _limits(archive: Archive) -> UnpackLimits:
    """Bound the archive by what the recipe says it unpacks to, generously."""
    if not archive.unpacked_about:
        return UnpackLimits()
    return UnpackLimits(total=max(_FAR_ABOVE * archive.unpacked_about, _ALWAYS_FINE))
