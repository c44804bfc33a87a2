"""What the fetch steps of one install share: downloader, sessions, inbox, and known archives."""

from __future__ import annotations

import threading
from pathlib import Path

from wizard.errors import RecipeError
from wizard.recipes.model import Archive, Dataset, Site
from wizard.steps.install import Install
from wizard.transfer.archive_cache import ArchiveCache
from wizard.transfer.download import Downloader
from wizard.transfer.inbox import inbox_folder
from wizard.transfer.logins.session import SiteSession
from wizard.transfer.logins.sites import open_session
from wizard.transfer.retry_policy import RetryPolicy


class Gateway:
    """One install's way to its archives; made once by ``gateway_of``."""

    def __init__(self, install: Install) -> None:
        self.vault = install.vault
        self.dest = install.place.dest
        self.policy = RetryPolicy(per_host=install.settings.per_host, rate=install.rate.limit)
        self.downloader = Downloader(self.policy)
        install.rate.follow(self.downloader.set_rate)
        self.cache = ArchiveCache.usual()
        self.rate: float | None = None
        """Bytes a second of the last large transfer, None before the first."""
        self._sites = {site.id: site for site in install.recipe.sites}
        self._sessions: dict[str, SiteSession] = {}
        self._lock = threading.Lock()

    @property
    def inbox(self) -> Path:
        """The watched folder."""
        return inbox_folder(self.dest)

    def site(self, name: str) -> Site:
        """Return a login site of the recipe; raises ``RecipeError`` for an unknown one."""
        if name not in self._sites:
            raise RecipeError(f"no site {name!r} in the recipe", hint="add it under [[sites]]")
        return self._sites[name]

    def session(self, name: str) -> SiteSession:
        """Return the session of a site, shared by all its archives."""
        with self._lock:
            if name not in self._sessions:
                self._sessions[name] = open_session(self.site(name), self.vault, self.policy)
            return self._sessions[name]

    def close(self) -> None:
        """Close connections and end sessions; cookies are gone then."""
        with self._lock:
            for session in self._sessions.values():
                session.close()
        self.downloader.close()

    def note_rate(self, size: int, seconds: float) -> None:
        """Remember how fast a transfer went, to say how long the next will take."""
        if seconds > 1.0 and size > 1 << 20:
            self.rate = size / seconds


def gateway_of(install: Install) -> Gateway:
    """Return the gateway of an install."""
    return install.shared.get(Gateway, lambda: Gateway(install))


def link_field(dataset: Dataset, archive: Archive) -> str:
    """Return the vault's field for an archive's pasted link.

    ``link`` where a dataset has one archive that is gained by link, else ``link:<archive>``.
    """
    linked = [each.name for each in dataset.archives if each.access.kind == "link"]
    return "link" if linked == [archive.name] else f"link:{archive.name}"
