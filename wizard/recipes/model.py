"""The shape of a recipe: a collection of datasets as data, decoded from TOML.

Paths are POSIX and relative: archive and step paths to the dataset's base, which is the
collection's root below the destination unless the dataset says ``base = "dest"``; ``tables`` is
always relative to the destination. Sizes are bytes.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Literal, NoReturn

from msgspec import Struct

from wizard.recipes.provenance import ArchiveAddress, Statement
from wizard.recipes.step_table import StepTable

AccessKind = Literal["open", "login", "link", "base-url", "browser", "token"]
"""How an archive is gained: freely, behind a form, by a mailed or copied link, below a mailed
address, by hand in a browser, or with a bearer token."""


class Model(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every table in a recipe: immutable, and strict about its keys."""


class Reading(Model, frozen=True, kw_only=True):
    """A page people are asked to read before they start."""

    title: str
    url: str
    why: str = ""


class Mail(Model, frozen=True, kw_only=True):
    """A draft a person can send to ask for access."""

    to: str
    subject: str
    body: str
    attach: str = ""
    """Address of a form to fill in, sign and attach."""


class LicenceRequest(Model, frozen=True, kw_only=True):
    """What a person must ask for, where, and how long the answer usually takes."""

    page: str
    wait: str
    """In words, for example ``about a week``."""
    wait_days: float
    """The same as a number, to sort by; 0 is at once."""
    how: str
    """What to do and fill in there, one instruction a line."""
    mail: Mail | None = None


class Terms(Model, frozen=True, kw_only=True):
    """The licence a person accepts before the first download."""

    title: str
    url: str
    summary: str
    """In our words: who may use the data, for what."""
    commercial: bool = False


class Site(Model, frozen=True, kw_only=True):
    """A host with a login form, and the addresses its protocol uses.

    Addresses are templates: ``{package}`` and ``{name}`` are filled from the archive.
    """

    id: str
    title: str
    protocol: Literal["cityscapes", "csrf-form", "bearer"]
    login_url: str
    register_url: str = ""
    file_url: str = ""
    md5_url: str = ""
    list_url: str = ""
    user_env: str = ""
    password_env: str = ""


class Access(Model, frozen=True, kw_only=True):
    """How one archive is gained and what a person does for it."""

    kind: AccessKind = "open"
    site: str = ""
    """Id of the login or token site."""
    package: str = ""
    """The site's own number or name for this archive."""
    page: str = ""
    """The page to open for a link or a browser download."""
    how: str = ""
    suffix: str = ""
    """Path below a mailed base address."""
    rehearsal: dict[str, str] = {}
    """What answers the request, by field, where it is only rehearsed; a site file says so."""


class Version(Model, frozen=True, kw_only=True):
    """A release that goes by the same name, recognised by size, hash or members."""

    name: str
    accepted: bool
    note: str
    """The effect of using it, or what is needed instead."""
    size: int | None = None
    md5: str = ""
    sha256: str = ""
    has: tuple[str, ...] = ()
    """Glob patterns every one of which matches some member."""
    lacks: tuple[str, ...] = ()


class Archive(Model, frozen=True, kw_only=True):
    """One file to fetch or import, with all that is known to prove it."""

    name: str
    catalogue: str = ""
    """Id of its entry in the catalogue, which states all that is true of the file wherever it is
    used; a recipe adds what it does with it."""
    path: str = ""
    """Where the document puts it; default ``<dataset folder>/<name>``."""
    urls: tuple[str, ...] = ()
    """Tried in order; the loader adds ``addresses``, those reported gone last."""
    addresses: tuple[ArchiveAddress, ...] = ()
    """The same with whose they are and when they were last seen to answer."""
    access: Access = Access()
    size: int | None = None
    """Exact size; leave out when only an estimate is known."""
    size_about: int = 0
    unpacked_about: int = 0
    files_about: int = 0
    md5: str = ""
    sha1: str = ""
    sha256: str = ""
    sha256_start: str = ""
    """First digits of the sha256, where only those are published, as in PyTorch's file names."""
    git_blob: str = ""
    """The id git gives the content."""
    statements: tuple[Statement, ...] = ()
    """Sizes and hashes with their sources. The loader takes those that decide for ``size``,
    ``md5``, ``sha1`` and ``sha256``; the others are compared and told, and refuse nothing."""
    aliases: tuple[str, ...] = ()
    """Other names the same file goes by on servers."""
    keep: bool = False
    """Whether it stays after the dataset is proven, unless the user says otherwise."""
    note: str = ""
    """What a person should know, for example that the host has been down."""
    versions: tuple[Version, ...] = ()
    optional: bool = False
    """True for archives no later step needs: nothing waits for them, and an install whose other
    steps are done is whole without them."""
    alternative: str = ""
    """Id of the one of the dataset's alternatives it belongs to; empty for what every one needs."""

    @property
    def hearsay(self) -> tuple[Statement, ...]:
        """What single or doubtful sources say of its bytes: compared and told, never enforced."""
        return tuple(each for each in self.statements if not each.decides)


class Alternative(Model, frozen=True, kw_only=True):
    """One of several sources of the same files, such as another publisher's archives.

    The first of a dataset's alternatives is taken. The others stand by: their archives are fetched
    only when one of every alternative before cannot be had, or taken over when a person brings
    them, and as soon as all steps of any alternative are done, the others are not needed any more.
    """

    id: str
    title: str


class Dataset(Model, frozen=True, kw_only=True):
    """One dataset of a collection and the ordered steps that prepare it."""

    id: str
    title: str
    folder: str
    """Its own folder below the base."""
    base: Literal["root", "dest"] = "root"
    """What its paths start from: the collection's root, or the destination itself."""
    required: bool = False
    """Whether every install includes it, whatever is chosen."""
    about: str
    paper: str = ""
    website: str = ""
    citation: str = ""
    licence: str = ""
    """Id of terms in the catalogue; the loader fills in ``terms`` and ``request`` from there."""
    terms: Terms | None = None
    request: LicenceRequest | None = None
    alternatives: tuple[Alternative, ...] = ()
    archives: tuple[Archive, ...] = ()
    steps: tuple[StepTable, ...] = ()
    labels_about: int = 0
    """Bytes the prepared labels take, estimated."""
    label_files_about: int = 0
    core_seconds_about: float = 0.0
    """CPU seconds of all label work: as benchmarked, and half as much again for slower machines."""
    leaving_out: str = ""
    """What an install without this dataset lacks."""

    def archive(self, name: str) -> Archive:
        """Return the archive of that name; raises ``KeyError``."""
        return next((each for each in self.archives if each.name == name), None) or _missing(name)

    @property
    def usual(self) -> tuple[Archive, ...]:
        """The archives an install fetches when nothing goes wrong and nobody asks for more."""
        return tuple(
            each
            for each in self.archives
            if not each.optional and not self.stands_by(each.alternative)
        )

    def stands_by(self, alternative: str) -> bool:
        """Tell whether an alternative is not the first but a substitute for it."""
        return any(alternative == each.id for each in self.alternatives[1:])

    def archive_path(self, archive: Archive) -> str:
        """Return where the archive lies below the dataset's base."""
        return archive.path or f"{self.folder}/{archive.name}"


class Taxonomy(Model, frozen=True, kw_only=True):
    """What the name of a set of classes stands for."""

    name: str
    classes: int
    about: str


class Variable(Model, frozen=True, kw_only=True):
    """How published code finds the collection."""

    name: str = ""
    """Empty where there is no variable and ``reader`` says what to do instead."""
    value: str = "{root}"
    """May hold ``{dest}`` and ``{root}``, the collection's root below it; so may ``reader``."""
    reader: str
    """Which code reads it, and where."""


class Recipe(Model, frozen=True, kw_only=True):
    """A collection: what to read first, where to log in, its datasets and how it is finished."""

    id: str
    title: str
    about: str
    root: str
    """Folder below the destination that holds the datasets; empty for the destination itself."""
    document: str = ""
    reading: tuple[Reading, ...] = ()
    sites: tuple[Site, ...] = ()
    datasets: tuple[Dataset, ...]
    finish: tuple[StepTable, ...] = ()
    """Steps of the whole collection after every dataset, under the dataset id ``finish``."""
    taxonomies: tuple[Taxonomy, ...] = ()
    variables: tuple[Variable, ...] = ()
    """What published code is pointed at the collection with."""

    def dataset(self, name: str) -> Dataset:
        """Return the dataset with that id; raises ``KeyError``."""
        return next((each for each in self.datasets if each.id == name), None) or _missing(name)

    def base(self, dataset: Dataset) -> str:
        """Return the folder below the destination that the dataset's paths start from."""
        return self.root if dataset.base == "root" else ""

    def archive_place(self, dataset: Dataset, archive: Archive) -> str:
        """Return where the archive lies below the destination."""
        return (PurePosixPath(self.base(dataset)) / dataset.archive_path(archive)).as_posix()

    def variables_at(self, dest: Path) -> tuple[tuple[str, str, str], ...]:
        """Return name, value and reader of what published code finds an install at ``dest`` by.

        The name is empty where there is no variable and the third says what to do instead.
        """

        def filled(text: str) -> str:
            return text.replace("{dest}", str(dest)).replace("{root}", str(dest / self.root))

        own = ("SEGWIZARD_DEST", str(dest), "segwizard itself, in place of --dest")
        told = ((each.name, filled(each.value), filled(each.reader)) for each in self.variables)
        return (own, *told)


def _missing(name: str) -> NoReturn:
    raise KeyError(name)
