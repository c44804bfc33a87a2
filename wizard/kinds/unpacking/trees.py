"""Taking in trees that other tools unpacked: what in a folder is which archive's, by its files.

The files an archive is expected to hold tell where its root lies in a tree, as they do inside an
archive; each file gets a second name where the recipe wants it. Names in other capitals are read
as the recipe and the lists spell them. The folder is only read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wizard import figures
from wizard.archives.paths import IN_PLACE, Route, is_junk
from wizard.archives.roots import RootFinder, UnexpectedContents, missing_kinds, pattern
from wizard.errors import ArchiveError
from wizard.files import link_or_copy
from wizard.kinds.unpacking.published import unpackings
from wizard.kinds.unpacking.step import ExtractStep
from wizard.progress import CancelToken
from wizard.steps.install import Install

_MOST = 3_000_000
"""Files of a folder that are looked at; the largest tree of a collection but one has half."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """The parts of paths that are known, each by its letters without capitals.

    Parts that are known in two spellings, such as ``Images`` and ``images``, decide nothing.
    """

    known: dict[str, str]

    @classmethod
    def of(cls, paths: Iterable[str]) -> Spelling:
        """Learn the parts of paths."""
        found: dict[str, str] = {}
        for part in dict.fromkeys(part for path in paths for part in path.split("/")):
            folded = part.casefold()
            found[folded] = part if found.get(folded, part) == part else ""
        return cls(found)

    def corrected(self, path: str) -> str:
        """Return a path with every part as it is known."""
        return "/".join(self.known.get(part.casefold()) or part for part in path.split("/"))


def folders_like(base: Path, folder: str) -> Iterator[Path]:
    """Yield the folders below a base that a path may mean when capitals do not count."""
    first, _, rest = folder.partition("/")
    try:
        names = sorted(path for path in base.iterdir() if path.is_dir())
    except OSError:
        return
    for path in (path for path in names if path.name.casefold() == first.casefold()):
        if rest:
            yield from folders_like(path, rest)
        else:
            yield path


@dataclass(frozen=True, slots=True)
class TreeVerdict:
    """What came of looking for one archive's files in a folder."""

    step: ExtractStep
    words: str
    """A sentence."""
    taken: bool = False
    in_place: bool = False
    """Whether the install has these files already."""


def extract_steps(install: Install) -> Iterator[ExtractStep]:
    """Return the unpackings of an install whose archives say what they hold."""
    return (step for step in unpackings(install.plan.steps, install) if step.spec.expects)


def names_below(folder: Path, token: CancelToken) -> Iterator[str]:
    """Yield the POSIX paths of the files below a folder, hidden ones and junk left out."""
    count = 0
    for top, folders, files in os.walk(folder, followlinks=True):
        token.check()
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = Path(top).relative_to(folder).as_posix()
        for name in sorted(files):
            path = name if below == "." else f"{below}/{name}"
            if not name.startswith(".") and not is_junk(path):
                yield path
                count += 1
        if count > _MOST:
            return


def take_tree(
    step: ExtractStep, folder: Path, names: Sequence[str], token: CancelToken
) -> TreeVerdict | None:
    """Take in one archive's files; None when the folder shows nothing of it.

    A tree that lacks files the lists name is left alone. Raises ``Cancelled``.
    """
    return _taken(step, folder, _spelled(step, names), token)


def _spelled(step: ExtractStep, names: Sequence[str]) -> dict[str, str]:
    """Return the name of each file by what it should be; right names come before others."""
    spelling = Spelling.of((*step.spec.spelled(), *step.listed()))
    spelled = {name: name for name in names if spelling.corrected(name) == name}
    if len(spelled) < len(names):
        for name in names:
            spelled.setdefault(spelling.corrected(name), name)
    return spelled


def _is_respelled(spelled: Mapping[str, str]) -> bool:
    return any(path != name for path, name in spelled.items())


def take_over_near(step: ExtractStep, base: Path, folder: str, token: CancelToken) -> str:
    """Take in one archive's files where they lie under names in other capitals already.

    Looks at the dataset's own folder below ``base``, whatever its capitals. Returns what was taken
    in, or why not, in a sentence; nothing where no capitals differ. Raises ``Cancelled``.
    """
    words = ""
    for place in folders_like(base, folder) if step.evidence else ():
        names = tuple(names_below(place, token))
        if place == base / folder and not _is_respelled(_spelled(step, names)):
            continue
        found = take_tree(step, place, names, token)
        if found:
            words = found.words
            if found.taken:
                break
    return words


def _taken(
    step: ExtractStep, folder: Path, spelled: Mapping[str, str], token: CancelToken
) -> TreeVerdict | None:
    """Take files in; ``spelled`` gives the name of each by what it should be."""
    route, spelled = _laid_out(step, folder, spelled)
    finder = RootFinder(route, (), step.spec.expects)
    try:
        for name in spelled:
            finder.see(name)
        shift = finder.shift()
    except UnexpectedContents as error:
        return _told(step, folder, error.message)
    except ArchiveError:
        return None
    if shift is None:
        return None
    if step.evidence is None:
        why = "shows files of it, but no list tells whether these are all"
        return None if shift.add else _told(step, folder, f"{why}; the archive is still needed")
    if step.probe().state == "done":
        done = _told(step, folder, f"{step.archive.name} is unpacked already")
        return replace(done, in_place=True)
    placed = dict(_placed(step.spec.expects, replace(route, shift=shift or IN_PLACE), spelled))
    lacking = step.lacking(placed.values())
    if lacking is None and shift.add:
        return None
    if lacking:
        missing = figures.count(len(lacking), "file")
        return _told(step, folder, f"lacks {missing} the lists name, such as {lacking[0]}")
    for name, path in placed.items():
        token.check()
        _link(folder / spelled[name], step.into / path)
    of = f"{step.archive.name} of {step.dataset}"
    return TreeVerdict(step, f"{folder} holds {of}, unpacked: {len(placed):,} files taken in", True)


def _laid_out(
    step: ExtractStep, folder: Path, spelled: Mapping[str, str]
) -> tuple[Route, Mapping[str, str]]:
    """Return how files go to their places, and which: a tree may be laid out as the recipe is.

    Then what lies beside them, such as labels made of them, is no other root.
    """
    spec = step.spec
    parts = spec.into.strip("/").split("/")
    for tail in ("/".join((*parts[start:], "")) for start in range(len(parts))):
        own = {path[len(tail) :]: name for path, name in spelled.items() if path.startswith(tail)}
        if own and not missing_kinds(own, spec.expects):
            return Route(str(folder)), own
    return Route(str(folder), spec.rules, spec.lower), spelled


def _link(source: Path, target: Path) -> None:
    """Give a file its place, unless it has that already."""
    if not (target.exists() and target.samefile(source)):
        link_or_copy(source, target)


def _placed(
    expects: Sequence[str], route: Route, names: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """Yield files of a tree and where they belong, in the folders the archive is known to fill.

    A rule that takes everything would take what lies beside them too; there the patterns decide.
    """
    anything = any(rule.to and not (rule.prefix or rule.pattern) for rule in route.rules)
    expected = [each for each in expects if anything or "/" not in each]
    tops = {each.partition("/")[0] for each in expects if each not in expected}
    fitting = [pattern(each) for each in expected]
    for name in names:
        path = route.place(name)
        if path is None:
            continue
        if path.partition("/")[0] in tops or any(each.fullmatch(path) for each in fitting):
            yield name, path


def _told(step: ExtractStep, folder: Path, words: str) -> TreeVerdict:
    told = f"{folder.name} as {step.archive.name} of {step.dataset}: {words}"
    return TreeVerdict(step, told)
