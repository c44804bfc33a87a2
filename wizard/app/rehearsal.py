"""The rehearsal: a miniature collection, a little internet on this machine, and its visitor.

Nobody's settings, credentials or list of known archives are used: the demo has its own of each.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wizard import environment
from wizard.app.app import App
from wizard.app.opening import Settings, reach, refuse_file, usable_workers
from wizard.credentials.backends import Keyring, SecretFile
from wizard.credentials.chain import BackendChain
from wizard.credentials.given import GivenSecrets
from wizard.credentials.vault import Index
from wizard.demo.miniature import COLLECTIONS, Miniature, build_miniature
from wizard.demo.server import DemoServer
from wizard.engine.remote.protocol import Answer, Reply, RunnerClient
from wizard.errors import DestinationError, UsageError, reason_of
from wizard.files import kept_scratch_folder, write_whole
from wizard.recipes.model import Recipe
from wizard.transfer.inbox import inbox_folder
from wizard.views import Request, Snapshot, StepView

__all__ = ["COLLECTIONS", "AnsweredRequest", "Rehearsal", "Visitor", "rehearsal_folder"]

_FOLDER = "demo-archives"
"""Folder below the destination that plays the world's servers."""


@contextlib.contextmanager
def rehearsal_folder(dest: Path | None, *, keep: bool) -> Iterator[Path]:
    """Yield where the demo is set up: a folder of its own, or a temporary one that goes again."""
    if dest is not None:
        dest = dest.expanduser().absolute()
        reach(dest)
        refuse_file(dest)
        if dest.is_dir() and any(dest.iterdir()) and not (dest / _FOLDER).is_dir():
            raise UsageError(
                "this folder holds other things",
                where=str(dest),
                hint="name a new folder, or leave --dest out for a temporary one",
            )
        yield dest
        return
    temporary = kept_scratch_folder("segwizard-demo-")
    try:
        yield temporary
    finally:
        if not keep:
            shutil.rmtree(temporary, ignore_errors=True)


class Rehearsal:
    """A miniature collection drawn below a destination and served while the block lasts."""

    def __init__(self, collection: str, dest: Path) -> None:
        if collection not in COLLECTIONS:
            raise UsageError(
                f"there is no miniature of {collection}",
                hint=f"there are miniatures of {', '.join(COLLECTIONS)}",
            )
        self.collection = collection
        self.dest = dest
        try:
            self.miniature: Miniature = build_miniature(dest / _FOLDER, collection=collection)
        except OSError as error:
            raise DestinationError(
                f"the miniature cannot be drawn here: {reason_of(error)}",
                where=str(error.filename or dest),
                hint="free some space, mend its permissions, or name another folder with --dest",
            ) from error

    @property
    def size(self) -> int:
        """Bytes of all archives."""
        return sum(archive.size for archive in self.miniature.archives)

    @contextlib.contextmanager
    def served(self) -> Iterator[DemoServer]:
        """Serve the archives on this machine, behind logins and links like the real ones."""
        # A proxy of the person's own would not find a server on this machine.
        with environment.past_proxies("127.0.0.1"), DemoServer(self.miniature) as server:
            write_whole(self.site, server.site_toml().encode())
            yield server

    @property
    def app(self) -> App:
        """An app that knows nothing but the demo."""
        return App(
            site=self.site,
            settings=Settings(workers=usable_workers()),
            vault=self._vault,
            cache=self.dest / _FOLDER / "shelf.json",
            offered=(self.collection,),
        )

    @property
    def site(self) -> Path:
        """The site file that points the collection's recipe at this machine."""
        return self.dest / _FOLDER / "site.toml"

    def _vault(self, recipe: Recipe) -> BackendChain:
        folder = self.dest / _FOLDER / "vault"
        return BackendChain(
            given=GivenSecrets((), {}),
            keyring=Keyring({}, 1.0),
            file=SecretFile(folder / "secrets.json"),
            index=Index(folder / "index.json"),
            use_keyring=False,
        )


@dataclass(frozen=True, slots=True)
class AnsweredRequest:
    """What the visitor did, and what the run said to it."""

    kind: str
    dataset: str
    file: str = ""
    """Name of the file that was brought, if one was."""
    reply: Reply = Reply(ok=True)


class Visitor:
    """Plays the person: answers what steps ask, once each."""

    def __init__(self, server: DemoServer, dest: Path) -> None:
        self._server = server
        self._dest = dest
        self._answered: set[tuple[str, str]] = set()

    def visit(self, link: RunnerClient, snapshot: Snapshot) -> tuple[AnsweredRequest, ...]:
        """Answer one new question; returns what was done, nothing when none was asked."""
        for step in snapshot.steps:
            if step.state != "waiting" or step.request is None or step.request.soon:
                continue
            key = (step.address, step.request.kind)
            if key not in self._answered:
                self._answered.add(key)
                return tuple(self._answer(link, step, step.request))
        return ()

    def hints(self) -> Iterator[tuple[str, str]]:
        """Yield whom to answer and what, for a person who rehearses by hand."""
        for where, given in self._server.answers.items():
            yield where, ", ".join(f"{name} {value.reveal()}" for name, value in given.items())

    def _answer(
        self, link: RunnerClient, step: StepView, request: Request
    ) -> Iterator[AnsweredRequest]:
        if request.kind == "browser":
            name = step.address.partition("fetch:")[2]
            for path in self._server.download_by_hand(inbox_folder(self._dest), name):
                answer = Answer(address=step.address, values={"path": str(path)})
                yield AnsweredRequest("browser", step.dataset, path.name, link.send(answer))
            return
        answer = Answer(address=step.address, values=self._values(step, request))
        yield AnsweredRequest(request.kind, step.dataset, reply=link.send(answer))

    def _values(self, step: StepView, request: Request) -> dict[str, str]:
        if request.kind == "terms":
            return {"accepted_by": "the demo's visitor"}
        given = self._server.answers[request.site or step.dataset]
        return {name: secret.reveal() for name, secret in given.items()}
