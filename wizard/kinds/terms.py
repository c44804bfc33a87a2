"""Terms steps: a licence is shown before its first download and its acceptance is recorded."""

from __future__ import annotations

import hashlib
import shlex
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from wizard import environment, figures
from wizard.credentials.secret import Secret
from wizard.errors import UsageError, WaitingError
from wizard.kinds.kind import Kind
from wizard.recipes.model import Terms
from wizard.state.store import Store
from wizard.state.table import TERMS
from wizard.steps.install import Install
from wizard.steps.planned import Accept, PlannedStep, spec_as
from wizard.steps.step import Probe, Resource, StepContext
from wizard.views import Request

_LOCK = threading.Lock()


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """Who accepted which text, and when."""

    title: str
    url: str
    sha256: str
    """Of title, address and summary as they were shown."""
    who: str
    when: str
    """UTC, ISO 8601."""


class _File(msgspec.Struct, frozen=True, kw_only=True):
    accepted: dict[str, Acceptance] = {}


_STORE = Store(TERMS, _File)


def terms_path(state: Path) -> Path:
    """Return the file acceptances are recorded in."""
    return state / TERMS.name


def accepted(state: Path) -> dict[str, Acceptance]:
    """Return every recorded acceptance by dataset; a damaged record is none."""
    file = _STORE.read(terms_path(state))
    return file.accepted if file else {}


def text_hash(terms: Terms) -> str:
    """Return the sha256 of the text a person is shown, so that changed terms are shown again."""
    shown = "\n".join((terms.title, terms.url, terms.summary))
    return hashlib.sha256(shown.encode()).hexdigest()


def record(state: Path, dataset: str, terms: Terms, who: str = "") -> Acceptance:
    """Write down an acceptance; ``who`` is a name, the account on this machine is added."""
    account = f"{environment.user_name()} on {socket.gethostname()}"
    acceptance = Acceptance(
        title=terms.title,
        url=terms.url,
        sha256=text_hash(terms),
        who=f"{who} ({account})" if who else account,
        when=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    with _LOCK:
        file = _File(accepted={**accepted(state), dataset: acceptance})
        _STORE.write(terms_path(state), file)
    return acceptance


@dataclass(frozen=True, slots=True)
class AcceptTerms:
    """Waits until somebody accepted the dataset's terms as they are worded now."""

    address: str
    dataset: str
    title: str
    kind: str
    dependencies: tuple[str, ...]
    terms: Terms
    state: Path
    beforehand: bool
    """Whether every licence was accepted when the run was started (``--yes``)."""
    command: str
    """Command line that accepts every licence of the install."""
    resource: Resource = "instant"

    def probe(self) -> Probe:
        """Look for the record; changed wording has to be accepted anew."""
        entry = accepted(self.state).get(self.dataset)
        if entry and entry.sha256 == text_hash(self.terms):
            return Probe("done", 1, 1, "terms", f"accepted by {entry.who}{_moment(entry)}")
        if self.beforehand:
            return Probe("todo", 0, 1, "terms")
        changed = "; they have changed since they were accepted" if entry else ""
        return Probe("waiting", 0, 1, "terms", request=self._request(changed))

    def run(self, context: StepContext) -> None:
        """Record an acceptance given beforehand; raises ``WaitingError`` otherwise."""
        context.durable = True
        if self.probe().state == "done":
            return
        if not self.beforehand:
            raise WaitingError(
                f"{self.terms.title} has to be accepted first", where=self.dataset, hint=self._how()
            )
        record(self.state, self.dataset, self.terms, "--yes")
        context.counter.advance()

    def answer(self, values: Mapping[str, Secret]) -> str:
        """Record that ``accepted_by`` accepted; raises ``UsageError`` without that value."""
        if "accepted_by" not in values:
            raise UsageError("the terms were not accepted", where=self.dataset, hint=self._how())
        entry = record(self.state, self.dataset, self.terms, values["accepted_by"].reveal())
        return f"{entry.title}: accepted by {entry.who}"

    def _request(self, changed: str) -> Request:
        return Request(
            kind="terms",
            ask=f"Read and accept: {self.terms.title}{changed}",
            page=self.terms.url,
            how=self.terms.summary,
            command=self.command,
        )

    def _how(self) -> str:
        return f"read {self.terms.url}, then accept in the wizard, or for all datasets with --yes"


def _moment(entry: Acceptance) -> str:
    """When it was accepted, in words; nothing where the record does not say it as ours do."""
    try:
        return f", {figures.moment(datetime.fromisoformat(entry.when).timestamp())}"
    except (ValueError, OverflowError):
        return ""


def _build(planned: PlannedStep, install: Install) -> AcceptTerms:
    """Make the terms step of a dataset."""
    spec = spec_as(planned, Accept)
    where = shlex.quote(str(install.place.dest))
    return AcceptTerms(
        address=planned.address,
        dataset=planned.dataset,
        title=planned.title,
        kind=planned.kind,
        dependencies=planned.dependencies,
        terms=spec.terms,
        state=install.place.state,
        beforehand=install.settings.accept_terms,
        command=f"segwizard run {install.recipe.id} --dest {where} --yes",
    )


def _titled(planned: PlannedStep) -> str:
    return f"Accept: {spec_as(planned, Accept).terms.title}"


KINDS = (
    Kind(
        table=Accept,
        word="Terms",
        titled=_titled,
        role="accept",
        written=False,
        build=_build,
    ),
)
