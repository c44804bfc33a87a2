"""Logins: what is kept where, keeping, testing and clearing it; never a value comes back.

Logging in needs no install: ``open_logins`` knows every site of every collection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from wizard.app.machine import last_dest
from wizard.app.opening import found, open_install
from wizard.credentials.chain import BackendChain, open_vault
from wizard.credentials.given import read_password_file, run_password_command
from wizard.credentials.leftovers import Leftover, find_leftovers, remove_leftover
from wizard.credentials.secret import Secret
from wizard.credentials.vault import Kept, Vault
from wizard.errors import CredentialError, UsageError, WaitingError, WizardError
from wizard.kinds.registry import load_recipe
from wizard.kinds.unpacking.published import PublishedFiles, published_files
from wizard.recipes.keys import suggestion
from wizard.recipes.loader import names
from wizard.recipes.model import Site
from wizard.recipes.site import apply_site, load_site
from wizard.transfer.logins.sites import try_login

__all__ = ["Keeper", "Leftover", "Logins", "remove_leftover"]

Keeper = Callable[[str, Secret], str]
"""Keeps a field's secret beyond this command; says in words where."""
_THEIRS = ("download_scripts", "set_credentials.sh", "mseg_dataset", ".segwizard")
"""What the reference scripts work in, or on."""


@dataclass(frozen=True, slots=True)
class KeptLogin:
    """One secret that is at hand, without its value."""

    site: str
    field: str
    where: str


@dataclass(frozen=True, slots=True)
class Cleared:
    """What was removed, each place read again, and what is still given from outside."""

    places: tuple[str, ...]
    outside: tuple[KeptLogin, ...]


def fields_of(site: Site) -> tuple[str, ...]:
    """Return what a site asks for; the last of them is the secret."""
    return ("token",) if site.protocol == "bearer" else ("user", "password")


def known_sites(site_file: Path | None = None) -> Mapping[str, Site]:
    """Return every login site of the collections, by id, as the site file has them."""
    overrides = load_site(site_file)
    recipes = (apply_site(load_recipe(name), overrides) for name in names())
    return {site.id: site for recipe in recipes for site in recipe.sites}


def open_logins(site_file: Path | None = None) -> Logins:
    """Return the logins of every known site; quick, the keyring is only asked when needed."""
    sites = known_sites(site_file)
    return Logins(sites, open_vault(sites.values()))


@dataclass(frozen=True, slots=True)
class Logins:
    """The sites there are, and the vault their logins are kept in."""

    sites: Mapping[str, Site]
    vault: BackendChain

    def describe(self) -> str:
        """Say in a sentence where new secrets go, and why."""
        return self.vault.describe()

    def kept(self) -> tuple[KeptLogin, ...]:
        """List what is kept, and where."""
        return _named(self.vault, self.vault.kept())

    def site(self, name: str) -> Site:
        """Return a site; raises ``UsageError`` for a name nobody has."""
        if name not in self.sites:
            raise UsageError(f"no site is called {name!r}", hint=suggestion(name, self.sites))
        return self.sites[name]

    def test(self, site: Site) -> str:
        """Log in once, fetching nothing, and say that it worked.

        Raises ``WaitingError`` when there is nothing to log in with: a person has to give it.
        """
        if not all(self.vault.has(site.id, each) for each in fields_of(site)):
            raise WaitingError(
                f"there is no login for {site.title} yet",
                hint=f"segwizard credentials set {site.id}",
            )
        return try_login(site, self.vault)

    def password(self, file: Path | None, command_line: str | None) -> str:
        """Return a secret from a file's first line or from what a command prints."""
        if file is not None:
            return read_password_file(file)
        return run_password_command(command_line or "", self.vault.given.clean())

    def clear(self, site: str | None) -> Cleared:
        """Remove what is kept for a site, or all, and read again to prove that it is gone.

        Raises ``UsageError`` for a misspelt name: "nothing was kept" would be taken for cleared.
        """
        if site is not None:
            known = {each.site for each in self.vault.kept()} | {*self.sites}
            known |= {dataset.id for each in names() for dataset in load_recipe(each).datasets}
            if site not in known:
                hint = suggestion(site, known)
                raise UsageError(f"no site or dataset is called {site!r}", hint=hint)
        places = self.vault.clear(site)
        outside = [
            each
            for each in self.vault.kept()
            if each.backend == "environment" and site in (None, each.site)
        ]
        return Cleared(places, _named(self.vault, outside))


def usual_places() -> tuple[Path, ...]:
    """Return where other scripts' files are looked for unasked.

    The last install, and the current folder where the reference scripts have been in it.
    """
    dest, here = last_dest(), Path.cwd()
    places = [dest] if dest else []
    places += [here] if any((here / name).exists() for name in _THEIRS) else []
    return tuple(dict.fromkeys(places))


def written_elsewhere(
    folders: Iterable[Path], secrets: Iterable[Secret] = ()
) -> tuple[Leftover, ...]:
    """Find files of other scripts with a secret in them, sparing what archives brought."""
    folders = tuple(folder.absolute() for folder in folders)
    homes = {home for folder in folders for home in (folder, *folder.parents)}
    published = [_published(home) for home in homes if (home / ".segwizard").is_dir()]
    return find_leftovers(
        folders, secrets, lambda path: any(each.holds(path) for each in published if each)
    )


def _published(dest: Path) -> PublishedFiles | None:
    try:
        return published_files(open_install(found(dest)))
    except WizardError:
        return None


def keeper(
    vault: BackendChain, site: str, store: str, typed_yes: Callable[[str, str], str]
) -> Keeper:
    """Return what keeps the secrets of a site; in a file only after a typed yes.

    ``typed_yes`` puts the question and names the file, before a person types any secret. Raises
    ``CredentialError`` where there is no keyring and nobody said yes to the file.
    """
    if store == "file":
        typed = typed_yes(vault.file.question(), str(vault.file.path))
        vault.file.agree(typed)
        return lambda name, secret: vault.put_file(site, name, secret, typed=typed)
    verdict = vault.verdict()
    if not verdict.usable:
        raise CredentialError(
            f"nothing was kept: {verdict.words}",
            where=site,
            hint=(
                "enter it in the wizard (it stays in memory), give it through the environment,\n"
                "or repeat the command with --store file"
            ),
        )
    return lambda name, secret: vault.put_keyring(site, name, secret)


def keep_login(vault: Vault, site: str, values: Mapping[str, Secret]) -> str:
    """Keep a login for this run, and beyond where there is a keyring; says in words where."""
    return [vault.put(site, name, secret) for name, secret in values.items()][-1]


def place_of(vault: Vault, site: Site) -> str:
    """Say in words where a site's whole login is kept; empty when it is not."""
    places = [vault.where(site.id, name) for name in fields_of(site)]
    return places[0] if all(places) else ""


def _named(vault: BackendChain, entries: Iterable[Kept]) -> tuple[KeptLogin, ...]:
    return tuple(KeptLogin(e.site, e.field, vault.where(e.site, e.field)) for e in entries)
