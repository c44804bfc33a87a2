"""What a report says, as plain data: the page and its JSON twin are made from this."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from wizard.findings import FailureGroup
from wizard.verify.summary import Checked
from wizard.views import Strength

Standing = Literal["verified", "proven", "plausible", "faulty", "changed", "unverified"]
"""Whether a dataset was checked: all is well, its archives are (there is no more to check), they
are as far as can be told, something is wrong, files changed since, or not."""


class Data(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of everything in a report."""


class ArchiveLine(Data, frozen=True, kw_only=True, omit_defaults=True):
    """One archive the dataset came from."""

    name: str
    size: int = 0
    sha256: str = ""
    origin: str = ""
    """Address or place it came from, without anything secret."""
    how: str = ""
    """By what it was proven, in words."""
    strength: Strength | None = None
    """How well it is proven; None for one that is not here."""
    version: str = ""
    """Release it was recognised as, with what that changes."""
    deleted: bool = False


class Consent(Data, frozen=True, kw_only=True, omit_defaults=True):
    """The terms of a dataset and who accepted them."""

    title: str
    url: str
    summary: str = ""
    who: str = ""
    when: str = ""


class Bar(Data, frozen=True, kw_only=True):
    """One class of a histogram."""

    name: str
    colour: str
    """``#rrggbb``."""
    share: float
    """Of all labelled pixels looked at, 0 to 1."""


class Histogram(Data, frozen=True, kw_only=True, omit_defaults=True):
    """Which classes labels hold, from a sample of them."""

    taxonomy: str
    labels: int
    """Labels looked at."""
    of: int
    """Labels there are."""
    bars: tuple[Bar, ...]
    unlabeled: float = 0.0
    """Share of all pixels."""
    others: int = 0
    """Classes present beyond those shown."""


class Swatch(Data, frozen=True, kw_only=True):
    """A class and its colour, ``#rrggbb``."""

    name: str
    colour: str


class Thumbnail(Data, frozen=True, kw_only=True, omit_defaults=True):
    """One thumbnail."""

    caption: str
    uri: str
    """``data:`` address."""
    legend: tuple[Swatch, ...] = ()
    """The classes with most pixels."""


class SampleRow(Data, frozen=True, kw_only=True, omit_defaults=True):
    """The thumbnails of one image."""

    image: str
    pictures: tuple[Thumbnail, ...]
    note: str = ""


class TaxonomyLine(Data, frozen=True, kw_only=True, omit_defaults=True):
    """One taxonomy of a dataset."""

    name: str
    classes: int
    labels: int
    about: str = ""


class DatasetPage(Data, frozen=True, kw_only=True, omit_defaults=True):
    """Everything about one dataset."""

    id: str
    title: str
    about: str
    folder: str
    verdict: Standing
    verified: float = 0.0
    """Seconds since the epoch."""
    checked: Checked | None = None
    groups: tuple[FailureGroup, ...] = ()
    alternative: str = ""
    """Which of several ways its files came."""
    deviations: tuple[str, ...] = ()
    sources: tuple[ArchiveLine, ...] = ()
    consent: Consent | None = None
    taxonomies: tuple[TaxonomyLine, ...] = ()
    histograms: tuple[Histogram, ...] = ()
    rows: tuple[SampleRow, ...] = ()
    citation: str = ""
    paper: str = ""
    website: str = ""


class LeftOut(Data, frozen=True, kw_only=True, omit_defaults=True):
    """A dataset that was not chosen, and what is missing without it."""

    title: str
    loss: str = ""


class ReportData(Data, frozen=True, kw_only=True, omit_defaults=True):
    """A whole report."""

    version: int = 1
    collection: str
    about: str
    dest: str
    software: str
    moment: float
    datasets: tuple[DatasetPage, ...]
    left_out: tuple[LeftOut, ...] = ()
    document: str = ""
    inputs: dict[str, float] = field(default_factory=dict)
    """Step -> moment of the proof the report rests on; tells when it is out of date."""

    @property
    def plausible(self) -> tuple[str, ...]:
        """Archives, ``dataset/name``, that neither a hash nor their structure proves."""
        return tuple(
            f"{page.id}/{source.name}"
            for page in self.datasets
            for source in page.sources
            if source.strength == "plausible"
        )

    @property
    def partial(self) -> bool:
        """Whether datasets were left out; such an install is never complete."""
        return bool(self.left_out)

    @property
    def state(self) -> str:
        """Say in one word how the install stands."""
        if any(page.verdict not in ("verified", "proven", "plausible") for page in self.datasets):
            return "unfinished"
        return "partial" if self.partial else "complete"
