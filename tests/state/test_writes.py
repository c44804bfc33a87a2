"""Nothing but ``wizard.files``, and the calls under it, opens or makes a file."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.house import PACKAGE, read_modules

DOOR = {"files.py", "openat.py"}

METHODS = {
    "write_bytes",
    "write_text",
    "touch",
    "mkdir",
    "makedirs",
    "symlink_to",
    "hardlink_to",
    "mkfifo",
    "mknod",
    "copyfile",
    "copy2",
    "copytree",
    "copyfileobj",
    "mkdtemp",
    "mkstemp",
    "NamedTemporaryFile",
    "TemporaryFile",
    "TemporaryDirectory",
    "extractall",
    "savez",
    "savez_compressed",
    "savetxt",
    "tofile",
    "imsave",
    "FileHandler",
}
OF_MODULES = {("os", "link"), ("os", "symlink"), ("shutil", "copy"), ("shutil", "move")}
MODULES = {"os", "io", "tarfile", "zipfile", "gzip", "Image", "igzip_threaded", "webbrowser"}
WRITING = {"O_WRONLY", "O_RDWR", "O_CREAT", "O_APPEND", "O_TRUNC", "O_EXCL"}

EXCEPTIONS = {
    ("labels/drawing/boundary_weights.py", "savez_compressed"): "into a file that the door opened",
    ("archives/unpacking.py", "makedirs"): "in the staging folder, which only this user may enter",
    ("demo/formats.py", "open"): "an archive in memory",
    ("demo/fptrans.py", "savez"): "into memory",
    ("demo/fptrans.py", "savez_compressed"): "into memory",
    ("environment.py", "mkdir"): "below the door; a folder of mode 0700 that is looked at again",
}
"""Each with its reason; a line that no longer needs its place here fails the test too."""


def _opens(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        call = node.func
        if "devnull" in ast.dump(node):
            continue  # nothing can be planted there
        name = call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "")
        module = call.value.id if _is_of_name(call) else ""
        # A path's own ``open`` begins with the mode, every other with what is opened.
        rest = (
            node.args
            if isinstance(call, ast.Attribute) and module not in MODULES
            else node.args[1:]
        )
        writes = name == "open" and (_mode(node, rest) & set("wax+") or _flags(node) & WRITING)
        if name in METHODS or (module, name) in OF_MODULES or writes:
            yield node.lineno, name


def _is_of_name(call: ast.expr) -> bool:
    return isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name)


def _mode(node: ast.Call, rest: list[ast.expr]) -> set[str]:
    """Letters of what may be the mode: short texts among the arguments."""
    given = [*rest, *(word.value for word in node.keywords if word.arg in (None, "mode"))]
    texts = [each.value for each in given if isinstance(each, ast.Constant)]
    return {letter for text in texts if isinstance(text, str) and len(text) < 5 for letter in text}


def _flags(node: ast.Call) -> set[str]:
    named = (each for argument in node.args for each in ast.walk(argument))
    return {each.attr for each in named if isinstance(each, ast.Attribute)}


def test_nothing_else_opens_for_writing() -> None:
    found = set()
    for module in read_modules().values():
        inside = module.path.relative_to(PACKAGE).as_posix()
        if inside in DOOR:
            continue
        for line, name in _opens(module.tree):
            if (inside, name) not in EXCEPTIONS:
                pytest.fail(f"wizard/{inside}:{line}: {name}: use wizard.files")
            found.add((inside, name))
    assert found == EXCEPTIONS.keys()


@pytest.mark.parametrize(
    "line",
    [
        "open('x', 'w')",
        "path.open('ab')",
        "path.open(mode='r+')",
        "os.open(p, os.O_RDWR)",
        "os.open(p, os.O_RDONLY | os.O_CREAT)",
        "path.write_text('')",
        "shutil.move(a, b)",
        "Path(x).mkdir()",
        "tempfile.mkdtemp()",
        "os.symlink(a, b)",
    ],
)
def test_the_rule_sees(line: str) -> None:
    assert list(_opens(ast.parse(line)))


@pytest.mark.parametrize("line", ["open('x')", "path.open('rb')", "os.open(p, os.O_RDONLY)"])
def test_the_rule_lets_reading_be(line: str) -> None:
    assert not list(_opens(ast.parse(line)))
