"""What labels were made from: they are made anew when an archive was replaced, or brought."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from wizard.engine.install import Install
from wizard.engine.kinds.proofs import read_proof, record_path
from wizard.files import write_whole
from wizard.plan.model import PlannedStep


class Unpacked(msgspec.Struct, frozen=True, kw_only=True):
    """The few words of an unpacking record that tell one archive's content from another's."""

    content: str = ""
    """Hash of all members' paths, sizes and checksums; empty in records that lack it."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The archives a label step's files come from: as they are unpacked now, and were used then.

    An archive is told by its content, so the same files packed anew change nothing. Where either
    side is unknown, as in an install made by hand, what is on disk stands.
    """

    stamp: Path
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
        write_whole(self.stamp, msgspec.json.encode(self._used() | dict(self._now())))

    def _used(self) -> dict[str, str]:
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            return msgspec.json.decode(self.stamp.read_bytes(), type=dict[str, str])
        return {}

    def _now(self) -> Iterator[tuple[str, str]]:
        for address, record in self.records:
            with contextlib.suppress(OSError, msgspec.MsgspecError):
                content = msgspec.json.decode(record.read_bytes(), type=Unpacked).content
                if content:
                    yield address, content


@dataclass(frozen=True, slots=True)
class Brought:
    """An archive of ready-made files that may come after they were made without it.

    What was made gives way to what was brought, file by file where that holds.
    """

    stamp: Path
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
            write_whole(self.stamp, here.encode())

    def _used(self) -> str:
        with contextlib.suppress(OSError):
            return self.stamp.read_text()
        return ""

    def _here(self) -> str:
        proof = read_proof(self.record, self.archive)
        return proof.sha256 if proof else ""


def sources_of(planned: PlannedStep, install: Install) -> Sources:
    """Return the sources of a label step: every archive unpacked in the steps it rests on."""
    steps = {step.address: step for step in install.plan.steps}
    above: dict[str, PlannedStep] = {}
    open_needs = list(planned.needs)
    while open_needs:
        step = steps.get(open_needs.pop())
        if step is not None and step.address not in above:
            above[step.address] = step
            open_needs += step.needs
    state = install.place.state
    records = (
        (step.address, record_path(state, step.address))
        for step in above.values()
        if step.kind == "extract"
    )
    return Sources(record_path(state, planned.address), tuple(sorted(records)))
