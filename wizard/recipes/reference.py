"""Every table and key a recipe or a file of the catalogue may hold, read from the models."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from msgspec import inspect as shape

from wizard.recipes.catalogue import CatalogueFile
from wizard.recipes.model import Recipe


@dataclass(frozen=True, slots=True)
class RecipeField:
    """One key of a table."""

    key: str
    kind: str
    """What may stand there, in words."""
    default: str
    """As written in TOML; empty where the key is required."""
    required: bool
    about: str


@dataclass(frozen=True, slots=True)
class FieldTable:
    """One table: a recipe, a dataset, a kind of step, a check."""

    name: str
    tag: str
    """How a table of a union says which it is, such as ``kind = "extract"``; may be empty."""
    about: str
    fields: tuple[RecipeField, ...]


def field_tables(recipe: type[Recipe]) -> tuple[FieldTable, ...]:
    """Return the tables of recipes and of the catalogue, each once, in the order they are met.

    ``recipe`` is the shape of a recipe with the steps it may have.
    """
    found: dict[type, FieldTable] = {}
    for model in (recipe, CatalogueFile):
        _walk(shape.type_info(model), found)
    return tuple(found.values())


def _walk(kind: shape.Type, found: dict[type, FieldTable]) -> None:
    """Collect the tables a type may hold; tables come before those inside them."""
    match kind:
        case shape.StructType():
            if kind.cls not in found:
                found[kind.cls] = _table(kind)
                for each in kind.fields:
                    _walk(each.type, found)
        case shape.UnionType():
            for inner in kind.types:
                _walk(inner, found)
        case shape.VarTupleType() | shape.ListType():
            _walk(kind.item_type, found)
        case shape.DictType():
            _walk(kind.value_type, found)


def _table(kind: shape.StructType) -> FieldTable:
    told = dict(_documented(kind.cls))
    fields = tuple(
        RecipeField(
            each.encode_name,
            words(each.type),
            _default(each),
            each.required,
            told.get(each.name, ""),
        )
        for each in kind.fields
    )
    tag = f'{kind.tag_field} = "{kind.tag}"' if kind.tag_field else ""
    told_of = next((base.__doc__ for base in kind.cls.__mro__ if base.__doc__), "")
    about = " ".join(inspect.cleandoc(told_of).split("\n\n")[0].split())
    return FieldTable(kind.cls.__name__, tag, about, fields)


def _documented(cls: type) -> Iterator[tuple[str, str]]:
    """Yield what the source says below each field, inherited ones first."""
    for base in reversed(cls.__mro__):
        if not issubclass(base, msgspec.Struct) or base is msgspec.Struct:
            continue
        try:
            source = textwrap.dedent(inspect.getsource(base))
        except (OSError, TypeError):
            continue
        yield from _strings(ast.parse(source))


def _strings(tree: ast.Module) -> Iterator[tuple[str, str]]:
    body = next(each.body for each in tree.body if isinstance(each, ast.ClassDef))
    for statement, after in zip(body, body[1:], strict=False):
        if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)):
            continue
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            yield statement.target.id, " ".join(str(after.value.value).split())


def _default(field: shape.Field) -> str:
    value = field.default
    if field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory()
    if value is msgspec.NODEFAULT or value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    return str(value) if isinstance(value, int | float) else ""


def words(kind: shape.Type) -> str:
    """Say what a type is as people who write TOML would."""
    match kind:
        case shape.LiteralType():
            return " or ".join(f'"{value}"' for value in kind.values)
        case shape.UnionType():
            inner = [words(each) for each in kind.types if not isinstance(each, shape.NoneType)]
            tagged = all(isinstance(each, shape.StructType) and each.tag for each in kind.types)
            return "a table by its kind" if tagged else " or ".join(dict.fromkeys(inner))
        case shape.VarTupleType() | shape.ListType():
            return f"list of {words(kind.item_type).removeprefix('a ')}"
        case shape.TupleType():
            return f"list of {len(kind.item_types)}: {', '.join(map(words, kind.item_types))}"
        case shape.DictType():
            return f"table of {words(kind.value_type).removeprefix('a ')} by name"
        case shape.StructType():
            return f"table {kind.cls.__name__}"
    plain = {
        shape.StrType: "text",
        shape.BoolType: "true or false",
        shape.IntType: "whole number",
        shape.FloatType: "number",
    }
    return plain.get(type(kind), "anything")
