"""TOML into strict models, with errors that name the file, the key and the reason."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from wizard.errors import RecipeError, reason_of
from wizard.foreign import open_foreign
from wizard.recipes.keys import suggest_key

_PIECE = re.compile(r"(?P<name>[^.\[\]]+)|\[(?P<index>\d+)\]")
_HEADER = re.compile(r"\s*(?P<open>\[\[?)\s*(?P<name>[A-Za-z0-9_.-]+)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""\s*(?P<name>[A-Za-z0-9_-]+|"[^"]*"|'[^']*')\s*=\s*(?P<value>.*)$""")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_NAMES = ("id", "name", "catalogue")
_LONG = re.compile(r'"""|' + "'''")
ModelT = TypeVar("ModelT")
_PLACE = re.compile(r"\A(?P<reason>.*?)(?: - at `(?P<path>[^`]*)`)?\Z", re.DOTALL)
_LINE = re.compile(r" \(at line (?P<line>\d+), column (?P<column>\d+)\)")
_MISMATCH = re.compile(r"Expected `(?P<wanted>.+?)`(?:, got `(?P<got>.+?)`)?\Z")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>.+)`")
_MISSING = re.compile(r"Object missing required field `(?P<key>.+)`")
_CHOICE = re.compile(r"Invalid (?:enum )?value '(?P<value>.*)'")
_LARGEST = 4 << 20
_DEEPEST = 32
_MOST = 2**63 - 1
_SHOWN = 80
_DIGITS = re.compile(r"[0-9_]{1000,}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BAD_TEXT = "holds a control character, which no name or text here may"
_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}


def by_name(key: str, tables: object) -> str:
    """Return a key with entries of lists called by their id or name rather than by number.

    ``datasets[8].archives[0].size`` becomes ``datasets.sunrgbd.archives."sun_rgbd.tgz".size``; an
    entry without a name of its own keeps its number.
    """
    said = ""
    data: Any = tables
    for piece in _PIECE.finditer(key):
        if piece["name"]:
            said += f".{piece['name']}" if said else piece["name"]
            data = data.get(piece["name"]) if isinstance(data, dict) else None
            continue
        index = int(piece["index"])
        entries, data = data, None
        if isinstance(entries, list) and index < len(entries):
            data = entries[index]
        name = _name_of(entries, index)
        said += f".{name}" if name else f"[{index}]"
    return said


def _name_of(entries: object, index: int) -> str:
    """What an entry of a list is called, where no other entry is called the same."""
    if not isinstance(entries, list) or index >= len(entries):
        return ""
    names = [_own_name(each) for each in entries]
    name = names[index]
    if not name or names.count(name) > 1:
        return ""
    return name if _BARE.fullmatch(name) else f'"{name}"'


def _own_name(entry: object) -> str:
    if not isinstance(entry, dict):
        return ""
    found = (entry[key] for key in (*_NAMES, "kind") if isinstance(entry.get(key), str))
    return next(found, "")


def line_of(key: str, text: str) -> int:
    """Return the line a key stands in, from 1; that of the table around it, or 0, else."""
    places = _places(text)
    while key:
        if key in places:
            return places[key]
        key = key[: max(key.rfind("."), key.rfind("["), 0)]
    return 0


def _places(text: str) -> Mapping[str, int]:
    """Lines of all headers, keys and entries of lists, by keys such as ``datasets[1].title``."""
    places: dict[str, int] = {}
    counts: dict[str, int] = {}
    table, array, items, inside = "", "", 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if inside:
            inside = _still_inside(inside, line)
            continue
        if header := _HEADER.match(line):
            table = _entered(header["name"], counts, several=header["open"] == "[[")
            places.setdefault(table, number)
            array = ""
        elif array and line.strip()[:1] in ("{", '"', "'", "["):
            places.setdefault(f"{array}[{items}]", number)
            items += 1
        elif found := _KEY.match(line):
            name = found["name"].strip("\"'")
            here = f"{table}.{name}" if table else name
            places.setdefault(here, number)
            array, items = (here, 0) if found["value"].strip() == "[" else ("", 0)
            inside = _opened(found["value"])
    return places


def _entered(name: str, counts: dict[str, int], *, several: bool) -> str:
    """Return the path of a header, with the number of each list's entry that is open."""
    path = ""
    pieces = name.split(".")
    for depth, piece in enumerate(pieces):
        path = f"{path}.{piece}" if path else piece
        if several and depth == len(pieces) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = f"{path}[{counts[path]}]"
    return path


def _opened(value: str) -> str:
    marks = _LONG.findall(value)
    return marks[0] if len(marks) % 2 else ""


def _still_inside(mark: str, line: str) -> str:
    return "" if line.count(mark) % 2 else mark


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A TOML file as text and as tables, to tell of a mistake where it stands."""

    source: str
    text: str
    tables: dict[str, Any]

    def error(self, key: str, reason: str, hint: str = "") -> RecipeError:
        """Make the error for a key whose value cannot be meant: file, line, key and reason."""
        line = line_of(key, self.text)
        where = f"{self.source}:{line}" if line else self.source
        named = by_name(key, self.tables)
        return RecipeError(reason, where=f"{where}: {named}" if named else where, hint=hint)

    def with_tables(self, tables: dict[str, Any]) -> TomlFile:
        """Return the file with what its tables refer to filled in."""
        return replace(self, tables=tables)


def read_toml(path: Path) -> TomlFile:
    """Return a TOML file; raises ``RecipeError`` with the line of a mistake."""
    return parse_toml(read_text(path), str(path))


def read_text(path: Path) -> str:
    """Return a TOML file as text; raises ``RecipeError`` when it is no text or far too large."""
    try:
        with open_foreign(path) as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            reason = f"is larger than {_LARGEST >> 20} MiB: that is no recipe"
            raise RecipeError(reason, where=str(path))
        return data.decode("utf-8")
    except OSError as error:
        raise RecipeError(
            f"cannot be read: {reason_of(error)}", where=str(path), hint="check the path"
        ) from error
    except UnicodeDecodeError as error:
        raise RecipeError("is not UTF-8 text", where=str(path)) from error


def parse_toml(text: str, source: str) -> TomlFile:
    """Return a TOML text with its tables; raises ``RecipeError`` naming ``source``, line and key.

    Values no recipe can mean are refused here, whoever reads them later: numbers beyond 64 bits,
    control characters, tables inside tables inside tables without end.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        found = _LINE.search(said)
        line = f":{found['line']}" if found else ""
        reason = f"is not valid TOML: {_LINE.sub('', said)}"
        raise RecipeError(reason, where=f"{source}{line}") from error
    except (RecursionError, ValueError) as error:
        deep = isinstance(error, RecursionError)
        number = 0 if deep else _long_number(text)
        reason = "is nested too deeply" if deep else "holds a number that is far too long"
        raise RecipeError(reason, where=f"{source}:{number}" if number else source) from error
    file = TomlFile(source, text, tables)
    for key, reason in _unusable(tables):
        raise file.error(key, reason)
    return file


def _long_number(text: str) -> int:
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if _DIGITS.search(line)), 0)


def _unusable(tables: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield keys whose values nothing here can be meant with, without going down by recursion."""
    left: list[tuple[str, int, Any]] = [("", 0, tables)]
    while left:
        key, depth, value = left.pop()
        if depth > _DEEPEST:
            yield key[:_SHOWN], "is nested too deeply"
            return
        if isinstance(value, dict):
            below = [(f"{key}.{name}" if key else name, each) for name, each in value.items()]
            left += [(name, depth + 1, each) for name, each in below]
            yield from ((key, _BAD_TEXT) for name in value if _CONTROL.search(name))
        elif isinstance(value, list):
            left += [(f"{key}[{index}]", depth + 1, each) for index, each in enumerate(value)]
        elif isinstance(value, str) and _CONTROL.search(value):
            yield key, _BAD_TEXT
        elif isinstance(value, int) and not -_MOST <= value <= _MOST:
            yield key, "is a number beyond all sizes"
        elif isinstance(value, float) and not math.isfinite(value):
            yield key, "is no finite number"


def decode(file: TomlFile, model: type[ModelT]) -> ModelT:
    """Turn tables into a model; raises ``RecipeError`` naming file, line, key and reason."""
    try:
        return msgspec.convert(file.tables, model, strict=True)
    except msgspec.ValidationError as error:
        raise _explained(str(error), file, model) from error


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


def _explained(text: str, file: TomlFile, model: type) -> RecipeError:
    found = _PLACE.match(text)
    reason = found["reason"] if found else text
    path = (found["path"] or "$" if found else "$").removeprefix("$").lstrip(".")
    key = _with_name(path, file.tables, model)
    if unknown := _UNKNOWN.match(reason):
        name = unknown["key"]
        hint = suggest_key(model, file.tables, path, name)
        return file.error(_join(key, name), "is no known key", hint)
    if missing := _MISSING.match(reason):
        return file.error(_join(key, missing["key"]), "is missing")
    if choice := _CHOICE.match(reason):
        hint = suggest_key(model, file.tables, path, choice["value"])
        return file.error(key, f"cannot be {choice['value']!r}", hint)
    return file.error(key, _in_words(reason))


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
