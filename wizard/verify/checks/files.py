"""Checks of names, lists, hashes and JSON files."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from wizard.errors import reason_of
from wizard.findings import Finding
from wizard.foreign import open_foreign, read_foreign, read_foreign_text
from wizard.labels.bounds import JSON_BYTES, JSON_FAILURES, decode_rows
from wizard.verify.scan import is_unseen
from wizard.verify.specs.checks import Count, Hash, JsonCounts, Listed

_SHOWN = 20
"""Findings of one kind that are told one by one; the rest is a number."""


def count_findings(
    path: str, what: str, found: int, published: int, *, exact: bool, also: Sequence[int] = ()
) -> Iterator[Finding]:
    """Yield a finding where a number is none of the known ones, and always where it is none."""
    if found == published or found in also:
        return
    fatal = exact or not found
    known = " or ".join(f"{number:,}" for number in dict.fromkeys((published, *also)))
    yield Finding("wrong-count", path, f"{found:,} {what}, published are {known}", "", fatal)


class _NamesFile(Protocol):
    @property
    def file(self) -> str: ...


class _ChecksFile(Protocol):
    @property
    def check(self) -> _NamesFile: ...


class OneFile:
    """A check that looks at the one file its table names."""

    __slots__ = ()

    def subjects(self: _ChecksFile) -> Sequence[str]:
        """The file."""
        return (self.check.file,)


@dataclass(frozen=True, slots=True)
class CountExaminer:
    """Counts what a glob matches."""

    check: Count
    base: Path
    exact: bool = True

    def subjects(self) -> Sequence[str]:
        """The glob itself."""
        return (self.check.files,)

    def examine(self, subject: str) -> Iterator[Finding]:
        """Count, and look at each name."""
        found = [path for path in self.base.glob(subject) if not is_unseen(path.name)]
        yield from count_findings(
            subject,
            "are there",
            len(found),
            self.check.count,
            exact=self.exact,
            also=self.check.also,
        )
        if self.check.fits:
            pattern = re.compile(self.check.fits)
            odd = sorted(path for path in found if not pattern.fullmatch(path.name))
            for path in odd[:_SHOWN]:
                name = path.relative_to(self.base).as_posix()
                yield Finding("stray-file", name, f"its name does not fit {self.check.fits}")


@dataclass(frozen=True, slots=True)
class ListedExaminer:
    """Looks for every file that a list names."""

    check: Listed
    base: Path
    exact: bool = True

    def subjects(self) -> Sequence[str]:
        """The list."""
        return (self.check.list,)

    def examine(self, subject: str) -> Iterator[Finding]:
        """Read the list and look each file up."""
        try:
            lines = read_foreign_text(self.base / subject).splitlines()[self.check.skip :]
        except (OSError, UnicodeDecodeError) as error:
            yield Finding("missing-list", subject, f"cannot be read: {error}")
            return
        if self.check.count is not None:
            yield from count_findings(
                subject,
                "lines",
                len(lines),
                self.check.count,
                exact=self.exact,
                also=self.check.also,
            )
        for number, line in enumerate(lines, self.check.skip + 1):
            yield from self._line(subject, number, line)

    def _line(self, subject: str, number: int, line: str) -> Iterator[Finding]:
        columns = line.split(self.check.separator or None)
        for template in self.check.paths:
            try:
                name = template.format(*columns)
            except IndexError:
                yield Finding("bad-list", f"{subject}:{number}", "too few columns")
                return
            path = self.base / self.check.folder / name
            if not path.is_file() or not path.stat().st_size:
                where = path.relative_to(self.base).as_posix()
                yield Finding("missing-file", where, f"named in {subject}:{number}")


def listed_paths(check: Listed, base: Path) -> Iterator[tuple[int, str]]:
    """Yield every path a list names, with its line from 1; raises ``IndexError`` for short lines.

    ``OSError`` and ``UnicodeDecodeError`` come from reading the list.
    """
    lines = read_foreign_text(base / check.list).splitlines()
    for number, line in enumerate(lines[check.skip :], check.skip + 1):
        columns = line.split(check.separator or None)
        for template in check.paths:
            yield number, template.format(*columns)


@dataclass(frozen=True, slots=True)
class HashExaminer(OneFile):
    """Compares a file with its published hash."""

    check: Hash
    base: Path
    exact: bool = True

    def examine(self, subject: str) -> Iterator[Finding]:
        """Hash the file."""
        name, expected = self._published()
        try:
            found = digest(self.base / subject, name)
        except OSError as error:
            yield Finding("missing-file", subject, reason_of(error))
            return
        if not found.startswith(expected):
            detail = f"{name} {found}, published is {expected}"
            yield Finding("wrong-hash", subject, detail, "", self.exact)

    def _published(self) -> tuple[str, str]:
        check = self.check
        if check.git_blob:
            return "git blob", check.git_blob
        return ("sha256", check.sha256) if check.sha256 else ("md5", check.md5)


def column(path: Path, place: int) -> list[str]:
    """Return one column of a list; nothing where there is no list, which another check tells."""
    try:
        lines = read_foreign_text(path).splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    rows = (line.split() for line in lines)
    return [row[place] for row in rows if len(row) > place]


def digest(path: Path, name: str) -> str:
    """Return a file's hash in hexadecimal; ``git blob`` is the id git gives its content.

    Git hashes ``blob``, a blank, the length, a zero byte and the content with SHA-1.
    """
    with open_foreign(path) as file:
        if name != "git blob":
            return hashlib.file_digest(file, name).hexdigest()
        sha1 = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
        while block := file.read(1 << 20):
            sha1.update(block)
        return sha1.hexdigest()


@dataclass(frozen=True, slots=True)
class JsonExaminer(OneFile):
    """Counts a JSON file's lists and looks its file names up."""

    check: JsonCounts
    base: Path
    exact: bool = True

    def examine(self, subject: str) -> Iterator[Finding]:
        """Decode the file and look."""
        try:
            document = _Lists.of(read_foreign(self.base / subject, JSON_BYTES), self.check)
        except JSON_FAILURES as error:
            yield Finding("broken-json", subject, str(error))
            return
        for key, published in self.check.counts.items():
            found = document.counted(key)
            yield from count_findings(subject, key or "entries", found, published, exact=self.exact)
        for path in self.check.unique:
            repeated = [value for value, n in Counter(document.values(path)).items() if n > 1]
            if repeated:
                detail = f"{len(repeated):,} values of {path} repeat, {repeated[0]} first"
                yield Finding("repeated-id", subject, detail)
        yield from self._names(subject, document)

    def _names(self, subject: str, document: _Lists) -> Iterator[Finding]:
        if not self.check.names:
            return
        for name in document.values(self.check.names):
            placed = (self.check.prefix or "{name}").format(
                name=name, head=str(name).partition("_")[0]
            )
            if not (self.base / self.check.folder / placed).is_file():
                where = f"{self.check.folder}/{placed}".lstrip("/")
                yield Finding("missing-file", where, f"named in {subject}")


_Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class _Lists:
    """The lists at the top of a document, each row no more than the fields that are looked at."""

    fields: Mapping[str, tuple[str, ...]]
    """Looked-at fields of the rows of each list; the document itself is the list ``""``."""
    rows: Mapping[str, Sequence[Struct]]

    @classmethod
    def of(cls, data: bytes, check: JsonCounts) -> _Lists:
        """Decode the lists that a check names; raises as ``JSON_FAILURES``."""
        fields: dict[str, tuple[str, ...]] = dict.fromkeys(check.counts, ())
        for path in filter(None, (check.names, *check.unique)):
            key, _, field = path.rpartition(".")
            fields[key] = (*fields.get(key, ()), field)
        if not fields:
            decode_rows(data, msgspec.Raw)
            return cls(fields, {})
        if fields.keys() == {""}:
            return cls(fields, {"": decode_rows(data, _list_of(fields[""]))})
        names = {f"list{place}": key for place, key in enumerate(fields)}
        empty: Any = msgspec.field(default_factory=list)
        lists = [(name, _list_of(fields[key]), empty) for name, key in names.items()]
        document = decode_rows(data, msgspec.defstruct("Document", lists, rename=names))
        return cls(fields, dict(zip(fields, msgspec.structs.astuple(document), strict=True)))

    def counted(self, key: str) -> int:
        """Return how many rows a list has; none where the document has no such list."""
        return len(self.rows[key])

    def values(self, path: str) -> Iterator[_Value]:
        """Yield one field of every row that has it; ``path`` is ``key.field``, or ``field``."""
        key, _, field = path.rpartition(".")
        place = self.fields[key].index(field)
        for row in self.rows[key]:
            value = msgspec.structs.astuple(row)[place]
            if value is not msgspec.UNSET:
                yield value


def _list_of(fields: Sequence[str]) -> type[list[Struct]]:
    """Return the type of a list of rows that keep these fields, whatever they are called."""
    names = {f"field{place}": field for place, field in enumerate(fields)}
    shape = [(name, _Value | msgspec.UnsetType, msgspec.UNSET) for name in names]
    row: Any = msgspec.defstruct("Row", shape, rename=names, gc=False)
    return list[row]
