"""What every kind of step has in common."""

from __future__ import annotations

from msgspec import Struct


class StepTable(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """What every step has: an id, a title and the steps it waits for."""

    id: str = ""
    """Unique within the dataset; the loader fills in the kind where a recipe says nothing."""
    title: str = ""
    needs: tuple[str, ...] = ()
    """More step addresses to wait for, beyond the step before it: ``step`` or ``dataset/step``."""
    way: str = ""
    """Id of the way to the dataset's files it is part of; one that takes files from an archive is
    part of the archive's."""
