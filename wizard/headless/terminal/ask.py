"""Asking a person in a terminal, one question a line; secrets are typed unseen."""

from __future__ import annotations

import contextlib
import getpass
import sys
import threading
from collections.abc import Callable, Iterator

import click

from wizard.engine.remote.protocol import Answer, Retry, RunnerClient
from wizard.errors import UsageError, WizardError
from wizard.harmless import harmless_line
from wizard.headless.terminal import say
from wizard.headless.terminal.signals import REQUESTS, Withdrawn
from wizard.views import Request, RequestKind, Snapshot, StepView

_TICK = 0.5
_Values = dict[str, str]


class Asker:
    """Puts each new need of a run to a person once; leaving it empty means later."""

    def __init__(self) -> None:
        self._asked: set[tuple[str, str, str]] = set()

    def ask_one(self, link: RunnerClient, snapshot: Snapshot) -> bool:
        """Ask the first question not asked yet; returns whether there was one."""
        for step in snapshot.steps:
            if step.state != "waiting" or step.request is None or step.request.soon:
                continue
            if self._is_new(step, step.request):
                self._ask(link, step, step.request)
                return True
        return False

    def _is_new(self, step: StepView, request: Request) -> bool:
        # One login serves every archive of its site.
        key = (request.site or step.address, request.kind, request.ask)
        fresh = key not in self._asked
        self._asked.add(key)
        return fresh

    def _ask(self, link: RunnerClient, step: StepView, request: Request) -> None:
        _tell(step.dataset, request)
        try:
            with _withdrawn_with(link, step.address, request):
                values = _QUESTIONS[request.kind]()
        except Withdrawn:
            _forget_what_was_typed()
            say.talk()
            say.talk("  Never mind: that is no longer asked.")
            return
        if not values:
            say.talk("  Later, then; the rest goes on.")
            return
        command = Retry(address=step.address) if "retry" in values else None
        reply = link.send(command or Answer(address=step.address, values=values))
        say.talk(f"  {reply.text}")
        if reply.hint:
            say.talk(f"  {reply.hint}")


def ask_before(dataset: str, request: Request) -> dict[str, str]:
    """Ask for something before anything runs; returns what was typed, nothing for later."""
    _tell(dataset, request)
    return _QUESTIONS[request.kind]()


def _tell(dataset: str, request: Request) -> None:
    say.talk()
    say.talk(f"{dataset}: {request.ask}")
    for label, text in (("page", request.page), ("upload", request.upload)):
        if text:
            say.talk(f"  {label}: {text}")
    for line in request.how.splitlines():
        say.talk(f"  {line}")
    for name, value in request.rehearsal.items():
        say.talk(f"  in this rehearsal, {name}: {value}")


@contextlib.contextmanager
def _withdrawn_with(link: RunnerClient, address: str, request: Request) -> Iterator[None]:
    """Withdraw the question within the block once another terminal answered it or ended the run.

    Or where a signal to stop was noted and did not wake the reader.

    The line belongs to the thread that looks meanwhile: the block may not use it.
    """
    over = threading.Event()

    def look() -> None:
        while not over.wait(_TICK):
            if REQUESTS.count or not _is_asked(link, address, request):
                REQUESTS.withdraw()

    looking = threading.Thread(target=look, name="segwizard-question", daemon=True)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()


def _is_asked(link: RunnerClient, address: str, request: Request) -> bool:
    try:
        snapshot = link.snapshot()
    except WizardError:
        return False
    step = next((each for each in snapshot.steps if each.address == address), None)
    asked = step is not None and step.request is not None and step.request.kind == request.kind
    return snapshot.running and asked


def _forget_what_was_typed() -> None:
    """Keep a half-typed answer from becoming the next one's beginning."""
    with contextlib.suppress(ImportError, OSError):
        import termios

        with contextlib.suppress(termios.error):
            termios.tcflush(sys.stdin, termios.TCIFLUSH)


def _terms() -> _Values:
    typed = _line("Type your name to accept, or press Enter for later")
    return {"accepted_by": typed} if typed else {}


def _login() -> _Values:
    user = _line("User name, or Enter for later")
    password = _hidden("Password") if user else ""
    return {"user": user, "password": password} if password else {}


def _token() -> _Values:
    token = _hidden("Token (not shown), or Enter for later")
    return {"token": token} if token else {}


def _link() -> _Values:
    link = _hidden("Paste the link (not shown), or Enter for later")
    return {"link": link} if link else {}


def _base_url() -> _Values:
    address = _hidden("Paste the base address (not shown), or Enter for later")
    return {"base-url": address} if address else {}


def _browser() -> _Values:
    path = _line("Path of the file, or Enter to go on; it is also found in the inbox by itself")
    return {"path": path} if path else {}


def _again() -> _Values:
    return {"retry": "yes"} if _line("Try again now? [y/N]").lower() in ("y", "yes") else {}


_QUESTIONS: dict[RequestKind, Callable[[], _Values]] = {
    "terms": _terms,
    "login": _login,
    "token": _token,
    "link": _link,
    "base-url": _base_url,
    "browser": _browser,
    "space": _again,
    "choice": _again,
}


def _line(question: str) -> str:
    """Ask on stderr, as stdout may be a file; the end of input counts as an empty line."""
    say.raw(f"  {question}: ")
    with REQUESTS.reading():
        return sys.stdin.readline().strip()


def _hidden(question: str) -> str:
    with REQUESTS.reading(), contextlib.suppress(EOFError):
        return getpass.getpass(f"  {question}: ").strip()
    return ""


def typed_yes(question: str, file: str) -> str:
    """Return what a person types to have secrets kept in a file; raises ``UsageError`` unasked."""
    if not sys.stdin.isatty():
        raise UsageError(
            "a file of secrets needs a yes typed at a terminal",
            where=file,
            hint="run it at a terminal, or give the secret through the environment",
        )
    return str(click.prompt(harmless_line(question), err=True, default="", show_default=False))
