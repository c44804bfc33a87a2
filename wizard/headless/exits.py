"""The exit codes of every command: what they mean, and which of them it may end with."""

from __future__ import annotations

from collections.abc import Mapping

COMPLETE = 0
FAILED = 1
USAGE = 2
WAITING = 3
DESTINATION = 4
HELD = 5
FAULT = 70
INTERRUPTED = 130

_MEANS: Mapping[int, str] = {
    COMPLETE: "done",
    FAILED: "something failed; what and why is said, with what to do",
    USAGE: "a mistake in the command, a recipe or a site file",
    WAITING: "nothing failed, but a person is needed: a licence, a link, a login, a file",
    DESTINATION: "the destination cannot take it (full, read-only, out of reach, not a folder), "
    "or the environment is in the way; the message names it",
    HELD: "another runner holds the destination, or cannot be reached",
    FAULT: "a fault of segwizard itself; the message names the report",
    INTERRUPTED: "interrupted; what was finished stays, run the command again to go on",
}
_ALWAYS = frozenset({COMPLETE, USAGE, DESTINATION, FAULT, INTERRUPTED})
"""What any command may end with."""
_PRINTS = _ALWAYS | {FAILED}
"""Of commands whose data can fail to be written."""

CODES: Mapping[str, frozenset[int]] = {
    "": _ALWAYS | {FAILED, WAITING, HELD},
    "run": _PRINTS | {WAITING, HELD},
    "demo": _PRINTS | {WAITING, HELD},
    "status": _PRINTS | {WAITING},
    "verify": _PRINTS | {HELD},
    "make": _PRINTS | {HELD},
    "attach": _PRINTS | {WAITING, HELD},
    "pause": _ALWAYS | {HELD},
    "resume": _ALWAYS | {HELD},
    "retry": _ALWAYS | {HELD},
    "stop": _ALWAYS | {HELD},
    "import": _PRINTS | {HELD},
    "recipes update": _PRINTS | {WAITING},
    "recipes remove": _ALWAYS,
    "credentials test": _PRINTS | {WAITING},
}
"""The codes of each command, by its words; of those not named here, ``_PRINTS``."""

_OWN: Mapping[tuple[str, int], str] = {
    ("run", COMPLETE): 'everything that was chosen is done (a partial install says "partial")',
    ("run", WAITING): "nothing failed, but a person is needed: a licence, a link, a login, a file, "
    "a shard that is not at work",
    (
        "run",
        HELD,
    ): "another runner holds the destination, or this shard of it, or cannot be reached",
    ("verify", HELD): "another runner holds the destination, or this shard of it",
    ("status", COMPLETE): "everything that was chosen is done and checked",
    ("status", FAILED): "a step failed",
    ("status", WAITING): "nothing failed, but it is not finished: a person is needed, or a run",
    ("verify", COMPLETE): "every check holds",
    ("verify", FAILED): "there are faults to mend, or a dataset could not be checked",
    ("attach", COMPLETE): "everything that was chosen is done, or you left and the run goes on",
    ("import", FAILED): "a file that was named is no archive of the install",
    ("sources", FAILED): "an open archive that no address gives any more",
    ("recipes update", WAITING): "there are differences, which are taken with --yes alone",
    ("segfix", FAILED): "a label could not be refined",
    ("credentials test", FAILED): "the site refused the login, or could not be reached",
    ("credentials test", WAITING): "there is no login yet",
    ("credentials clear", FAILED): "something could not be cleared, or stays as it was",
    ("", INTERRUPTED): "interrupted; on screen 129 when its terminal was closed, 143 when it was "
    "terminated",
}
"""What a code means of one command, where that is more than in general."""


def codes_of(command: str) -> frozenset[int]:
    """Return the codes a command may end with; ``command`` is its words, as ``site make``."""
    return CODES.get(command, _PRINTS)


def epilog(command: str) -> str:
    """Return the lines of ``--help`` on the exit codes of a command."""
    lines = ["\b", "Exit codes:"]
    for code in sorted(codes_of(command)):
        words = _folded(_OWN.get((command, code), _MEANS[code]))
        lines += [f"  {code:<5}{words[0]}", *(f"       {each}" for each in words[1:])]
    return "\n".join(lines)


def _folded(text: str) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > 86:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
