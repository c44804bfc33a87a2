"""Unpacking an archive as a step: what is on disk, what is missing, what later steps used up."""

from __future__ import annotations

import fnmatch
import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from wizard.archives.arrival import Arrival
from wizard.archives.extract import Options, Order, extract
from wizard.archives.extraction import Extraction, Member, gaps
from wizard.archives.limits import Limits
from wizard.archives.listing import listing
from wizard.archives.paths import Route
from wizard.archives.sniff import archive_format
from wizard.archives.staging import fingerprint
from wizard.engine.install import Install
from wizard.engine.kinds.evidence import Evidence, Verdict
from wizard.engine.kinds.proofs import record_path
from wizard.engine.step import Lane, Probe, StepContext
from wizard.errors import ArchiveError, RecipeError
from wizard.files import write_whole
from wizard.plan.model import PlannedStep
from wizard.recipes.model import Archive, Dataset
from wizard.recipes.steps import Assign, Extract, Labels, Mat, Verify

_THREADS = 4
"""More threads than this wait for the file system, not for each other (fact sheet
performance_io)."""
_STREAMED = (".tar", ".tar.gz", ".tgz")
_FAR_ABOVE = 50
_ALWAYS_FINE = 16 << 30


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive was unpacked to, and which archive that was."""

    version: int = 1
    layout: str
    """Hash of where the recipe put members then."""
    fingerprint: str
    content: str = ""
    """Hash of the members, by which labels know what they were made from."""
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class UsedUp:
    """What later steps of the dataset do to unpacked files, by rights; paths below ``base``."""

    base: Path
    edited: frozenset[str]
    """Files whose content a later step sets."""
    converted: tuple[Mat, ...]
    """Steps that remove a folder once every file in it was converted."""

    def covers(self, path: str) -> bool:
        """Tell whether an absent or different file is what a later step made of it."""
        if path in self.edited:
            return (self.base / path).is_file()
        return any(self._was_converted(path, step) for step in self.converted)

    def _was_converted(self, path: str, step: Mat) -> bool:
        if not path.startswith(step.remove.rstrip("/") + "/"):
            return False
        return (self.base / step.into / f"{PurePosixPath(path).stem}.png").is_file()


@dataclass(frozen=True, slots=True)
class ExtractStep:
    """Unpacks one archive of a dataset; done when every member is on disk in its full size."""

    address: str
    dataset: str
    title: str
    kind: str
    needs: tuple[str, ...]
    spec: Extract
    archive: Path
    into: Path
    record: Path
    used_up: UsedUp
    workers: int
    limits: Limits
    vouched: bool = False
    """Whether a published hash vouches for the archive's bytes."""
    evidence: Evidence | None = None
    """What tells of files unpacked by hand."""
    lane: Lane = "disk"

    def probe(self) -> Probe:
        """Compare the disk with the record, or with the archive's own list, or with nothing.

        Without a record it is never done, however much is there: running it then writes only
        what is missing, and the record.
        """
        record = self._read_record()
        if record is None:
            return self._probe_without_record()
        total = len(record.members)
        if not self._is_of(record):
            detail = f"{self.archive.name} is not the one unpacked before"
            return Probe("partial", total=total, detail=detail)
        missing = self._missing(record.members)
        if not missing:
            return Probe("done", total, total)
        return Probe("partial" if missing < total else "todo", total - missing, total)

    def run(self, context: StepContext) -> None:
        """Unpack what is missing; raises ``ArchiveError`` and ``DestinationError``."""
        record = self._read_record()
        context.detail = f"unpacking {self.archive.name}"
        try:
            done = self._unpack(record, context)
        except ArchiveError as error:
            raise self._set_aside(error) from error
        missing = self._missing(done.members)
        if missing:
            raise ArchiveError(
                f"{missing:,} files it holds are not on disk after unpacking",
                where=str(self.archive),
                hint="Another program may be at work in the folder. Run again.",
            )
        self._write_record(done.members)
        context.detail = ""

    def arrival(self) -> Arrival | None:
        """Return what unpacks the archive while it is fetched, for ``run`` to take over.

        None for a zip, whose list of members comes last, and where it was unpacked before.
        """
        if not self.archive.name.endswith(_STREAMED) or self._read_record():
            return None
        spec, options = self.spec, self._options(None)
        order = Order(
            self.archive, self.into, tuple(spec.rules), tuple(spec.nested), self.workers, options
        )
        return Arrival(order)

    def _unpack(self, record: Record | None, context: StepContext) -> Extraction:
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

    def _options(self, record: Record | None) -> Options:
        return Options(
            lower=self.spec.lower,
            limits=self.limits,
            settled=self._settled,
            trust=record is None or self._is_of(record),
        )

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
        if self.evidence is not None and not self.archive.exists():
            return _judged(self.evidence.verdict())
        try:
            expected = self._listed()
        except ArchiveError as error:
            return Probe("todo", detail=error.message if self.archive.exists() else "")
        missing = self._missing(expected)
        there = len(expected) - missing
        return Probe("partial" if there else "todo", there, len(expected) or None)

    def _listed(self) -> tuple[Member, ...]:
        """Return where a zip's members belong; nothing for a tar, which would take a full pass."""
        if archive_format(self.archive) != "zip":
            return ()
        route = Route(str(self.archive), self.spec.rules, self.spec.lower)
        placed = (
            Member(path, entry.size)
            for entry in listing(self.archive, limits=self.limits).entries
            if (path := route.place(entry.name))
        )
        return tuple(member for member in placed if not self._is_inner(member.path))

    def _is_inner(self, path: str) -> bool:
        return any(fnmatch.fnmatchcase(path, rule.member) for rule in self.spec.nested)

    def _missing(self, members: tuple[Member, ...]) -> int:
        return len(gaps(self.into, members, settled=self._settled))

    def _settled(self, path: str) -> bool:
        into = self.spec.into.strip("/")
        return self.used_up.covers(f"{into}/{path}" if into else path)

    def _is_of(self, record: Record) -> bool:
        """Tell whether the archive, if it is still there, is the one the record is of."""
        return not self.archive.exists() or fingerprint(self.archive) == record.fingerprint

    def _read_record(self) -> Record | None:
        try:
            record = msgspec.json.decode(self.record.read_bytes(), type=Record)
        except (OSError, msgspec.DecodeError):
            return None
        return record if record.layout == self._layout() else None

    def _write_record(self, members: tuple[Member, ...]) -> None:
        record = Record(
            layout=self._layout(),
            fingerprint=fingerprint(self.archive),
            content=_content(members),
            members=members,
        )
        write_whole(self.record, msgspec.json.encode(record))

    def _layout(self) -> str:
        spec = self.spec
        where = msgspec.json.encode((spec.into, spec.rules, spec.nested, spec.lower))
        return hashlib.sha256(where).hexdigest()[:16]


def _content(members: tuple[Member, ...]) -> str:
    ordered = sorted(members, key=lambda member: member.path)
    return hashlib.sha256(msgspec.json.encode(ordered)).hexdigest()[:32]


def _judged(verdict: Verdict) -> Probe:
    match verdict:
        case "all":
            return Probe("done", detail="here already, as the lists name it")
        case "some":
            return Probe("partial", detail="some of the files the lists name are here")
        case "unknown":
            return Probe("todo", detail="files are here; the lists will tell", undecided=True)
        case "none":
            return Probe("todo")


def build_extract(planned: PlannedStep, install: Install) -> ExtractStep:
    """Return the step for an ``Extract`` table; raises ``RecipeError`` for an unknown archive."""
    spec = planned.spec
    if not isinstance(spec, Extract):
        raise RecipeError("is no extract step", where=planned.address)
    dataset = install.recipe.dataset(planned.dataset)
    base = install.place.dest / install.recipe.base(dataset)
    archive = _archive(dataset, spec.archive, planned.address)
    return ExtractStep(
        address=planned.address,
        dataset=planned.dataset,
        title=planned.title,
        kind=planned.kind,
        needs=planned.needs,
        spec=spec,
        archive=base / dataset.archive_path(archive),
        into=base / spec.into,
        record=record_path(install.place.state, planned.address),
        used_up=_used_up(dataset, base),
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


def _used_up(dataset: Dataset, base: Path) -> UsedUp:
    return UsedUp(
        base=base,
        edited=frozenset(step.file for step in dataset.steps if isinstance(step, Assign)),
        converted=tuple(step for step in dataset.steps if isinstance(step, Mat) and step.remove),
    )


def _evidence(spec: Extract, dataset: Dataset, base: Path, dest: Path) -> Evidence | None:
    lists = tuple(step for step in dataset.steps if isinstance(step, Labels | Verify))
    return Evidence(base, dest, spec.provides, lists) if spec.provides else None


def _limits(archive: Archive) -> Limits:
    """Bound the archive by what the recipe says it unpacks to, generously."""
    if not archive.unpacked_about:
        return Limits()
    return Limits(total=max(_FAR_ABOVE * archive.unpacked_about, _ALWAYS_FINE))
