"""JSON Schemas of what ``--json`` writes, as they come with the program.

They are made from the types that write it; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from wizard.errors import UsageError
from wizard.files import read_ours
from wizard.recipes.keys import suggestion
from wizard.recipes.places import shipped

SCHEMA_VERSION = 1
"""Raised when a field is renamed, taken away or means something else; not for one more."""
_LARGEST = 1 << 20


def published_schema(name: str) -> str:
    """Return the text of a command's schema as it comes with the program.

    Raises ``UsageError`` for a command that writes none.
    """
    files = published_schemas()
    if name not in files:
        raise UsageError(
            f"{name} writes no JSON",
            hint=suggestion(name, tuple(files)) or "segwizard schema lists the commands that do",
        )
    return read_ours(files[name], _LARGEST).decode()


def published_schemas() -> Mapping[str, Path]:
    """Return where the schemas lie, by the words of their command."""
    folder = schemas_folder()
    return {path.stem.replace("-", " "): path for path in sorted(folder.glob("*.json"))}


def schemas_folder() -> Path:
    """Return the folder of the schemas that come with the program."""
    return shipped().parent / "schema" / str(SCHEMA_VERSION)
