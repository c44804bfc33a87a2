"""A million files and 14 million members: ``python -m tests.benchmarks.scale [SHARE]``.

MSeg in its real counts, or a share of them, with names of the same form and images of a few pixels,
is installed whole from a server on this machine, looked at in every way, harmed at each level and
set right, and installed a second time with two kills in the middle. Then a tar of tars as
ImageNet-22K's is unpacked, looked at and unpacked again. Printed are CPU seconds and peak memory of
each command, with all that it starts, beside floors measured in the same run: reading every folder
and asking for every file's size, and ``tar`` twice for a tar of tars. ``start`` is what a command
costs that looks at no file; ratios are without it. Left out of the recipe are the example pixels
that are published for images of true size.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks.extraction import make_tars
from tests.benchmarks.hundredth import PixelStudio, build_share
from tests.benchmarks.metering import Cost, cost_of, head, show
from tests.benchmarks.scenes import (
    SECOND,
    Ours,
    delete_and_run,
    kill_and_resume,
    read_tree,
    told_apart,
)
from wizard.demo.server import DemoServer

ROOT = Path(__file__).parents[2]
ALL = 14_197_122
"""Members of ImageNet-22K."""

_EXAMPLES = re.compile(r"^examples = \[.*?^\]\n", re.MULTILINE | re.DOTALL)
_WALK = """
import os, sys
count, below = 0, [sys.argv[1]]
while below:
    with os.scandir(below.pop()) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                below.append(entry.path)
            elif entry.is_file():
                entry.stat().st_size
                count += 1
print(count)
"""
_TAR = 'd="$INTO/${TAR_FILENAME%.tar}"; mkdir -p "$d"; exec tar -x -C "$d"'
_INNER = """
import sys
from pathlib import Path
from wizard.archives.extract import extract
from wizard.archives.extraction import missing_members
from wizard.archives.specs import Nested
from wizard.kinds.unpacking.record import read_unpacking, write_unpacking
from wizard.progress import CancelToken, Counter
what, archive, into, record = sys.argv[1], *map(Path, sys.argv[2:])
if what == "look":
    found = read_unpacking(record, "bench")
    print(len(found) - sum(1 for _ in missing_members(into, found.folders())))
else:
    inner = Nested(member="*.tar", into="{stem}")
    done = extract(archive, into, nested=(inner,), counter=Counter(), token=CancelToken())
    write_unpacking(record, done.members, layout="bench", fingerprint="", content="")
    print(len(done.members))
"""


def ours_for(folder: Path, server: DemoServer) -> Ours:
    """Write recipe and site file, and return what installs from that server."""
    recipe, site = folder / "mseg.toml", folder / "site.toml"
    recipe.write_text(_EXAMPLES.sub("", (ROOT / "assets/recipes/mseg.toml").read_text()))
    site.write_text(server.site_toml(gated=False))
    return Ours((str(recipe), "--site", str(site)), folder / "dest", folder / "home")


def install(folder: Path, share: float, *, scenes: bool) -> None:
    """Install a share of MSeg, look at it in every way, harm it and set it right."""
    miniature = build_share(folder / "archives", share, PixelStudio)
    with DemoServer(miniature) as server:
        ours = ours_for(folder, server)
        first = cost_of(ours.run("--keep-archives"), ours.home)
        walk = cost_of([sys.executable, "-c", _WALK, str(ours.dest)], ours.home)
        head(f"MSeg, {share:g} of its images, {int(walk.said):,} files")
        show("complete install", first)
        start = cost_of([sys.executable, "-m", "wizard", "plan", ours.asked[0]], ours.home)
        show("start (plan without a folder)", start)
        show("floor: every folder, every size", walk)
        look(ours, walk.cpu, start.cpu)
        if scenes:
            harm(ours, walk.cpu, start.cpu)


def look(ours: Ours, floor: float, start: float) -> None:
    """Look at an install in every way there is."""
    for name, words in (
        ("status", ours.command("status")),
        ("status again", ours.command("status")),
        ("plan", ours.command("plan", *ours.asked)),
        ("run with nothing to do", ours.run("--keep-archives")),
    ):
        show(name, cost_of(words, ours.home), floor, start)


def harm(ours: Ours, floor: float, start: float) -> None:
    """Delete at each level, then kill a second install twice; both are to be as the first was."""
    whole = read_tree(ours.dest)
    delete_and_run(ours, floor, start)
    print(told_apart(whole, read_tree(ours.dest)), flush=True)
    shutil.rmtree(ours.dest)
    second = {path: seen for path, seen in whole.items() if path.startswith(SECOND)}
    files = Counter(path.rpartition("/")[0] for path in second)
    show("COCO, resumed", kill_and_resume(ours, files))
    print(told_apart(second, read_tree(ours.dest, SECOND)), flush=True)


def unpack(folder: Path, members: int) -> None:
    """Unpack a tar of tars, look at it, and unpack it again as after a power cut."""
    folder.mkdir(exist_ok=True)
    archive, into = folder / "whole.tar", folder / "out"
    make_tars(archive, members)
    home = folder / "home"
    ours = [str(archive), str(into), str(folder / "record.json")]
    inner = [sys.executable, "-c", _INNER]
    head(f"ImageNet-22K, {members:,} of {ALL:,} members")
    beside = folder / "tar"
    beside.mkdir()
    # What tar hands a member to stands where this process does, not where tar was told to go. Ours
    # says that it is done when all is on stable storage, so that belongs to both.
    run = 'tar -x -f "$0" --to-command "$1" && sync -f "$INTO"'
    twice = ["env", f"INTO={beside}", "sh", "-c", run, str(archive), _TAR]
    tar = show("tar, tar for each inside, and sync", cost_of(twice, home))
    # It stays: ext4 passes over inodes that were freed a moment ago, one by one.
    rows: list[tuple[str, str, Callable[[], float]]] = [
        ("unpack and write down", "unpack", lambda: tar.cpu),
        ("look", "look", lambda: cost_of([sys.executable, "-c", _WALK, str(into)], home).cpu),
        ("unpack again, all being there", "unpack", lambda: tar.cpu),
    ]
    done: list[Cost] = []
    for name, what, floor in rows:
        done.append(show(name, cost_of([*inner, what, *ours], home), floor()))
    times = ALL / members
    print(f"for {ALL:,}: unpack {times * done[0].cpu / 60:.0f} min of CPU, look", end=" ")
    print(
        f"{times * done[1].cpu:.0f} s, record {times * Path(ours[2]).stat().st_size / 1e6:.0f} MB"
    )


@contextlib.contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    folder = given or Path(tempfile.mkdtemp(prefix="scale-"))
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    if given is None:
        shutil.rmtree(folder)


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("share", type=float, nargs="?", default=0.02, help="of MSeg; 1 is all")
    parser.add_argument("--looks", action="store_true", help="only look: nothing is harmed")
    parser.add_argument("--members", type=int, default=100_000, help="of ImageNet-22K; 0 for none")
    parser.add_argument("--folder", type=Path, help="keeps what was drawn for the next time")
    options = parser.parse_args()
    with _folder(options.folder) as folder:
        if options.share:
            for name in ("dest", "home"):
                shutil.rmtree(folder / name, ignore_errors=True)
            install(folder, options.share, scenes=not options.looks)
        if options.members:
            shutil.rmtree(folder / "tars", ignore_errors=True)
            unpack(folder / "tars", options.members)
            shutil.rmtree(folder / "tars")


if __name__ == "__main__":
    main()
