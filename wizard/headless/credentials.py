"""``segwizard credentials``: what is kept where, setting, testing and clearing it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from wizard.credentials.environment import read_password_file, run_password_command
from wizard.credentials.ladder import Ladder, open_vault
from wizard.credentials.leftovers import Leftover, find_leftovers, remove_leftover
from wizard.credentials.secret import Secret
from wizard.errors import CredentialError, UsageError, WizardError
from wizard.headless import say
from wizard.recipes.keys import suggestion
from wizard.recipes.loader import load, names
from wizard.recipes.model import Site
from wizard.recipes.site import apply_site, load_site

_SITE_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group(name="credentials")
def command() -> None:
    """Show, set, test and clear logins, tokens and links.

    They come from the environment (SEGWIZARD_<SITE>_PASSWORD, ..._PASSWORD_FILE,
    ..._PASSWORD_COMMAND) or are kept in the keyring of the operating system. Without a keyring
    they stay in the memory of a run, or in a file if you say so.
    """


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Write JSON to stdout.")
def list_(as_json: bool) -> None:
    """List what is kept, and where; never a value."""
    vault = open_vault(known_sites().values())
    entries = [
        {"site": each.site, "field": each.field, "where": vault.where(each.site, each.field)}
        for each in vault.kept()
    ]
    if as_json:
        say.json_data({"place": vault.describe(), "entries": entries})
        return
    say.talk(vault.describe())
    for entry in entries:
        say.data(f"{entry['site']}  {entry['field']}  {entry['where']}")
    if not entries:
        say.talk("Nothing is kept.")


@command.command(name="set")
@click.argument("site")
@click.option("--user", help="User name or mail address.")
@click.option("--password-file", type=click.Path(path_type=Path), help="First line; - is stdin.")
@click.option("--password-command", help="A command that prints the password.")
@click.option("--store", type=click.Choice(["keyring", "file"]), default="keyring")
@click.option("--site-file", type=_SITE_FILE, help="Site file to read addresses from.")
@click.option("--test", is_flag=True, help="Log in once to see whether it is right.")
def set_(
    site: str,
    user: str | None,
    password_file: Path | None,
    password_command: str | None,
    store: str,
    site_file: Path | None,
    test: bool,
) -> None:
    """Keep the login or token of SITE; asks for what no option gives."""
    known = _site(site, site_file)
    vault = open_vault([known])
    store_in = keeper(vault, site, store)
    fields = {}
    if known.protocol != "bearer":
        fields["user"] = Secret(user or _ask("User name or mail address", hidden=False))
    name = _secret_name(known)
    fields[name] = _password(vault, password_file, password_command, name)
    for name, value in fields.items():
        say.talk(f"{name} of {known.title}: kept in {store_in(name, value)}.")
    if test:
        _test(known, vault)


@command.command(name="test")
@click.argument("site")
@click.option("--site-file", type=_SITE_FILE, help="Site file to read addresses from.")
def test(site: str, site_file: Path | None) -> None:
    """Log in to SITE once, fetching nothing."""
    known = _site(site, site_file)
    _test(known, open_vault([known]))


@command.command(name="clear")
@click.argument("site", required=False)
@click.option("--all", "every", is_flag=True, help="Clear every site, link and token.")
@click.option(
    "--leftovers",
    multiple=True,
    type=_FOLDER,
    help="Also look here for what the reference scripts left behind: DEST, a mseg-api folder.",
)
@click.option("--yes", is_flag=True, help="Remove those leftovers without asking.")
def clear(site: str | None, every: bool, leftovers: tuple[Path, ...], yes: bool) -> None:
    """Remove what is kept for SITE, or --all, and read again to prove that it is gone."""
    if not site and not every and not leftovers:
        raise UsageError("say what to clear", hint="name a site, or give --all")
    if site or every:
        vault = open_vault(known_sites().values())
        if not every:
            _check_known(str(site), vault)
        _clear(vault, None if every else site)
    removed = [_offer(item, yes=yes) for item in find_leftovers(leftovers)]
    if leftovers and not removed:
        say.talk("No leftovers of other scripts were found there.")
    if not all(removed):
        raise CredentialError("some leftovers stay as they were", hint="run again with --yes")


def known_sites(site_file: Path | None = None) -> dict[str, Site]:
    """Return every login site of the collections, by id, as the site file has them."""
    overrides = load_site(site_file)
    recipes = (apply_site(load(name), overrides) for name in names())
    return {site.id: site for recipe in recipes for site in recipe.sites}


Keeper = Callable[[str, Secret], str]
"""Keeps a field's secret beyond this command; says in words where."""


def keeper(vault: Ladder, site: str, store: str = "keyring") -> Keeper:
    """Return what keeps the secrets of a site; in a file only after a typed yes, asked for here.

    Asked before a person types any secret. Raises ``CredentialError`` where there is no keyring
    and nobody said yes to the file.
    """
    if store == "file":
        typed = _typed_yes(vault)
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


def _typed_yes(vault: Ladder) -> str:
    if not sys.stdin.isatty():
        raise UsageError(
            "a file of secrets needs a yes typed at a terminal",
            where=str(vault.file.path),
            hint="run it at a terminal, or give the secret through the environment",
        )
    typed = str(click.prompt(vault.file.question(), err=True, default="", show_default=False))
    vault.file.agree(typed)
    return typed


def _site(name: str, site_file: Path | None) -> Site:
    sites = known_sites(site_file)
    if name not in sites:
        raise UsageError(f"no site is called {name!r}", hint=suggestion(name, sites))
    return sites[name]


def _check_known(name: str, vault: Ladder) -> None:
    """Refuse a misspelt name: "nothing was kept" would be taken for "it is cleared"."""
    known = {each.site for each in vault.kept()} | {*known_sites()}
    known |= {dataset.id for each in names() for dataset in load(each).datasets}
    if name not in known:
        raise UsageError(f"no site or dataset is called {name!r}", hint=suggestion(name, known))


def _secret_name(site: Site) -> str:
    return "token" if site.protocol == "bearer" else "password"


def _password(vault: Ladder, file: Path | None, command_line: str | None, name: str) -> Secret:
    if file is not None and str(file) == "-":
        text = sys.stdin.readline().rstrip("\r\n")
    elif file is not None:
        text = read_password_file(file)
    elif command_line:
        text = run_password_command(command_line, vault.given.clean())
    else:
        text = _ask(name.capitalize(), hidden=True)
    if not text:
        raise UsageError(f"the {name} is empty")
    return Secret(text)


def _ask(label: str, *, hidden: bool) -> str:
    if not sys.stdin.isatty():
        raise UsageError(
            f"{label.lower()}: there is no terminal to ask at",
            hint="give --user, and --password-file or --password-command",
        )
    return str(click.prompt(label, hide_input=hidden, err=True))


def _test(site: Site, vault: Ladder) -> None:
    from wizard.transfer.sites import try_login

    say.data(try_login(site, vault))


def _clear(vault: Ladder, site: str | None) -> None:
    places = vault.clear(site)
    for place in places:
        say.data(f"cleared: {place}")
    if not places:
        say.talk("Nothing was kept.")
    for entry in vault.kept():
        if entry.rung == "environment" and site in (None, entry.site):
            source = vault.where(entry.site, entry.field)
            say.talk(f"still given from outside: {entry.field} of {entry.site}, by {source}")


def _offer(item: Leftover, *, yes: bool) -> bool:
    """Remove a leftover if the person wants it; returns whether it is gone."""
    say.talk(f"{item.path}: {item.what}")
    verb = "Overwrite and delete it" if item.action == "shred" else "Take the secret out of it"
    if not yes and not (sys.stdin.isatty() and click.confirm(f"{verb}?", err=True)):
        return False
    try:
        say.data(remove_leftover(item))
    except WizardError as error:
        say.talk(str(error))
        return False
    return True
