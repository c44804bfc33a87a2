"""The wizard's pages line by line: for screen readers, and terminals that cannot draw."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import click

from wizard import figures
from wizard.app.app import App
from wizard.app.bringing import OpenRequest
from wizard.app.opening import Choices, remembered
from wizard.app.planning import OpenTerms, Outlook
from wizard.credentials.secret import Secret
from wizard.engine.remote.protocol import Answer, RunnerClient
from wizard.errors import UsageError, WizardError
from wizard.headless import exits
from wizard.headless.commands.run import Manner, run_through
from wizard.headless.terminal import say
from wizard.headless.terminal.ask import Asker, ask_before
from wizard.recipes.model import Dataset, Mail, Recipe
from wizard.steps.planned import Plan, PlannedDataset
from wizard.views import Snapshot

ThingT = TypeVar("ThingT")
_Given = Mapping[str, Secret]

_WIDTH = 78
_BETWEEN = re.compile(r"[\s,]+")


def walk_pages(app: App, dest: Path | None = None) -> int:
    """Ask page by page what the wizard on screen asks, then run it; returns the exit code.

    ``dest`` is the folder it opens at. Raises ``click.Abort`` when nobody types any more.
    """
    choices = _resumed(app, dest or app.last_dest())
    if choices is not None:
        return _run(app, choices, Signer())
    recipe = _collection(app)
    while True:
        place = _destination(app, dest)
        choices = _resumed(app, place)
        if choices is not None:
            return _run(app, choices, Signer())
        found = _datasets(app, recipe, place)
        given = _requests(app, found.plan)
        signer = Signer(given, *_terms(recipe, app.terms(found.plan)))
        if found.refusal is None:
            break
        _fault(found.refusal)
        dest = None
    _reading(recipe)
    if not _start(recipe):
        say.talk("Nothing was started.")
        return exits.COMPLETE
    return _run(app, app.of_plan(found.plan), signer)


class Signer:
    """Hands in what was given and signed beforehand; the rest is asked for as it comes."""

    def __init__(
        self,
        given: Mapping[str, _Given] = MappingProxyType({}),
        name: str = "",
        signed: frozenset[str] = frozenset(),
    ) -> None:
        self._given = dict(given)
        self._name = name
        self._left = set(signed)
        self._asker = Asker()

    def answer_one(self, link: RunnerClient, snapshot: Snapshot) -> bool:
        """Hand in what is at hand, or ask one question of a run; returns whether there was one.

        Signatures come last: they open the way.
        """
        while self._given:
            address, secrets = self._given.popitem()
            values = {name: secret.reveal() for name, secret in secrets.items()}
            say.talk(f"  {link.send(Answer(address=address, values=values)).text}")
        asked = {step.address for step in snapshot.steps if step.state == "waiting"} & self._left
        for address in sorted(asked):
            values = {"accepted_by": self._name}
            say.talk(f"  {link.send(Answer(address=address, values=values)).text}")
        if asked:
            self._left -= asked
            return True
        return self._asker.ask_one(link, snapshot)


def _run(app: App, choices: Choices, signer: Signer) -> int:
    say.talk()
    return run_through(app, choices, Manner(plain=True), signer.answer_one)[1]


def _resumed(app: App, dest: Path | None) -> Choices | None:
    """Offer to go on with an install that is there; None where there is none or nobody wants to."""
    choices = remembered(dest) if dest is not None and app.find(dest) else None
    if choices is None:
        return None
    _page(f"An install of {choices.collection} is in {choices.dest}.")
    return choices if _yes("Go on with it?") else None


def _collection(app: App) -> Recipe:
    _page("1 of 6: Collection")
    recipes = app.collections()
    for number, recipe in enumerate(recipes, 1):
        say.talk(f"  {number}  {recipe.title} ({recipe.id})")
        _text(_joined(recipe.about), "     ")
    by_name = {recipe.id: recipe for recipe in recipes}
    while True:
        try:
            return _picked(_line("Number or name", recipes[0].id), recipes, by_name)
        except UsageError as error:
            _fault(error)


def _destination(app: App, dest: Path | None) -> Path:
    _page("2 of 6: Destination")
    say.talk("  The folder everything goes to; it is made if it is not there.")
    usual = str(dest or app.last_dest() or Path.home() / "datasets")
    while True:
        place = Path(_line("Folder", usual)).expanduser().absolute()
        try:
            disk = app.disk(place)
            app.find(place)
        except WizardError as error:
            _fault(error)
            continue
        if not disk.problem:
            say.talk(f"  {figures.size(disk.free)} are free there.")
            return place
        say.talk(f"  That folder will not do: {disk.problem}.")


def _datasets(app: App, recipe: Recipe, dest: Path) -> Outlook:
    _page("3 of 6: Datasets")
    say.talk("  All are needed for the complete collection; what you leave out can be added later.")
    offered = tuple(each for each in recipe.datasets if not each.required)
    for number, dataset in enumerate(offered, 1):
        say.talk(f"  {number}  {dataset.title} ({dataset.id})")
        _text(_joined(f"{dataset.about} {_lacks(dataset)}"), "     ")
    by_name = {each.id: each for each in offered}
    while True:
        words = _words(_line("Leave out (numbers or names), or Enter for none"))
        try:
            without = tuple(_picked(word, offered, by_name).id for word in words)
            found = app.outlook(app.choose(recipe.id, dest, without=without))
        except WizardError as error:
            _fault(error)
            continue
        _sum(found.plan)
        return found


def _lacks(dataset: Dataset) -> str:
    return f"Without it: {dataset.leaving_out}" if dataset.leaving_out else ""


def _sum(plan: Plan) -> None:
    say.talk(f"  {figures.count(len(plan.datasets), 'dataset')}")
    say.talk(f"  To fetch:            {figures.size(plan.fetch_bytes)}")
    say.talk(f"  Disk at the fullest: {figures.size(plan.peak_bytes)}")
    say.talk(f"  Disk at the end:     {figures.size(plan.end_bytes)}")


def _requests(app: App, plan: Plan) -> dict[str, _Given]:
    """Show what to ask for today, the longest wait first; return what is at hand already."""
    asked = [(each, each.request) for each in plan.datasets if each.request]
    _page("4 of 6: Licence requests")
    if not asked:
        say.talk("  None: nobody has to be asked.")
        return {}
    say.talk("  Start these today; everything else goes on while you wait. Beside each name is how")
    say.talk("  long its answer takes.")
    asked.sort(key=lambda each: -each[1].wait_days)
    for number, (dataset, request) in enumerate(asked, 1):
        say.talk()
        _text(f"{number}  {dataset.title}: {request.wait}", "  ")
        say.talk(f"      open: {request.page}")
        _text(request.how, "      ")
        for line in _mail_lines(request.mail) if request.mail else ():
            say.talk(f"      {line}")
    say.talk()
    return _at_hand(app.open_requests(plan), [dataset for dataset, _ in asked])


def _at_hand(
    open_requests: Sequence[OpenRequest], asked: list[PlannedDataset]
) -> dict[str, _Given]:
    """Take the logins, links and files that are there already; they stay in memory."""
    given: dict[str, _Given] = {}
    by_name = {dataset.id: dataset for dataset in asked}
    while word := _line("Is one at hand already? Its number or name, or Enter to go on"):
        try:
            dataset = _picked(word, asked, by_name)
        except UsageError as error:
            _fault(error)
            continue
        wanted = [each for each in open_requests if each.dataset == dataset.id]
        if not wanted:
            say.talk(f"  Nothing is left to give for {dataset.title}.")
        for each in wanted:
            if values := ask_before(dataset.id, each.request):
                given[each.address] = {name: Secret(value) for name, value in values.items()}
                say.talk("  Kept in memory, and used at the start.")
    return given


def _mail_lines(mail: Mail) -> Iterator[str]:
    yield f"mail to: {mail.to}"
    yield f"subject: {mail.subject}"
    yield from (f"| {line}" for line in mail.body.strip().splitlines())
    if mail.attach:
        yield f"attach: {mail.attach}"


def _terms(recipe: Recipe, terms: Sequence[OpenTerms]) -> tuple[str, frozenset[str]]:
    """Show all terms in full; return the name that accepts all but those refused, and these."""
    _page("5 of 6: Terms")
    if not terms:
        say.talk("  None are left to accept.")
        return "", frozenset()
    for number, each in enumerate(terms, 1):
        say.talk(f"  {number}  {recipe.dataset(each.dataset).title}: {each.terms.title}")
        _text(_joined(each.terms.summary), "     ")
        use = "Commercial use is allowed." if each.terms.commercial else "Not for commercial use."
        say.talk(f"     {use}")
        say.talk(f"     {each.terms.url}")
    refused = _refused(terms)
    kept = frozenset(each.address for each in terms) - refused
    say.talk(f"  {len(kept)} of {len(terms)} would be accepted; the rest is asked for again.")
    name = _line("Type your name to accept them, or Enter for later") if kept else ""
    return name, kept if name else frozenset()


def _reading(recipe: Recipe) -> None:
    """Name what to read."""
    _page("6 of 6: Reading, then the start")
    for each in recipe.reading:
        say.talk(f"  {each.title}: {_joined(each.why)}")
        say.talk(f"      {each.url}")


def _start(recipe: Recipe) -> bool:
    """Ask for the start; whoever asks first hears what the names of the taxonomies stand for."""
    question = f"Start now?{' t tells of the taxonomies.' if recipe.taxonomies else ''}"
    while (typed := _line(f"{question} y or n", "y").lower()) not in ("y", "yes", "n", "no"):
        for each in recipe.taxonomies if typed == "t" else ():
            _text(f"{each.name}, {each.classes} classes: {_joined(each.about)}", "  ")
        if typed != "t":
            say.talk("  Type y or n.")
    return typed.startswith("y")


def _refused(terms: Sequence[OpenTerms]) -> frozenset[str]:
    by_name = {each.dataset: each for each in terms}
    while True:
        words = _words(_line("Refuse (numbers or names), or Enter for none"))
        try:
            return frozenset(_picked(word, terms, by_name).address for word in words)
        except UsageError as error:
            _fault(error)


def _picked(word: str, things: Sequence[ThingT], by_name: dict[str, ThingT]) -> ThingT:
    """Return what a number, from 1 on, or a name stands for; raises ``UsageError``."""
    if word.isdecimal() and 0 < int(word) <= len(things):
        return things[int(word) - 1]
    if word.lower() in by_name:
        return by_name[word.lower()]
    raise UsageError(f"there is no {word!r} here", hint=f"type 1 to {len(things)}, or a name")


def _words(line: str) -> tuple[str, ...]:
    return tuple(word for word in _BETWEEN.split(line) if word)


def _page(title: str) -> None:
    say.talk()
    say.talk(title)


def _joined(text: str) -> str:
    return " ".join(text.split())


def _text(text: str, indent: str) -> None:
    width = _WIDTH - len(indent)
    for line in text.strip().splitlines():
        for part in textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False):
            say.talk(f"{indent}{part}")


def _fault(error: WizardError) -> None:
    say.fault(str(error), error.hint, indent="  ")


def _yes(question: str) -> bool:
    while (typed := _line(f"{question} y or n", "y").lower()) not in ("y", "yes", "n", "no"):
        say.talk("  Type y or n.")
    return typed.startswith("y")


def _line(question: str, usual: str = "") -> str:
    """Ask on stderr, as stdout may be a file; raises ``click.Abort`` at the end of input."""
    say.raw(f"  {question}{f' [{usual}]' if usual else ''}: ")
    typed = sys.stdin.readline()
    if not typed:
        raise click.Abort
    return typed.strip() or usual
