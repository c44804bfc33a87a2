"""TOML into strict models, with errors that name the file, the key and the reason."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from wizard.errors import RecipeError
from wizard.recipes.keys import suggest_key

ModelT = TypeVar("ModelT")

_PLACE = re.compile(r"\A(?P<reason>.*?)(?: - at `(?P<path>[^`]*)`)?\Z", re.DOTALL)
_LINE = re.compile(r" \(at line (?P<line>\d+), column (?P<column>\d+)\)")
_MISMATCH = re.compile(r"Expected `(?P<wanted>.+?)`(?:, got `(?P<got>.+?)`)?\Z")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>.+)`")
_MISSING = re.compile(r"Object missing required field `(?P<key>.+)`")
_CHOICE = re.compile(r"Invalid (?:enum )?value '(?P<value>.*)'")

_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}


def read_toml(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file; raises ``RecipeError`` with the line of a mistake."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(
            f"cannot be read: {error.strerror}", where=str(path), hint="check the path"
        ) from error
    except UnicodeDecodeError as error:
        raise RecipeError("is not UTF-8 text", where=str(path)) from error
    except tomllib.TOMLDecodeError as error:
        text = str(error)
        found = _LINE.search(text)
        line = f":{found['line']}" if found else ""
        raise RecipeError(
            f"is not valid TOML: {_LINE.sub('', text)}", where=f"{path}{line}"
        ) from error


def decode(tables: dict[str, Any], model: type[ModelT], source: str) -> ModelT:
    """Turn tables into a model; raises ``RecipeError`` naming ``source``, key and reason."""
    try:
        return msgspec.convert(tables, model, strict=True)
    except msgspec.ValidationError as error:
        raise _explained(str(error), tables, model, source) from error


def _with_name(key: str, tables: dict[str, Any], model: type) -> str:
    """Put the name of the entry at fault where msgspec only says that it is one of a table's."""
    place, sign, rest = key.partition("[...]")
    entries = tables.get(place)
    if not sign or not isinstance(entries, dict):
        return key
    for name, entry in entries.items():
        try:
            msgspec.convert({**tables, place: {name: entry}}, model, strict=True)
        except msgspec.ValidationError:
            return f'{place}."{name}"{rest}'
    return key


def key_error(source: str, key: str, reason: str, hint: str = "") -> RecipeError:
    """Make the error for a key whose value decodes but cannot be meant."""
    return RecipeError(reason, where=f"{source}: {key}" if key else source, hint=hint)


def _explained(text: str, tables: dict[str, Any], model: type, source: str) -> RecipeError:
    found = _PLACE.match(text)
    reason = found["reason"] if found else text
    path = (found["path"] or "$" if found else "$").removeprefix("$").lstrip(".")
    key = _with_name(path, tables, model)
    if unknown := _UNKNOWN.match(reason):
        name = unknown["key"]
        hint = suggest_key(model, tables, path, name)
        return key_error(source, _join(key, name), "is no known key", hint)
    if missing := _MISSING.match(reason):
        return key_error(source, _join(key, missing["key"]), "is missing")
    if choice := _CHOICE.match(reason):
        hint = suggest_key(model, tables, path, choice["value"])
        return key_error(source, key, f"cannot be {choice['value']!r}", hint)
    return key_error(source, key, _in_words(reason))


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _in_words(reason: str) -> str:
    found = _MISMATCH.match(reason)
    if not found:
        return reason[:1].lower() + reason[1:]
    kinds = [each for each in found["wanted"].split(" | ") if each != "null"]
    wanted = " or ".join(_WORDS.get(each, each) for each in kinds)
    got = found["got"]
    return f"should be {wanted}" + (f", not {_WORDS.get(got, got)}" if got else "")
