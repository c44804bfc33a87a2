"""What is wrong, on its way to a person: one finding at one place, and findings grouped by cause.

``grouped`` puts what has the same cause and the same remedy together, whoever shows it: a run, a
verification, a report, the screen. ``causes`` has the words for each cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import msgspec

from wizard.causes import CAUSES, Cause
from wizard.errors import LabelError, WizardError, reason_of

GROUP_EXAMPLES = 5
"""Examples a group shows of what was put together."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or odd, with the cause it is grouped under.

    ``cause`` is a slug of the table, such as ``missing-label``; ``fatal`` is False for what the
    user should know but need not mend (unknown colours, skipped polygons).
    """

    cause: str
    path: str
    detail: str
    hint: str = ""
    fatal: bool = True

    @classmethod
    def of(cls, cause: Cause, path: str, detail: str = "") -> Finding:
        """Report a cause at a path below the collection's root."""
        return cls(cause.slug, path, detail or cause.title, fatal=cause.fatal)

    def __str__(self) -> str:
        return f"{self.path}: {self.detail}" if self.path else self.detail


class FailureGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Failures or notes of one cause and one remedy; serialises to JSON as it is."""

    cause: str
    count: int
    hint: str
    title: str = ""
    """The cause in words; the table's unless given."""
    fatal: bool = True
    examples: tuple[str, ...] = ()
    """The first of them, ``path: detail``."""
    steps: tuple[str, ...] = ()
    """Addresses of the steps it struck, where more than one is looked at."""

    @classmethod
    def of(cls, finding: Finding) -> FailureGroup:
        """Return the group of one finding alone."""
        known = CAUSES.get(finding.cause)
        return cls(
            cause=finding.cause,
            count=1,
            hint=finding.hint or (known.hint if known else ""),
            fatal=finding.fatal,
            examples=(str(finding),),
        )

    def __post_init__(self) -> None:
        if not self.title:
            msgspec.structs.force_setattr(self, "title", title_of(self.cause))

    def holds(self, finding: Finding) -> bool:
        """Tell whether a finding was put into this group."""
        return _key(self) == _key(FailureGroup.of(finding))


def grouped(told: Iterable[Finding | FailureGroup]) -> tuple[FailureGroup, ...]:
    """Put findings, or groups of them, together by cause and by what is to be done about it.

    No count is lost. What must be mended comes first, then what struck most often, then as the
    table lists the causes, then as it came.
    """
    piles: dict[tuple[bool, str, str], list[FailureGroup]] = {}
    for each in told:
        group = each if isinstance(each, FailureGroup) else FailureGroup.of(each)
        piles.setdefault(_key(group), []).append(group)
    rank = {slug: row for row, slug in enumerate(CAUSES)}
    return tuple(
        sorted(
            map(_together, piles.values()),
            key=lambda group: (not group.fatal, -group.count, rank.get(group.cause, len(rank))),
        )
    )


def fatal(groups: Iterable[FailureGroup]) -> tuple[FailureGroup, ...]:
    """Return what has to be mended."""
    return tuple(group for group in groups if group.fatal)


def notes_among(groups: Iterable[FailureGroup]) -> tuple[FailureGroup, ...]:
    """Return what is only worth knowing."""
    return tuple(group for group in groups if not group.fatal)


def finding_of(error: Exception, where: str = "") -> Finding:
    """Return an error as a finding; ``where`` is its place if it names none itself."""
    match error:
        case WizardError():
            slug, place, detail = slug_of(error), error.where, error.message
        case OSError():
            slug, place, detail = "system", str(error.filename or ""), reason_of(error)
        case _:
            slug, place, detail = "unexpected", "", f"{type(error).__name__}: {error}"
    hint = error.hint if isinstance(error, WizardError) else CAUSES[slug].hint
    return Finding(slug, place or where, detail, hint)


def slug_of(error: WizardError) -> str:
    """Return the cause an error is grouped under: its own, or the kind of error in words."""
    if isinstance(error, LabelError):
        return error.cause
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(error).__name__).lower()
    return words.strip("_").removesuffix("-error")


def title_of(slug: str) -> str:
    """Return a cause in words."""
    known = CAUSES.get(slug)
    return known.title if known else slug.replace("-", " ")


def _key(group: FailureGroup) -> tuple[bool, str, str]:
    return group.fatal, group.cause, group.hint


def _together(pile: Sequence[FailureGroup]) -> FailureGroup:
    if len(pile) == 1:
        return pile[0]
    examples = dict.fromkeys(chain.from_iterable(group.examples for group in pile))
    steps = dict.fromkeys(chain.from_iterable(group.steps for group in pile))
    return msgspec.structs.replace(
        pile[0],
        count=sum(group.count for group in pile),
        examples=tuple(islice(examples, GROUP_EXAMPLES)),
        steps=tuple(steps),
    )
