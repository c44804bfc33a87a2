"""Checks of folders and their place: stray files, known names, things to know of."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard.errors import reason_of
from wizard.findings import Finding
from wizard.verify.scan import is_system_file
from wizard.verify.specs.checks import Destination, Names, Notice, Only


@dataclass(frozen=True, slots=True)
class OnlyExaminer:
    """Looks for strays in a folder that loaders list as it is."""

    check: Only
    base: Path

    def subjects(self) -> Sequence[str]:
        """The folder."""
        return (self.check.folder,)

    def examine(self, subject: str) -> Iterator[Finding]:
        """Look at every name."""
        pattern = re.compile(self.check.fits)
        try:
            names = sorted(path.name for path in (self.base / subject).iterdir())
        except OSError as error:
            yield Finding("missing-folder", subject, reason_of(error))
            return
        if not names:
            yield Finding("wrong-count", subject, "nothing is there")
        for name in names:
            if not pattern.fullmatch(name):
                yield Finding(
                    "stray-file", f"{subject}/{name}", f"its name is not {pattern.pattern}"
                )


@dataclass(frozen=True, slots=True)
class NamesExaminer:
    """Compares the names of files with the published ones, by one hash of all of them."""

    check: Names
    base: Path
    exact: bool = True

    def subjects(self) -> Sequence[str]:
        """The glob itself."""
        return (self.check.files,)

    def examine(self, subject: str) -> Iterator[Finding]:
        """Hash the sorted stems, one a line."""
        found = (path for path in self.base.glob(subject) if not is_system_file(path.name))
        stems = sorted(path.stem for path in found)
        digest = hashlib.sha256("".join(f"{stem}\n" for stem in stems).encode()).hexdigest()
        if digest != self.check.sha256:
            detail = f"{len(stems):,} names that are not the published ones"
            yield Finding("wrong-names", subject, detail, "", self.exact)


@dataclass(frozen=True, slots=True)
class NoticeExaminer:
    """Mentions files a person should know of."""

    check: Notice
    base: Path

    def subjects(self) -> Sequence[str]:
        """The glob itself."""
        return (self.check.files,)

    def examine(self, subject: str) -> Iterator[Finding]:
        """Mention each."""
        for path in sorted(self.base.glob(subject)):
            name = path.relative_to(self.base).as_posix()
            yield Finding("known-oddity", name, self.check.what, fatal=False)


@dataclass(frozen=True, slots=True)
class DestinationExaminer:
    """Looks at the path the data lie under."""

    check: Destination
    base: Path

    def subjects(self) -> Sequence[str]:
        """The path."""
        return (".",)

    def examine(self, subject: str) -> Iterator[Finding]:
        """Look for pieces that scripts misread."""
        place = (self.base / subject).resolve().as_posix()
        for piece in self.check.avoid:
            if piece in place:
                yield Finding("misread-path", place, f"holds {piece!r}", fatal=False)
