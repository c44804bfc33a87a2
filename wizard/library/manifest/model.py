"""The shape of ``segwizard-manifest.json``, version 1; readers ignore keys they do not know."""

from __future__ import annotations

from msgspec import Struct

FOLDER = "manifest"
"""Below the destination: the lists of checksums, and ``SHA256SUMS`` over these."""

FILE = "segwizard-manifest.json"
TOP_LIST = "SHA256SUMS"


class ArchiveOrigin(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An archive something was unpacked from."""

    name: str
    sha256: str
    size: int
    """Bytes."""
    source: str = ""
    """Address without anything secret."""
    moment: float = 0.0
    """When it was proven, seconds since the epoch."""


class TaxonomyEntry(Struct, frozen=True, kw_only=True):
    """A set of classes, index order."""

    name: str
    classes: tuple[str, ...]


class TermsEntry(Struct, frozen=True, kw_only=True):
    """The licence a dataset stands under."""

    title: str
    url: str


class DatasetEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One dataset: what it holds and what it was made from."""

    id: str
    title: str
    folder: str
    files: int
    bytes: int
    sha256: str
    """Of its list of checksums."""
    proven_at: float | None = None
    terms: TermsEntry | None = None
    taxonomies: tuple[TaxonomyEntry, ...] = ()
    archives: tuple[ArchiveOrigin, ...] = ()


class Manifest(Struct, frozen=True, kw_only=True):
    """What an install is, in one file."""

    schema: str = "segwizard-manifest"
    version: int = 1
    id: str
    """SHA-256 of ``SHA256SUMS``: equal for installs whose files are equal."""
    collection: str
    title: str
    segwizard: str
    """Version of the program that wrote this."""
    recipe: str
    """SHA-256 of the recipe as it was understood."""
    made: float
    """Seconds since the epoch."""
    partial: bool
    """Whether datasets were left out."""
    datasets: tuple[DatasetEntry, ...]
