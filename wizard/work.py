"""Batches of independent items: the shape every conversion, remap and check shares.

A ``Work`` lists its items and processes one of them; who runs them, on threads, processes or a
cluster, is not its business. Works and items cross process borders, so they are picklable and
load their tables lazily, once per process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from wizard.findings import Finding


@dataclass(frozen=True, slots=True)
class Item:
    """One unit of work and the files it must leave behind under their final names."""

    key: str
    outputs: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What processing one item had to say; no findings means all is well."""

    findings: tuple[Finding, ...] = ()
    proofs: bytes = b""
    """Of what thereby need not be read again, one after another; only their owner reads them."""


ItemT = TypeVar("ItemT", bound=Item)


class Work(Protocol[ItemT]):
    """A batch of items of one kind; see the module docstring."""

    @property
    def unit(self) -> str:
        """What its items are called, in the plural."""
        ...

    def items(self) -> Sequence[ItemT]:
        """List every item, done or not; raises ``WizardError`` when inputs are missing."""
        ...

    def process(self, item: ItemT) -> Report:
        """Do one item, writing its outputs atomically; raises ``WizardError`` on failure."""
        ...
