"""What labels were made from: they are made anew when an archive was replaced, or brought."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from wizard.kinds.fetching.proofs import read_proof, record_path
from wizard.state.store import Store
from wizard.state.table import BROUGHT, UNPACKED, USED
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep


class Unpacked(msgspec.Struct, frozen=True, kw_only=True):
    """The few words of an unpacking record that tell one archive's content from another's."""

    content: str = ""
    """Hash of all members' paths, sizes and checksums; empty in records that lack it."""


class _Used(msgspec.Struct, frozen=True, kw_only=True):
    archives: dict[str, str] = {}
    """Content of the archives that labels were made from, by the step that unpacked them."""


class _Brought(msgspec.Struct, frozen=True, kw_only=True):
    sha256: str = ""
    """Of the archive that files were taken from."""


_UNPACKED = Store(UNPACKED, Unpacked)
_USED = Store(USED, _Used)
_BROUGHT = Store(BROUGHT, _Brought)


@dataclass(frozen=True, slots=True)
class Sources:
    """The archives a label step's files come from: as they are unpacked now, and were used then.

    An archive is told by its content, so the same files packed anew change nothing. Where either
    side is unknown, as in an install made by hand, what is on disk stands.
    """

    taken: Path
    """Where the step keeps what it used."""
    records: tuple[tuple[str, Path], ...]
    """Addresses of the unpacking steps before it, and their records."""
    why: str = "what these labels were made from was replaced"

    def replaced(self) -> bool:
        """Tell whether labels on disk were made from files that are not there any more."""
        used = self._used()
        return bool(used) and any(
            used.get(address, content) != content for address, content in self._now()
        )

    def keep(self) -> None:
        """Write down what labels are made from, from now on."""
        _USED.write(self.taken, _Used(archives=self._used() | dict(self._now())))

    def _used(self) -> dict[str, str]:
        used = _USED.read(self.taken)
        return used.archives if used else {}

    def _now(self) -> Iterator[tuple[str, str]]:
        for address, record in self.records:
            unpacked = _UNPACKED.read(record)
            if unpacked and unpacked.content:
                yield address, unpacked.content


@dataclass(frozen=True, slots=True)
class Brought:
    """An archive of ready-made files that may come after they were made without it.

    What was made gives way to what was brought, file by file where that holds.
    """

    taken: Path
    """Where the step keeps which archive it took files from."""
    record: Path
    """Record of the step that fetches the archive."""
    archive: Path
    why: str = "ready-made files were brought since"

    def replaced(self) -> bool:
        """Tell whether an archive is there that files were not taken from yet."""
        return self._here() not in ("", self._used())

    def keep(self) -> None:
        """Write down which archive files are taken from, from now on."""
        if here := self._here():
            _BROUGHT.write(self.taken, _Brought(sha256=here))

    def _used(self) -> str:
        used = _BROUGHT.read(self.taken)
        return used.sha256 if used else ""

    def _here(self) -> str:
        proof = read_proof(self.record, self.archive)
        return proof.sha256 if proof else ""


def sources_of(planned: PlannedStep, install: Install) -> Sources:
    """Return the sources of a label step: every archive unpacked in the steps it rests on."""
    state = install.place.state
    records = (
        (step.address, record_path(state, step.address))
        for step in steps_above(planned, install)
        if step.spec.unpacks
    )
    return Sources(record_path(state, planned.address), tuple(sorted(records)))


def steps_above(planned: PlannedStep, install: Install) -> tuple[PlannedStep, ...]:
    """Return every step that one rests on, directly or not, in the plan's order."""
    steps = {step.address: step for step in install.plan.steps}
    above: set[str] = set()
    waiting = list(planned.dependencies)
    while waiting:
        address = waiting.pop()
        if address in steps and address not in above:
            above.add(address)
            waiting += steps[address].dependencies
    return tuple(step for step in install.plan.steps if step.address in above)
