"""What a fetch step asks a person for, by the way its archive is gained."""

from __future__ import annotations

import shlex
from pathlib import Path

from wizard.recipes.model import Archive, Site
from wizard.transfer.inbox import inbox_folder, upload_line
from wizard.views import Request


def by_hand(archive: Archive, dest: Path, target: Path) -> tuple[str, str]:
    """Return how a file comes by hand, in words, and the ``scp`` line for it."""
    inbox = inbox_folder(dest)
    how = f"Put {archive.name} into {inbox} or {target.parent}; it is found there by itself."
    return how, upload_line(archive.name, inbox)


def browser_request(
    archive: Archive, dest: Path, target: Path, ask: str = "", how: str = ""
) -> Request:
    """Ask for a file that only a browser can get."""
    put, upload = by_hand(archive, dest, target)
    return Request(
        kind="browser",
        ask=ask or f"Download {archive.name} in a browser and bring it here",
        page=archive.access.page,
        how=_lines(how or archive.access.how, put),
        command=f"segwizard import {shlex.quote(archive.name)} --dest {shlex.quote(str(dest))}",
        upload=upload,
        rehearsal=archive.access.rehearsal,
    )


def link_request(
    archive: Archive, dataset: str, dest: Path, target: Path, ask: str = ""
) -> Request:
    """Ask for an emailed or copied link, or for the base address below which the file lies."""
    base = archive.access.kind == "base-url"
    put, upload = by_hand(archive, dest, target)
    wanted = "base address" if base else "link"
    return Request(
        kind="base-url" if base else "link",
        ask=ask or f"Give the {wanted} for {archive.name}",
        page=archive.access.page,
        how=_lines(archive.access.how, f"Or: {put}"),
        command=f"segwizard link {dataset} --dest {shlex.quote(str(dest))}",
        upload=upload,
        rehearsal=archive.access.rehearsal,
    )


def login_request(archive: Archive, site: Site, dest: Path, target: Path, ask: str = "") -> Request:
    """Ask for the login, or the token, of a site."""
    token = site.protocol == "bearer"
    put, upload = by_hand(archive, dest, target)
    register = f"No account yet: register at {site.register_url}." if site.register_url else ""
    return Request(
        kind="token" if token else "login",
        ask=ask or f"Give {'a token' if token else 'your login'} for {site.title}",
        page=site.register_url or site.login_url,
        how=_lines(archive.access.how, register, f"Or: {put}"),
        command=f"segwizard credentials set {site.id}",
        upload=upload,
        site=site.id,
        rehearsal=archive.access.rehearsal,
    )


def _lines(*parts: str) -> str:
    return "\n".join(part for part in parts if part)
