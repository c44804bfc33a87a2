"""The shape of a site file: where a lab's copies lie, what proves them, what transfers may use."""

from __future__ import annotations

from wizard.recipes.model import AccessKind, Model


class ArchiveAt(Model, frozen=True, kw_only=True):
    """What a site says of one archive; what it leaves out stays as the recipe has it."""

    urls: tuple[str, ...] | None = None
    access: AccessKind | None = None
    """``open`` for a gated archive that needs no login here: a lab's own mirror."""
    rehearsal: dict[str, str] = {}
    """What to answer when asked for it, by field, shown beside the question: for rehearsals on a
    server of one's own, never for real secrets."""
    size: int | None = None
    md5: str = ""
    sha1: str = ""
    sha256: str = ""


class LoginAt(Model, frozen=True, kw_only=True):
    """Where a login site lives here."""

    base: str
    """Replaces scheme and host of every address of the site."""


class SiteLimits(Model, frozen=True, kw_only=True):
    """The most transfers may use here; options of a run may only ask for less."""

    rate: int | None = None
    """Bytes a second over all transfers; 0 is no limit."""
    transfers: int | None = None
    """Archives at once."""
    per_host: int | None = None
    """Connections to one host."""


class SiteFile(Model, frozen=True, kw_only=True):
    """All a site file may hold."""

    archives: dict[str, ArchiveAt] = {}
    """By ``name``, ``dataset/name`` or ``collection/dataset/name``; the longest key decides."""
    sites: dict[str, LoginAt] = {}
    """By the id of a login site."""
    mirrors: tuple[str, ...] = ()
    """Addresses under which open archives are tried by name before their own addresses."""
    limits: SiteLimits = SiteLimits()
    source: str = ""
    """The file it came from; filled in by the loader."""
