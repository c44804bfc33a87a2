"""The shape of the house, measured from its source: ``python -m tests.house`` prints the figures.

Modules are read as syntax trees, so that imports inside functions count.
"""

from __future__ import annotations

import ast
import contextlib
import io
import statistics
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from unittest import mock

from tests.looks import counting
from wizard.engine import survey
from wizard.entry import exit_code
from wizard.kinds.registry import known_kinds

TWICE = {
    "KINDS": "each family of steps names its tables so, and the registry collects them",
    "TYPE_CHECKING": "false without importing typing, in modules that start with every process",
    "Cause": "the cause of a step's failures and that of a finding",
    "Report": "what a batch says and the table of the step that writes one",
}
"""Public names that may be defined in several modules, each with its reason.

Commands are named as people type them, so names in ``headless.commands`` count only once.
"""

LATE = {
    "wizard.__main__": "Ctrl+C has a handler before anything is loaded",
    "wizard.entry": "a start that fails says so without what failed to load",
    "wizard.headless.completing": "recipes are read for TAB alone, not for help",
    "wizard.cli": "textual is loaded for the screen alone",
    "wizard.kinds": "numpy, scipy and httpx are loaded by the steps a plan has",
    "wizard.workers.pools": "dask is an extra",
    "wizard.demo": "one miniature is drawn, not all",
    "wizard.tui": "behind the first frame",
}
"""Where imports inside functions are allowed, and why; by the beginning of a module's name."""

A_KIND = 3
"""Modules that name a kind of step: its table's, the one that declares it, its working code's."""

LARGEST_FOLDER = 20
LONGEST_FILE, MEDIAN_FILE = 400, 170
LONGEST_FUNCTION, MEDIAN_FUNCTION = 50, 8
HIDDEN = 60
"""Imports inside functions."""

SMALL = 40
"""Lines below which a module with one caller joins it."""

ALONE: dict[str, str] = {}
"""Small modules that stay by themselves though one other alone imports them, and why."""

PASSING = {
    "wizard.environment:variable": "the one door to the environment",
    "wizard.verify.proof:read_dataset_proof": "the door of its owner to a file of ours",
    "wizard.verify.proof:write_dataset_proof": "the door of its owner to a file of ours",
}
"""Functions that hand on all they are given, and nothing else, each with its reason."""

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "wizard"
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, eq=False)
class Module:
    """One source file: its dotted name, its tree, and how long it is."""

    name: str
    path: Path
    tree: ast.Module
    lines: int


@dataclass(frozen=True)
class Import:
    """One module's import of another, and the function it hides in, if any."""

    importer: str
    imported: str
    inside: str = ""


@dataclass
class House:
    """All modules of the package and what they import of each other."""

    modules: Mapping[str, Module]
    imports: list[Import] = field(default_factory=list)

    def folders(self) -> Mapping[Path, int]:
        """Source files in each folder."""
        count: dict[Path, int] = defaultdict(int)
        for module in self.modules.values():
            count[module.path.parent.relative_to(ROOT)] += module.path.name != "__init__.py"
        return count

    def hidden(self) -> list[Import]:
        """Imports inside functions, of our own modules."""
        return [each for each in self.imports if each.inside]

    def defined(self) -> Mapping[str, list[str]]:
        """Modules by public name defined at their top."""
        found: dict[str, list[str]] = defaultdict(list)
        for module in self.modules.values():
            for name in _public(module.tree):
                found[name].append(module.name)
        return found

    def twice(self) -> Mapping[str, list[str]]:
        """Public names that several modules define, and which; all commands are one place."""
        places = {
            name: {m if ".headless.commands." not in m else "a command" for m in modules}
            for name, modules in self.defined().items()
        }
        return {n: sorted(p) for n, p in places.items() if len(p - {"a command"}) > 1}

    def circles(self) -> list[list[str]]:
        """Groups of modules that import each other in a circle, hidden imports counted."""
        graph: dict[str, set[str]] = defaultdict(set)
        for each in self.imports:
            graph[each.importer].add(each.imported)
        return [sorted(group) for group in _strongly_connected(graph) if len(group) > 1]

    def functions(self) -> Iterator[tuple[str, int]]:
        """Every function by address with its length in lines, docstring included."""
        for module in self.modules.values():
            for node in ast.walk(module.tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{module.name}:{node.name}", (node.end_lineno or 0) - node.lineno + 1

    def lonely(self) -> list[str]:
        """Small modules that one other alone imports: rooms to be joined to their caller."""
        callers: dict[str, set[str]] = defaultdict(set)
        for each in self.imports:
            callers[each.imported].add(each.importer)
        return [
            module.name
            for module in self.modules.values()
            if module.path.name != "__init__.py"
            and module.lines < SMALL
            and len(callers[module.name]) == 1
        ]

    def passing(self) -> list[str]:
        """Functions that only hand their own parameters on, by address; methods may be asked for.

        What decorates a function, or calls what it was given, does more than that.
        """
        return [
            f"{module.name}:{node.name}"
            for module in self.modules.values()
            for node in module.tree.body
            if isinstance(node, ast.FunctionDef) and _hands_on(node)
        ]

    def naming(self, home: str, name: str) -> list[str]:
        """Modules that define a class, or import it from there."""
        return sorted({home, *_importers_of(tuple(self.modules.values())).get((home, name), ())})


@lru_cache
def read_modules() -> Mapping[str, Module]:
    """Every module of the package by its dotted name."""
    modules = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        text = path.read_text(encoding="utf-8")
        name = name.removesuffix(".__init__")
        modules[name] = Module(name, path, ast.parse(text), text.count("\n"))
    return modules


@lru_cache
def measure() -> House:
    """Measure the whole package."""
    modules = read_modules()
    return House(
        modules, [each for module in modules.values() for each in _imports(module, modules)]
    )


def _imports(module: Module, modules: Mapping[str, Module]) -> Iterator[Import]:
    def walk(node: ast.AST, inside: str) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            here = inside
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                here = child.name
            if isinstance(child, ast.ImportFrom) and child.module:
                for alias in child.names:
                    full = f"{child.module}.{alias.name}"
                    target = full if full in modules else child.module
                    if target in modules and target != module.name:
                        yield Import(module.name, target, here)
            elif isinstance(child, ast.Import):
                for alias in child.names:
                    if alias.name in modules:
                        yield Import(module.name, alias.name, here)
            yield from walk(child, here)

    yield from walk(module.tree, "")


def _hands_on(function: ast.FunctionDef) -> bool:
    given = function.args
    body = function.body[1:] if ast.get_docstring(function) else function.body
    call = body[0].value if len(body) == 1 and isinstance(body[0], ast.Return | ast.Expr) else None
    names = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    if not isinstance(call, ast.Call) or not names or given.vararg or given.kwarg:
        return False
    of = call.func
    while isinstance(of, ast.Attribute):
        of = of.value
    handed = [*call.args, *(each.value for each in call.keywords)]
    own = isinstance(of, ast.Name) and of.id not in names and not function.decorator_list
    return own and [getattr(each, "id", "") for each in handed] == names


def _public(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        names: list[str] = []
        if isinstance(node, Definition):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            names = [each.id for each in node.targets if isinstance(each, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        yield from (name for name in names if not name.startswith("_"))


@lru_cache
def _importers_of(modules: tuple[Module, ...]) -> Mapping[tuple[str, str], set[str]]:
    """Modules by what they import: a module's name, and a name it defines."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    found[node.module, alias.name].add(module.name)
    return found


def _strongly_connected(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Kosaraju's two passes, without recursion."""
    order: list[str] = []
    seen: set[str] = set()
    for start in list(graph):
        stack = [(start, iter(graph.get(start, ())))] if start not in seen else []
        seen.add(start)
        while stack:
            node, following = stack[-1]
            nearest = next((each for each in following if each not in seen), None)
            if nearest is None:
                order.append(stack.pop()[0])
            else:
                seen.add(nearest)
                stack.append((nearest, iter(graph.get(nearest, ()))))
    backwards: dict[str, set[str]] = defaultdict(set)
    for node, following_nodes in graph.items():
        for each in following_nodes:
            backwards[each].add(node)
    groups, placed = [], set()
    for start in reversed(order):
        group, waiting = [], [start]
        while waiting:
            node = waiting.pop()
            if node not in placed:
                placed.add(node)
                group.append(node)
                waiting += backwards[node]
        groups.append(group)
    return groups


@dataclass(frozen=True)
class Bar:
    """A figure of the house, and the most it may be; no limit for what only informs."""

    name: str
    figure: float
    limit: float | None = None

    def __str__(self) -> str:
        kept = "" if self.limit is None else f"  (at most {self.limit:g})"
        return f"{self.name:24}{self.figure:>10,.0f}{kept}"


def bars(house: House) -> Iterator[Bar]:
    """Measure everything that has a bar."""
    lengths = [module.lines for module in house.modules.values() if module.lines > 1]
    functions = [length for _, length in house.functions()]
    spread = kinds_named(house)
    yield Bar("modules", len(house.modules))
    yield Bar("lines", sum(lengths))
    yield Bar("longest file", max(lengths), LONGEST_FILE)
    yield Bar("median file", statistics.median(lengths), MEDIAN_FILE)
    yield Bar("longest function", max(functions), LONGEST_FUNCTION)
    yield Bar("median function", statistics.median(functions), MEDIAN_FUNCTION)
    yield Bar("largest folder", max(house.folders().values()), LARGEST_FOLDER)
    yield Bar("names defined twice", len(house.twice()), len(TWICE))
    yield Bar("small, with one caller", len(house.lonely()), len(ALONE))
    yield Bar("only handing on", len(house.passing()), len(PASSING))
    yield Bar("imports in functions", len(house.hidden()), HIDDEN)
    yield Bar("import circles", len(house.circles()), 0)
    yield Bar("modules a kind, median", statistics.median(map(len, spread.values())), A_KIND)
    yield Bar("modules a kind, most", max(map(len, spread.values())), A_KIND)
    yield Bar("looks a step, a command", looks_at_a_step(), 1)


def kinds_named(house: House) -> Mapping[str, list[str]]:
    """Modules that name each kind of step, by the class of its table."""
    tables = {kind.name: kind.table for kind in known_kinds().by_name.values()}
    return {name: house.naming(table.__module__, table.__name__) for name, table in tables.items()}


def looks_at_a_step() -> int:
    """How often ``plan`` and ``status`` of the main collection look at one step, at most."""
    most, looks = 0, Counter[str]()
    counted = mock.patch.object(survey, "build_step", counting(looks))
    with tempfile.TemporaryDirectory() as dest, counted:
        (Path(dest) / "mseg_dataset" / "Camvid").mkdir(parents=True)
        for words in ("plan mseg --only camvid", "status mseg"):
            with contextlib.redirect_stdout(io.StringIO()):
                exit_code([*words.split(), "--dest", dest])
            most = max(most, *looks.values())
            looks.clear()
    return most


def main() -> int:
    """Print the figures; returns 1 where one is above its limit."""
    above = 0
    for bar in bars(measure()):
        above += bar.limit is not None and bar.figure > bar.limit
        print(bar)
    return bool(above)


if __name__ == "__main__":
    sys.exit(main())
