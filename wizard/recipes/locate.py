"""Where in a TOML file a key stands, and what people call the entries of its lists."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PIECE = re.compile(r"(?P<name>[^.\[\]]+)|\[(?P<index>\d+)\]")
_HEADER = re.compile(r"\s*(?P<open>\[\[?)\s*(?P<name>[A-Za-z0-9_.-]+)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""\s*(?P<name>[A-Za-z0-9_-]+|"[^"]*"|'[^']*')\s*=\s*(?P<value>.*)$""")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_NAMES = ("id", "name", "catalogue")
_LONG = re.compile(r'"""|' + "'''")


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
