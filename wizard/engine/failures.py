"""Errors of steps as groups a person can act on."""

from __future__ import annotations

import re
import time
import traceback
from pathlib import Path

from wizard.engine.logs import LogFile, Masker
from wizard.engine.views import FailureGroup
from wizard.errors import LabelError, WizardError


def failure_of(error: WizardError) -> FailureGroup:
    """Return an error as a group of one, its cause the kind of error in words."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(error).__name__).lower()
    cause = error.cause if isinstance(error, LabelError) else words.removesuffix("-error")
    return FailureGroup(cause=cause, count=1, hint=error.hint, examples=(str(error),))


def system_failure(error: OSError) -> FailureGroup:
    """Return an error of the operating system, such as a permission, as a group of one."""
    place = f"{error.filename}: " if error.filename else ""
    return FailureGroup(
        cause="system",
        count=1,
        hint="mend the cause and run again; what is finished stays",
        examples=(f"{place}{error.strerror or type(error).__name__}",),
    )


def unexpected(error: BaseException, log: Path, masker: Masker) -> FailureGroup:
    """Write where an error we did not foresee arose, without values, and return it as a group."""
    LogFile(log).append(crash_text(error, masker).encode())
    return FailureGroup(
        cause="unexpected",
        count=1,
        hint=f"this is a fault of segwizard; please report it with {log}",
        examples=(masker(f"{type(error).__name__}: {error}"),),
    )


def crash_text(error: BaseException, masker: Masker) -> str:
    """Return a traceback without locals and with secrets masked."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S")
    lines = "".join(traceback.format_exception(error)).splitlines()
    return "\n".join([stamp, *(masker(line) for line in lines)])


def only_fatal(groups: list[FailureGroup]) -> tuple[FailureGroup, ...]:
    """Return the groups that must be mended."""
    return tuple(group for group in groups if group.fatal)
