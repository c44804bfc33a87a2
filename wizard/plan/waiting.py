"""What an install waits for people for, longest waits first: requests to send on the first day."""

from __future__ import annotations

from dataclasses import dataclass

from wizard.recipes.model import Archive, Recipe
from wizard.steps.planned import Plan


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing only a person can get."""

    dataset: str
    title: str
    access: str
    archives: tuple[str, ...]
    what: str
    """What is waited for, from whom."""
    wait: str
    """How long the answer takes, in words."""
    wait_days: float
    page: str
    mail: str
    """Address a draft mail goes to, if one has to be sent."""


def waiting(recipe: Recipe, plan: Plan) -> tuple[Waiting, ...]:
    """Return what every gated archive that is not here yet waits for, longest wait first."""
    gated: dict[tuple[str, str, str], list[Archive]] = {}
    for step in plan.steps:
        if step.archive and not step.optional and step.address not in plan.present:
            archive = step.archive
            if archive.access.kind != "open":
                key = (step.dataset, archive.access.kind, archive.access.site)
                gated.setdefault(key, []).append(archive)
    found = [_waiting(recipe, dataset, archives) for (dataset, *_), archives in gated.items()]
    return tuple(sorted(found, key=lambda each: -each.wait_days))


def _waiting(recipe: Recipe, name: str, archives: list[Archive]) -> Waiting:
    dataset, access = recipe.dataset(name), archives[0].access
    request = dataset.request
    return Waiting(
        dataset=dataset.id,
        title=dataset.title,
        access=access.kind,
        archives=tuple(each.name for each in archives),
        what=_what(recipe, archives[0]),
        wait=request.wait if request else "",
        wait_days=request.wait_days if request else 0.0,
        page=request.page if request else access.page,
        mail=request.mail.to if request and request.mail else "",
    )


def _what(recipe: Recipe, archive: Archive) -> str:
    site = next((each.title for each in recipe.sites if each.id == archive.access.site), "")
    return {
        "login": f"an account at {site}, then your name and password",
        "token": f"access granted by {site}, then your token",
        "link": "a link by mail or from the site, to give to segwizard",
        "base-url": "an address by mail, to give to segwizard",
        "browser": "a download in a browser, to put in its place",
        "open": "",
    }[archive.access.kind]
