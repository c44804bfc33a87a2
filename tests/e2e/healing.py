"""Random damage to a finished install, several kinds at once; by hand: ``python -m ... ROUNDS``.

Every way a file can come to harm is tried at every level: archive, unpacked member, photograph,
label, list, table, and the records an install keeps of itself.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from tests.e2e.miniature import contents, finish
from wizard.app import opening
from wizard.demo.miniature import build_miniature
from wizard.demo.server import DemoServer
from wizard.kinds.labelling.step import LabelStep
from wizard.kinds.proving.verify import VerifyStep
from wizard.kinds.registry import build_step, load_recipe
from wizard.steps.step import StepContext

_STATE = ".segwizard"
_SWAPPABLE = 64


def _delete(path: Path, dice: random.Random) -> None:
    del dice
    path.unlink()


def _empty(path: Path, dice: random.Random) -> None:
    del dice
    path.write_bytes(b"")


def _truncate(path: Path, dice: random.Random) -> None:
    os.truncate(path, dice.randrange(path.stat().st_size))


def _flip(path: Path, dice: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    path.write_bytes(data)


def _grow(path: Path, dice: random.Random) -> None:
    with path.open("ab") as file:
        file.write(dice.randbytes(9))


def _swap(path: Path, dice: random.Random) -> None:
    near = [each for each in path.parent.iterdir() if each.is_file() and each != path]
    if near:
        swap(path, dice.choice(sorted(near)[:_SWAPPABLE]))


def _swap_twin(path: Path, dice: random.Random) -> None:
    near = twins(path)
    if near:
        swap(path, dice.choice(near))


def twins(path: Path) -> list[Path]:
    """Return the files beside a file that have its size and other bytes."""
    size, data = path.stat().st_size, path.read_bytes()
    files = (each for each in sorted(path.parent.iterdir()) if each.is_file() and each != path)
    return [each for each in files if each.stat().st_size == size and each.read_bytes() != data]


def swap(path: Path, other: Path) -> None:
    """Let two files of a folder take each other's names."""
    between = path.with_name("between")
    path.rename(between)
    other.rename(path)
    between.rename(other)


def _mode(path: Path, dice: random.Random) -> None:
    path.chmod(dice.choice((0o000, 0o400, 0o777)))


def _touch(path: Path, dice: random.Random) -> None:
    moment = path.stat().st_mtime + dice.choice((-90_000, 90_000))
    os.utime(path, (moment, moment))


def _folder(path: Path, dice: random.Random) -> None:
    path.unlink()
    path.mkdir()
    if dice.random() < 0.3:
        (path / "something").write_text("of a person")


def _dangle(path: Path, dice: random.Random) -> None:
    del dice
    path.unlink()
    path.symlink_to("nowhere")


HARMS: tuple[Callable[[Path, random.Random], None], ...] = (
    _delete, _empty, _truncate, _flip, _grow, _swap, _swap_twin, _mode, _touch, _folder,
    _dangle,
)  # fmt: skip


@dataclass
class Lab:
    """A finished install, and rounds of damage to copies of it."""

    site: Path
    whole: Path
    home: Path
    only: tuple[str, ...] = ()
    collection: str = "mseg"
    root: str = "mseg_dataset"
    """Folder of its data."""
    wanted: dict[str, str] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.wanted, self.tables = contents(self.whole, self.root), _tables(self.whole)

    def round(self, seed: int, folder: Path) -> str:
        """Harm a copy, run once, and return what is not as it was; nothing when all is well."""
        dice = random.Random(seed)
        return self.after(folder / f"round-{seed}", lambda dest: [*harmed(dest, dice, self.root)])

    def after(self, dest: Path, harm: Callable[[Path], list[str]]) -> str:
        """Harm a copy of one's own way, which says what it did; otherwise as ``round``."""
        # With its hard links: a file and its second name come to harm together.
        subprocess.run(["cp", "-a", self.whole, dest], check=True)
        done = harm(dest)
        words = (
            "run",
            self.collection,
            "--site",
            self.site,
            "--yes",
            "--dest",
            dest,
            "--json",
            *self.only,
        )
        try:
            said = finish(self.home, *words)
        except AssertionError as error:
            return f"{done}\n{str(error)[-3000:]}"
        faults = [*self._differences(dest), *self._needless(said, done)]
        if not faults:
            shutil.rmtree(dest)
        return f"{done}\n" + "\n".join(faults) if faults else ""

    def _differences(self, dest: Path) -> Iterator[str]:
        for wanted, found in (
            (self.wanted, contents(dest, self.root)),
            (self.tables, _tables(dest)),
        ):
            for name in sorted(wanted.keys() | found.keys()):
                spent = name.endswith((".zip", ".gz", ".tar")) and name not in found
                if spent or ".set-aside-" in name or name.endswith((".rejected", "/something")):
                    continue
                if wanted.get(name) != found.get(name):
                    yield f"{name}: {'other' if name in found else 'missing'}"

    def _needless(self, said: str, done: list[str]) -> Iterator[str]:
        """Yield fetches of a round that harmed nothing but labels of our own making."""
        told = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        texts = [str(each.get("text", "")) for each in told]
        fetched = [text for text in texts if text.startswith("Fetch ") and text.endswith("started")]
        ours = ("_relabeled/", "semantic_", "label19/", "_19cls/")
        if fetched and all(any(mark in each for mark in ours) for each in done):
            yield f"needless: {fetched}"


def relabelled(dest: Path, collection: str = "mseg") -> None:
    """Make all labels anew, as a run that is killed before it checks them."""
    install = opening.open_begun(opening.found(dest, collection))
    steps = [build_step(planned, install) for planned in install.plan.steps]
    for step in steps:
        if isinstance(step, VerifyStep):
            step.proof.unlink()
        elif isinstance(step, LabelStep) and step.kind == "labels":
            for path in chain.from_iterable(step.work.expected()):
                Path(path).unlink()
            step.run(StepContext())


def harmed(dest: Path, dice: random.Random, root: str) -> Iterator[str]:
    """Harm one to five files, chosen so that every level has its turn."""
    levels = _levels(dest, root)
    for _ in range(dice.randint(1, 5)):
        level = dice.choice(sorted(levels))
        path = dice.choice(levels[level])
        harm = dice.choice(HARMS)
        if path.is_file() and path.stat().st_size:
            harm(path, dice)
            yield f"{harm.__name__}:{level}:{path.relative_to(dest)}"


def _levels(dest: Path, root: str) -> dict[str, list[Path]]:
    files = sorted(path for path in dest.rglob("*") if path.is_file() and not path.is_symlink())
    levels: dict[str, list[Path]] = {}
    for path in files:
        levels.setdefault(_level(path.relative_to(dest), root), []).append(path)
    return levels


def _level(path: Path, root: str) -> str:
    if path.parts[0] == _STATE:
        return "record" if path.parts[1] == "steps" else "state"
    if path.parts[0] == "mseg-api":
        return "list" if "list" in path.parts else "table"
    if path.parts[0] != root:
        return "report"
    if path.suffix in (".zip", ".gz", ".tar"):
        return "archive"
    if path.suffix in (".jpg", ".jpeg"):
        return "photograph"
    return "label" if path.suffix == ".png" else "member"


def _tables(dest: Path) -> dict[str, str]:
    return {
        path.relative_to(dest).as_posix(): path.read_bytes().replace(bytes(dest), b"").hex()
        for path in sorted((dest / "mseg-api").rglob("*"))
        if path.is_file()
    }


def main(rounds: int, first: int = 0, only: str = "", collection: str = "mseg") -> int:
    """Run rounds, on a few datasets if named, and return how many failed."""
    chosen = ("--only", only) if only else ()
    failed = 0
    folder = Path(tempfile.mkdtemp(prefix="labels-heal-"))
    root = load_recipe(collection).root
    with DemoServer(build_miniature(folder / "archives", collection=collection)) as server:
        site = folder / "site.toml"
        site.write_text(server.site_toml(gated=False))
        words = ("run", collection, "--site", site, "--yes", "--dest", folder / "dest", *chosen)
        finish(folder / "home", *words)
        lab = Lab(site, folder / "dest", folder / "home", chosen, collection, root)
        for seed in range(first, first + rounds):
            fault = lab.round(seed, folder)
            failed += bool(fault)
            print(f"round {seed}: {fault or 'exact'}", flush=True)  # noqa: T201
    print(f"{rounds} rounds, {failed} failed; {folder}")  # noqa: T201
    return failed


if __name__ == "__main__":
    sys.exit(bool(main(*map(int, sys.argv[1:3]), *sys.argv[3:])))
