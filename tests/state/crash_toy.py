"""An install whose every file is known: archives of small files behind a server that counts."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import threading
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HEAD = """
id = "toy"
title = "Toy"
about = "Small files."
root = "toys"
"""

DATASET = """
[[datasets]]
id = "{name}"
title = "{name}"
folder = "{name}"
about = "Open."
terms = {{ title = "Terms", url = "http://127.0.0.1/terms", summary = "Be kind." }}
archives = [
  {{ name = "{name}.zip", urls = ["{base}/{name}.zip"], size = {size}, sha256 = "{hash}" }},
]
steps = [{{ kind = "extract", archive = "{name}.zip", into = "{name}" }}]
"""


@dataclass
class CrashToy:
    """The collection, the files it unpacks to, and what was fetched."""

    recipe: Path
    tree: dict[str, bytes]
    """Every file by its path below the collection's root."""
    fetched: Counter[str] = field(default_factory=Counter)
    said_done_last: set[str] = field(default_factory=set)

    def wrong(self, root: Path) -> list[str]:
        """Name the files below a root that are not as they should be."""
        return [path for path, data in self.tree.items() if not _holds(root / path, data)]

    def said_done(self, dest: Path) -> set[str]:
        """Name the archives that the install says were proven and deleted."""
        try:
            told = json.loads((dest / ".segwizard" / "archives.json").read_bytes())
        except OSError:
            return set()
        return {Path(name).name for name in told["archives"]}


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except OSError:
        return False


@contextlib.contextmanager
def crash_toy(folder: Path, datasets: int, files: int) -> Iterator[CrashToy]:
    """Make the collection and serve it."""
    served, tree, rows = folder / "www", dict[str, bytes](), []
    served.mkdir()
    for number in range(datasets):
        name, data = f"set{number}", io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            for each in range(files):
                inside = f"d{each % 5}/{each}.txt"
                text = f"{name} {each}\n".encode() * (50 + each % 300)
                archive.writestr(inside, text)
                tree[f"{name}/{inside}"] = text
        whole = data.getvalue()
        (served / f"{name}.zip").write_bytes(whole)
        rows.append((name, len(whole), hashlib.sha256(whole).hexdigest()))
    toy = CrashToy(folder / "toy.toml", tree)

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, directory=str(served), **named)

        def do_GET(self) -> None:
            toy.fetched[self.path.strip("/")] += 1
            super().do_GET()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    text = (DATASET.format(name=name, base=base, size=size, hash=sha) for name, size, sha in rows)
    toy.recipe.write_text(HEAD + "".join(text))
    try:
        yield toy
    finally:
        server.shutdown()
        server.server_close()
