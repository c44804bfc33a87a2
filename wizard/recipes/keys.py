"""Which keys and values a model allows at a path, to suggest the one that was meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any

from msgspec import inspect

_PIECE = re.compile(r"(?P<name>[^.\[\]]+)|\[(?P<index>\d+|\.\.\.)\]")


def suggestion(name: str, known: Iterable[str]) -> str:
    """Say which known name was probably meant, or list them all when none is near."""
    names = sorted(set(known))
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return f"known: {', '.join(names)}" if names else ""


def suggest_key(model: type, tables: object, path: str, name: str) -> str:
    """Suggest a key, or a value where the path ends in one, for what stands at ``path``."""
    kind: inspect.Type | None = inspect.type_info(model)
    data = tables
    for piece in _PIECE.finditer(path):
        kind = _inside(kind, data, piece)
        data = _value(data, piece)
    return suggestion(name, _known(kind, data))


def _value(data: Any, piece: re.Match[str]) -> Any:
    if piece["name"]:
        return data.get(piece["name"]) if isinstance(data, dict) else None
    index = piece["index"]
    return data[int(index)] if index.isdigit() and isinstance(data, list) else None


def _inside(kind: inspect.Type | None, data: Any, piece: re.Match[str]) -> inspect.Type | None:
    """Step into a field, an item, or the tag of a union of tables."""
    if isinstance(kind, inspect.VarTupleType | inspect.ListType):
        return kind.item_type
    if isinstance(kind, inspect.DictType):
        return kind.value_type
    for table in _tables(kind, data):
        if piece["name"] == table.tag_field:
            return kind
        for field in table.fields:
            if field.encode_name == piece["name"]:
                return field.type
    return None


def _tables(kind: inspect.Type | None, data: Any) -> list[inspect.StructType]:
    """The tables a value may be: one, or those of a union that carry its tag."""
    if isinstance(kind, inspect.StructType):
        return [kind]
    if not isinstance(kind, inspect.UnionType):
        return []
    tables = [each for each in kind.types if isinstance(each, inspect.StructType)]
    tagged = [
        each for each in tables if isinstance(data, dict) and data.get(each.tag_field) == each.tag
    ]
    return tagged or tables


def _known(kind: inspect.Type | None, data: Any) -> list[str]:
    if isinstance(kind, inspect.LiteralType):
        return [str(value) for value in kind.values]
    tables = _tables(kind, data)
    if isinstance(data, str):
        return [str(table.tag) for table in tables]
    return [field.encode_name for table in tables for field in table.fields]
