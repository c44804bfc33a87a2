"""Schemas of the JSON of every command, made from the types that write it.

``python -m tests.schemas`` writes them to ``assets/schema``; a test finds what was forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import msgspec

from wizard.app.bringing import Imported
from wizard.app.catalogue import CollectionRow, SiteFile
from wizard.app.outcome import LastPage, VariableLine
from wizard.app.proving import Verification
from wizard.app.recipe_updates import FieldTable
from wizard.app.schemas import SCHEMA_VERSION, schemas_folder
from wizard.app.sources import SourceRow
from wizard.headless.commands.credentials import KeptLogins
from wizard.headless.commands.doctor import Facts
from wizard.headless.commands.library import DatasetFolder, SampleLine
from wizard.headless.commands.manifest import CheckDocument, CompareDocument
from wizard.headless.commands.plans import PlanDocument
from wizard.headless.commands.run import SummaryLine
from wizard.headless.terminal.watch import EventLine, ProgressLine
from wizard.kinds.registry import known_kinds
from wizard.library.manifest.model import Manifest
from wizard.recipes.step_table import StepTable
from wizard.views import Snapshot

DIALECT = "https://json-schema.org/draft/2020-12/schema"

DOCUMENTS: Mapping[str, tuple[Any, ...]] = {
    "run": (EventLine, ProgressLine, LastPage, SummaryLine),
    "attach": (EventLine, ProgressLine),
    "plan": (PlanDocument,),
    "status": (Snapshot,),
    "verify": (Verification,),
    "path": (dict[str, str], DatasetFolder, SampleLine),
    "env": (tuple[VariableLine, ...],),
    "manifest make": (Manifest,),
    "manifest check": (CheckDocument,),
    "compare": (CompareDocument,),
    "recipes": (tuple[CollectionRow, ...],),
    "recipes fields": (tuple[FieldTable, ...],),
    "sources": (tuple[SourceRow, ...],),
    "site show": (SiteFile,),
    "credentials list": (KeptLogins,),
    "import": (tuple[Imported, ...],),
    "doctor": (Facts,),
}
"""Several forms are either one of them, or JSON Lines of them."""


def schema_of(name: str) -> dict[str, Any]:
    """Return the schema of a command's JSON.

    Every field of ours is always written, so every one is required; readers must take fields they
    do not know, as later versions may write more.
    """
    forms = DOCUMENTS[name]
    tables = tuple(each.table for each in known_kinds().by_name.values())
    shapes, parts = msgspec.json.schema_components([*forms, *tables], schema_hook=_others)
    step = parts.get(StepTable.__name__)
    if step is not None:
        parts[StepTable.__name__] = {"anyOf": list(shapes[len(forms) :])}
    mine = shapes[: len(forms)]
    head = {
        "$schema": DIALECT,
        "$id": f"urn:segwizard:{SCHEMA_VERSION}:{name.replace(' ', '-')}",
        "title": f"segwizard {name} --json",
    }
    whole = {**head, **(mine[0] if len(mine) == 1 else {"anyOf": list(mine)})}
    used = _reached(whole, parts)
    return whole | {"$defs": {each: _open(parts[each]) for each in sorted(used)}}


def _others(kind: type) -> dict[str, Any]:
    if issubclass(kind, Path):
        return {"type": "string"}
    raise NotImplementedError(kind)


def _reached(node: Any, parts: Mapping[str, Any]) -> set[str]:
    """Return the names of all parts that a schema leads to."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            name = str(each.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                waiting.append(parts[name])
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return found


def _open(part: dict[str, Any]) -> dict[str, Any]:
    """Return a part as it is written: with every field, and with room for later ones."""
    part = {key: value for key, value in part.items() if key != "additionalProperties"}
    return part | {"required": list(part["properties"])} if part.get("properties") else part


def schema_texts() -> dict[Path, str]:
    """Return the text of every schema by the file it belongs into."""
    return {
        schemas_folder()
        / f"{name.replace(' ', '-')}.json": f"{json.dumps(schema_of(name), indent=1)}\n"
        for name in DOCUMENTS
    }


def holds(name: str, out: str) -> None:
    """Assert that what a command wrote is as its schema says, with no field that it forgets."""
    check = jsonschema.Draft202012Validator(_strict(schema_of(name)))
    decoder, found = json.JSONDecoder(), 0
    while out:
        document, end = decoder.raw_decode(out)
        check.validate(document)
        out, found = out[end:].lstrip(), found + 1
    assert found


def _strict(node: Any) -> Any:
    """A schema that takes no field it does not know."""
    if isinstance(node, list):
        return [_strict(each) for each in node]
    if not isinstance(node, dict):
        return node
    node = {key: _strict(value) for key, value in node.items()}
    known = node.get("type") == "object" and "properties" in node
    return {**node, "additionalProperties": False} if known else node


if __name__ == "__main__":
    schemas_folder().mkdir(parents=True, exist_ok=True)
    for path, text in schema_texts().items():
        path.write_text(text)
