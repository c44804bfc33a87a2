"""Checks of names, lists, hashes and JSON files."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec

from wizard.recipes.postconditions import Count, Hash, JsonCounts, Listed
from wizard.work import Finding

_SHOWN = 20
"""Findings of one kind that are told one by one; the rest is a number."""


def amount(path: str, what: str, found: int, published: int, *, exact: bool) -> Iterator[Finding]:
    """Yield a finding where a number is not the published one, and always where it is none."""
    if found == published:
        return
    fatal = exact or not found
    yield Finding("wrong-count", path, f"{found:,} {what}, published are {published:,}", "", fatal)


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
        found = [path for path in self.base.glob(subject) if not path.name.startswith(".")]
        yield from amount(subject, "are there", len(found), self.check.count, exact=self.exact)
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
            lines = (self.base / subject).read_text().splitlines()[self.check.skip :]
        except (OSError, UnicodeDecodeError) as error:
            yield Finding("missing-list", subject, f"cannot be read: {error}")
            return
        if self.check.count is not None:
            yield from amount(subject, "lines", len(lines), self.check.count, exact=self.exact)
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


def listed(check: Listed, base: Path) -> Iterator[tuple[int, str]]:
    """Yield every path a list names, with its line from 1; raises ``IndexError`` for short lines.

    ``OSError`` and ``UnicodeDecodeError`` come from reading the list.
    """
    lines = (base / check.list).read_text().splitlines()
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
            yield Finding("missing-file", subject, error.strerror or str(error))
            return
        if not found.startswith(expected):
            detail = f"{name} {found}, published is {expected}"
            yield Finding("wrong-hash", subject, detail, "", self.exact)

    def _published(self) -> tuple[str, str]:
        check = self.check
        if check.git_blob:
            return "git blob", check.git_blob
        return ("sha256", check.sha256) if check.sha256 else ("md5", check.md5)


def digest(path: Path, name: str) -> str:
    """Return a file's hash in hexadecimal; ``git blob`` is the id git gives its content.

    Git hashes ``blob``, a blank, the length, a zero byte and the content with SHA-1.
    """
    with path.open("rb") as file:
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
            document = msgspec.json.decode((self.base / subject).read_bytes())
        except (OSError, ValueError) as error:
            yield Finding("broken-json", subject, str(error))
            return
        for key, published in self.check.counts.items():
            entries = rows(document, key)
            yield from amount(subject, key or "entries", len(entries), published, exact=self.exact)
        for path in self.check.unique:
            repeated = [value for value, n in Counter(fields(document, path)).items() if n > 1]
            if repeated:
                detail = f"{len(repeated):,} values of {path} repeat, {repeated[0]} first"
                yield Finding("repeated-id", subject, detail)
        yield from self._names(subject, document)

    def _names(self, subject: str, document: Any) -> Iterator[Finding]:
        if not self.check.names:
            return
        for name in fields(document, self.check.names):
            placed = (self.check.prefix or "{name}").format(
                name=name, head=str(name).partition("_")[0]
            )
            if not (self.base / self.check.folder / placed).is_file():
                where = f"{self.check.folder}/{placed}".lstrip("/")
                yield Finding("missing-file", where, f"named in {subject}")


def rows(document: Any, key: str) -> list[Any]:
    """Return a list at the top of a document, or the document; empty when there is none."""
    found = document.get(key) if key and isinstance(document, dict) else document
    return found if isinstance(found, list) else []


def fields(document: Any, path: str) -> Iterator[Any]:
    """Yield one field of every row of a list; ``path`` is ``key.field``, or ``field`` alone."""
    key, _, field = path.rpartition(".")
    for row in rows(document, key):
        if isinstance(row, dict) and field in row:
            yield row[field]
