"""Every error a user can meet, each with what is wrong, where, and what to do next.

WizardError                    exit code
 ├─ UsageError                 2   a wrong command, answer or option
 ├─ RecipeError                2   a mistake in a recipe or site file (file, key, reason)
 ├─ DestinationError           4   the destination cannot take the install
 ├─ EnvironmentFault           4   a variable or limit of the environment is in the way
 ├─ LeaseError                 5   another runner holds the destination
 ├─ WaitingError               3   a person is needed: a link, a login, a file, a licence
 ├─ TransferError              1   a file could not be fetched
 ├─ ArchiveError               1   an archive is damaged or hostile
 ├─ LabelError                 1   a label, table or record breaks its rule
 │   └─ Reopened               1   what did not hold was taken away and is made anew
 ├─ CredentialError            1   a secret could not be stored, read or cleared
 └─ Cancelled                  130 stopped on request, nothing lost
"""

from __future__ import annotations


class WizardError(Exception):
    """A sentence for the user, the place it concerns, and a hint on what to do next."""

    exit_code = 1

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.message}"

    def __reduce__(self) -> tuple[object, ...]:
        """Keep ``where`` and ``hint`` when the error crosses a process border."""
        return _rebuild, (type(self), self.message, self.where, self.hint, self.__dict__)


def _rebuild(
    kind: type[WizardError], message: str, where: str, hint: str, state: dict[str, object]
) -> WizardError:
    error = kind.__new__(kind)
    WizardError.__init__(error, message, where=where, hint=hint)
    error.__dict__.update(state)
    return error


class UsageError(WizardError):
    """A command, answer or option that cannot be carried out as given."""

    exit_code = 2


class RecipeError(WizardError):
    """A mistake in a recipe or site file, named by file, key and reason."""

    exit_code = 2


class DestinationError(WizardError):
    """The destination is missing, read-only, a file, or too small."""

    exit_code = 4


class EnvironmentFault(WizardError):
    """A variable or limit of the environment cannot be worked with; ``where`` names it."""

    exit_code = 4


class LeaseError(WizardError):
    """Another runner holds the destination; the message says who, where and since when."""

    exit_code = 5


class WaitingError(WizardError):
    """Nothing is broken, but a person has to act before the work can go on."""

    exit_code = 3


class TransferError(WizardError):
    """A file could not be fetched or is not the file that was asked for."""


class ArchiveError(WizardError):
    """An archive is truncated, damaged, hostile or not an archive at all."""


class LabelError(WizardError):
    """A label image, taxonomy table or relabel record breaks its rule.

    ``cause`` is the slug that failures of one kind are grouped under.
    """

    def __init__(
        self, message: str, *, cause: str = "label", where: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.cause = cause


class Reopened(LabelError):
    """Files that did not hold were taken away; the steps that make them have to run again."""


class CredentialError(WizardError):
    """A secret could not be stored, read, tested or cleared."""


class Cancelled(WizardError):
    """The work stopped on request; what was finished stays."""

    exit_code = 130

    def __init__(
        self, message: str = "stopped on request", *, where: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, where=where, hint=hint)


def reason_of(error: OSError) -> str:
    """Return what the system says of an error, or else its own words: never nothing."""
    return error.strerror or str(error) or type(error).__name__
