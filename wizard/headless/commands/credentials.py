"""``segwizard credentials``: what is kept where, setting, testing and clearing it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from wizard.app.logins import (
    KeptLogin,
    Leftover,
    Logins,
    fields_of,
    keeper,
    open_logins,
    remove_leftover,
    usual_places,
    written_elsewhere,
)
from wizard.credentials.secret import Secret
from wizard.errors import CredentialError, UsageError, WizardError
from wizard.harmless import harmless_line
from wizard.headless.completing import complete_sites
from wizard.headless.options import GivenPath, json_option
from wizard.headless.terminal import say
from wizard.headless.terminal.ask import typed_yes

_SITE_FILE = GivenPath(folders=False)
_FOLDER = GivenPath(exists=True, files=False)


@click.group(name="credentials", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Show, set, test and clear logins, tokens and links; alone, list what is kept.

    They come from the environment (SEGWIZARD_<SITE>_PASSWORD, ..._PASSWORD_FILE,
    ..._PASSWORD_COMMAND) or are kept in the keyring of the operating system. Without a keyring
    they stay in the memory of a run, or in a file if you say so.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_, as_json=False)


@dataclass(frozen=True, slots=True)
class KeptLogins:
    """What is kept and where, without any value."""

    place: str
    entries: tuple[KeptLogin, ...]


@command.command(name="list")
@json_option
def list_(*, as_json: bool) -> None:
    """List what is kept, and where; never a value."""
    logins = open_logins()
    entries = logins.kept()
    if as_json:
        say.json_data(KeptLogins(logins.describe(), tuple(entries)))
        return
    say.talk(logins.describe())
    for entry in entries:
        say.data(f"{entry.site}  {entry.field}  {entry.where}")
    if not entries:
        say.talk("Nothing is kept.")


@command.command(name="set")
@click.argument("site", shell_complete=complete_sites)
@click.option("--user", help="User name or mail address.")
@click.option("--password-file", type=GivenPath(), help="First line; - is stdin.")
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
    logins = open_logins(site_file)
    known = logins.site(site)
    store_in = keeper(logins.vault, site, store, typed_yes)
    *plain, secret = fields_of(known)
    fields = {}
    for name in plain:
        fields[name] = Secret(user or _ask("User name or mail address", hidden=False))
    fields[secret] = _password(logins, password_file, password_command, secret)
    for name, value in fields.items():
        say.talk(f"{name} of {known.title}: kept in {store_in(name, value)}.")
    if test:
        say.data(logins.test(known))


@command.command(name="test")
@click.argument("site", shell_complete=complete_sites)
@click.option("--site-file", type=_SITE_FILE, help="Site file to read addresses from.")
def test(site: str, site_file: Path | None) -> None:
    """Log in to SITE once, fetching nothing."""
    logins = open_logins(site_file)
    say.data(logins.test(logins.site(site)))


@command.command(name="clear")
@click.argument("site", required=False, shell_complete=complete_sites)
@click.option("--all", "every", is_flag=True, help="Clear every site, link and token.")
@click.option(
    "--leftovers",
    multiple=True,
    type=_FOLDER,
    help="Also look here for what the reference scripts left behind: DEST, a mseg-api folder.",
)
@click.option("--ask", is_flag=True, help="Ask for more secrets to look for; none is shown.")
@click.option("--yes", is_flag=True, help="Remove those leftovers without asking.")
def clear(site: str | None, every: bool, leftovers: tuple[Path, ...], ask: bool, yes: bool) -> None:
    """Remove what is kept for SITE, or --all, and read again to prove that it is gone.

    With --all the last install is searched, too, for files of other scripts in which a secret is
    written, and the current folder where the reference scripts have been at work in it.
    """
    if not site and not every and not leftovers:
        raise UsageError("say what to clear", hint="name a site, or give --all")
    logins = open_logins()
    secrets = (*logins.vault.secrets(), *(_asked() if ask else ()))
    if site or every:
        _clear(logins, None if every else site)
    folders = (*leftovers, *(usual_places() if every else ()))
    removed = [_offer(item, yes=yes) for item in written_elsewhere(folders, secrets)]
    if folders and not removed:
        places = ", ".join(str(folder) for folder in folders)
        say.talk(f"No leftovers of other scripts were found in {places}.")
    if not all(removed):
        raise CredentialError("some leftovers stay as they were", hint="run again with --yes")


def _password(logins: Logins, file: Path | None, command_line: str | None, name: str) -> Secret:
    if file is not None and str(file) == "-":
        text = sys.stdin.readline().rstrip("\r\n").removeprefix("\ufeff")
    elif file is not None or command_line:
        text = logins.password(file, command_line)
    else:
        text = _ask(name.capitalize(), hidden=True)
    if not text:
        raise UsageError(f"the {name} is empty")
    return Secret(text)


def _asked() -> Iterator[Secret]:
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask at", where="--ask")
    label = "A secret to look for (Enter to go on)"
    while text := click.prompt(
        harmless_line(label), hide_input=True, err=True, default="", show_default=False
    ):
        yield Secret(str(text))


def _ask(label: str, *, hidden: bool) -> str:
    if not sys.stdin.isatty():
        raise UsageError(
            f"{label.lower()}: there is no terminal to ask at",
            hint="give --user, and --password-file or --password-command",
        )
    return str(click.prompt(harmless_line(label), hide_input=hidden, err=True))


def _clear(logins: Logins, site: str | None) -> None:
    cleared = logins.clear(site)
    for place in cleared.places:
        say.data(f"cleared: {place}")
    if not cleared.places:
        say.talk("Nothing was kept.")
    for entry in cleared.outside:
        say.talk(f"still given from outside: {entry.field} of {entry.site}, by {entry.where}")


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
