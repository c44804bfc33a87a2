"""A toy collection on loopback: one open archive, one behind a mailed link."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.waiting import TIME_LIMIT
from wizard.engine.lease import Owner, current_owner
from wizard.steps.step import Place

RECIPE = """
id = "toy"
title = "Toy"
about = "Two small datasets."
root = "toys"

[[datasets]]
id = "flowers"
title = "Flowers"
folder = "Flowers"
about = "Open to all."
terms = {{ title = "Flower terms", url = "http://127.0.0.1/terms", summary = "Be kind." }}
archives = [{{ name = "flowers.zip", urls = ["{base}/flowers.zip"], size = {flowers} }}]
steps = [{{ kind = "extract", archive = "flowers.zip", into = "Flowers" }}]

[[datasets]]
id = "trees"
title = "Trees"
folder = "Trees"
about = "Behind a link."

[[datasets.archives]]
name = "trees.zip"
size = {trees}
access = {{ kind = "link", page = "http://127.0.0.1/ask", how = "Ask for it." }}

[[datasets.steps]]
kind = "extract"
archive = "trees.zip"
into = "Trees"
"""


class Handler(SimpleHTTPRequestHandler):
    """Serves without talking; the second half of the trees only once their gate is open."""

    def __init__(self, *given: Any, gate: threading.Event, **named: Any) -> None:
        self._gate = gate
        super().__init__(*given, **named)

    def copyfile(self, source: Any, outputfile: Any) -> None:
        data = source.read()
        half = len(data) // 2 if self.path.startswith("/trees") else len(data)
        with contextlib.suppress(OSError):
            outputfile.write(data[:half])
            outputfile.flush()
            if half < len(data) and self._gate.wait(TIME_LIMIT):
                outputfile.write(data[half:])

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Toy:
    """The collection: its recipe, its server, and room for an install."""

    folder: Path
    base: str
    gate: threading.Event = field(default_factory=threading.Event)
    """Closed while the trees are to stay on their way."""

    @property
    def recipe(self) -> Path:
        return self.folder / "toy.toml"

    @property
    def dest(self) -> Path:
        return self.folder / "dest"

    def break_archive(self) -> None:
        """Serve a damaged archive of the right size."""
        path = self.folder / "www" / "flowers.zip"
        path.write_bytes(b"\0" * path.stat().st_size)

    @property
    def link(self) -> str:
        """The mailed link of the trees."""
        return f"{self.base}/trees.zip?sig=topsecretvalue"

    def run(self, *words: object, code: int | None = None) -> subprocess.CompletedProcess[str]:
        """Run segwizard as people do, in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "wizard", *map(str, words)],
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT * 2,
            stdin=subprocess.DEVNULL,
            env=self.environment,
        )
        if code is not None:
            assert done.returncode == code, done.stdout + done.stderr
        return done

    def install(self, *words: object, code: int | None = None) -> subprocess.CompletedProcess[str]:
        """Run ``segwizard run`` on the collection."""
        return self.run("run", self.recipe, "--dest", self.dest, *words, code=code)

    @property
    def environment(self) -> dict[str, str]:
        """An environment in which nothing of the person's own is touched."""
        folders = {name: str(self.folder / name.lower()) for name in _FOLDERS}
        for folder in folders.values():
            Path(folder).mkdir(mode=0o700, exist_ok=True)
        python = str(Path(__file__).parents[2])
        return {**os.environ, **folders, "SEGWIZARD_KEYRING": "off", "PYTHONPATH": python}


_FOLDERS = (
    "HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
)


@contextlib.contextmanager
def toy_collection(folder: Path) -> Iterator[Toy]:
    """Make the collection and serve it."""
    served = folder / "www"
    served.mkdir()
    sizes = {}
    for name in ("flowers", "trees"):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            for number in range(3):
                archive.writestr(f"{name}/{number}.txt", f"{name} {number}\n" * 50)
        (served / f"{name}.zip").write_bytes(data.getvalue())
        sizes[name] = len(data.getvalue())
    gate = threading.Event()
    gate.set()
    handler = functools.partial(Handler, directory=str(served), gate=gate)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    toy = Toy(folder, f"http://127.0.0.1:{server.server_port}", gate)
    toy.recipe.write_text(RECIPE.format(base=toy.base, **sizes))
    try:
        yield toy
    finally:
        gate.set()
        server.shutdown()
        server.server_close()
        thread.join()


def owner(toy: Toy) -> Owner:
    """Whoever holds the toy's destination; there has to be one."""
    found = current_owner(Place(dest=toy.dest, root=toy.dest))
    assert found is not None
    return found


def is_free(toy: Toy) -> bool:
    """Whether nobody holds it."""
    return current_owner(Place(dest=toy.dest, root=toy.dest)) is None
