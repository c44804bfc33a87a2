"""The shape of a recipe: a collection of datasets as data, decoded from TOML.

Paths are POSIX and relative: archive and step paths to the dataset's base, which is the
collection's root below the destination unless the dataset says ``base = "dest"``; ``tables`` is
always relative to the destination. Sizes are bytes.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal, NoReturn

from msgspec import Struct

from wizard.recipes.steps import StepSpec

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


class Request(Model, frozen=True, kw_only=True):
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
    path: str = ""
    """Where the document puts it; default ``<dataset folder>/<name>``."""
    urls: tuple[str, ...] = ()
    """Tried in order."""
    access: Access = Access()
    size: int | None = None
    """Exact size; leave out when only an estimate is known."""
    size_about: int = 0
    unpacked_about: int = 0
    files_about: int = 0
    md5: str = ""
    sha1: str = ""
    sha256: str = ""
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
    way: str = ""
    """Id of the one of the dataset's ways it belongs to; empty for what every way needs."""


class Way(Model, frozen=True, kw_only=True):
    """One of several ways to the same files, such as another publisher's archives.

    The first of a dataset's ways is taken. The others stand by: their archives are fetched only
    when one of every way before cannot be had, or taken over when a person brings them, and as
    soon as all steps of any way are done, the other ways are not needed any more.
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
    terms: Terms | None = None
    request: Request | None = None
    ways: tuple[Way, ...] = ()
    archives: tuple[Archive, ...] = ()
    steps: tuple[StepSpec, ...] = ()
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
            each for each in self.archives if not each.optional and not self.stands_by(each.way)
        )

    def stands_by(self, way: str) -> bool:
        """Tell whether a way is none but a substitute for the first."""
        return any(way == each.id for each in self.ways[1:])

    def archive_path(self, archive: Archive) -> str:
        """Return where the archive lies below the dataset's base."""
        return archive.path or f"{self.folder}/{archive.name}"


class Taxonomy(Model, frozen=True, kw_only=True):
    """What the name of a set of classes stands for."""

    name: str
    classes: int
    about: str


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
    finish: tuple[StepSpec, ...] = ()
    """Steps of the whole collection after every dataset, under the dataset id ``finish``."""
    taxonomies: tuple[Taxonomy, ...] = ()

    def dataset(self, name: str) -> Dataset:
        """Return the dataset with that id; raises ``KeyError``."""
        return next((each for each in self.datasets if each.id == name), None) or _missing(name)

    def base(self, dataset: Dataset) -> str:
        """Return the folder below the destination that the dataset's paths start from."""
        return self.root if dataset.base == "root" else ""

    def archive_place(self, dataset: Dataset, archive: Archive) -> str:
        """Return where the archive lies below the destination."""
        return (PurePosixPath(self.base(dataset)) / dataset.archive_path(archive)).as_posix()


def _missing(name: str) -> NoReturn:
    raise KeyError(name)
