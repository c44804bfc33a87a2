"""Every command is run into every code its own help lists, by a cause a person may meet.

What any command may end with (0, 2, 4, 70, 130) is reached for all of them in ``test_exit_codes``;
here each has a row for every code it lists beyond that. ``tests.harness commands`` looks for codes
that are not listed.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click
import pytest

from tests.harness.commands import every_command
from tests.headless.toy import Toy, toy_collection
from wizard.app import machine
from wizard.app.opening import Choices
from wizard.app.rehearsal import Rehearsal, Visitor
from wizard.engine.journal import write_install
from wizard.engine.lease import acquire
from wizard.entry import exit_code
from wizard.headless.exits import codes_of
from wizard.steps.step import Place

pytestmark = pytest.mark.slow

GENERAL = {0, 2, 4, 70, 130}
FULL = Path("/dev/full")
MINIATURE = "fptrans"
"""The smallest of the demo's collections that has labels to make."""
LABELS = "coco-20i/labels-train"

Words = tuple[str, ...]
EVERY: Mapping[Words, click.Command] = dict(every_command())


class Scene:
    """A place to run commands in, with what their codes may need."""

    def __init__(self, toy: Toy, patch: pytest.MonkeyPatch, finished: Path) -> None:
        self.toy = toy
        self.patch = patch
        self._finished = finished

    @property
    def dest(self) -> str:
        """Where the toy collection goes."""
        return str(self.toy.dest)

    @property
    def empty(self) -> str:
        """An empty folder."""
        folder = self.toy.folder / "empty"
        folder.mkdir(exist_ok=True)
        return str(folder)

    def run(self, *more: str) -> int:
        """Run the toy collection: its trees wait for a link."""
        return exit_code(["run", str(self.toy.recipe), "--dest", self.dest, "--yes", *more])

    def finished(self) -> Path:
        """A copy of a whole install."""
        return Path(shutil.copytree(self._finished, self.toy.folder / "whole", symlinks=True))

    def unheard(self, *line: str) -> int:
        """Run a line whose output goes to a full disk."""
        if not FULL.exists():
            pytest.skip("no /dev/full on this system")
        full = FULL.open("w")
        self.patch.setattr(sys, "stdout", full)
        try:
            return exit_code(list(line))
        finally:
            self.patch.undo()
            with contextlib.suppress(OSError):
                full.close()

    @contextlib.contextmanager
    def held(self, dest: Path) -> Iterator[None]:
        """Work elsewhere on a destination meanwhile."""
        lease = acquire(Place(dest=dest, root=dest))
        try:
            yield
        finally:
            lease.release()

    def attached(self) -> int:
        """Follow a run in the background until it is stopped."""
        self.toy.install("--yes", "--detach", code=0)
        line = [sys.executable, "-m", "wizard", "attach", "--plain", "--dest", self.dest]
        with subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=self.toy.environment,
        ) as follower:
            assert follower.stderr is not None
            for said in follower.stderr:
                if "waiting" in said.lower() or "failed" in said.lower():
                    break
            self.toy.run("stop", "--dest", self.dest, code=0)
            follower.stderr.read()
            return follower.wait()


def split_list(dest: Path) -> Path:
    """A file of an install, not that of the demo's servers."""
    return next(path for path in dest.rglob("val.txt") if "demo-archives" not in path.parts)


Case = Callable[[Scene], int]
CASES: dict[tuple[str, int], Case] = {}


def case(words: str, code: int) -> Callable[[Case], Case]:
    def keep(each: Case) -> Case:
        assert (words, code) not in CASES
        CASES[words, code] = each
        return each

    return keep


def unheard(words: str, *more: str) -> None:
    """A command that lists something, of which the output cannot be written."""
    CASES[words, 1] = lambda scene: scene.unheard(
        *words.split(), *(word.format(scene=scene) for word in more)
    )


unheard("plan", "mseg")
unheard("recipes")
unheard("recipes fields")
unheard("recipes update", "{scene.toy.recipe}")
unheard("sources")
unheard("site make", "{scene.empty}", "--url", "http://127.0.0.1")
unheard("site show")
unheard("credentials list", "--json")
unheard("schema")
unheard("completion", "bash")
unheard("man")
unheard("doctor")


@case("run", 1)
def _(scene: Scene) -> int:
    scene.toy.break_archive()
    return scene.run()


@case("run", 3)
def _(scene: Scene) -> int:
    return scene.run()


@case("run", 5)
def _(scene: Scene) -> int:
    with scene.held(scene.toy.dest):
        return scene.run()


class _Damaged(Rehearsal):
    """A demo one of whose archives is damaged on its server."""

    def __init__(self, collection: str, dest: Path) -> None:
        super().__init__(collection, dest)
        archive = self.miniature.archive("val.txt")
        archive.path.write_bytes(b"\0" * archive.size)


@case("demo", 1)
def _(scene: Scene) -> int:
    scene.patch.setattr("wizard.headless.commands.demo.Rehearsal", _Damaged)
    return exit_code(["demo", MINIATURE, "--yes"])


@case("demo", 3)
def _(scene: Scene) -> int:
    scene.patch.setattr(Visitor, "visit", lambda *_: ())
    return exit_code(["demo", MINIATURE, "--yes"])


@case("demo", 5)
def _(scene: Scene) -> int:
    dest = scene.toy.folder / "demo"
    (dest / "demo-archives").mkdir(parents=True)
    with scene.held(dest):
        return exit_code(["demo", MINIATURE, "--yes", "--dest", str(dest)])


@case("sbatch", 1)
def _(scene: Scene) -> int:
    return scene.unheard("sbatch", "mseg", "--dest", scene.dest, "--shards", "2")


@case("status", 1)
def _(scene: Scene) -> int:
    scene.toy.break_archive()
    scene.run()
    return exit_code(["status", "--dest", scene.dest])


@case("status", 3)
def _(scene: Scene) -> int:
    scene.run()
    return exit_code(["status", "--dest", scene.dest])


@case("verify", 1)
def _(scene: Scene) -> int:
    dest = scene.finished()
    split_list(dest).unlink()
    return exit_code(["verify", "--dest", str(dest)])


@case("verify", 5)
def _(scene: Scene) -> int:
    dest = scene.finished()
    with scene.held(dest):
        return exit_code(["verify", "--dest", str(dest)])


@case("make", 1)
def _(scene: Scene) -> int:
    dest = scene.finished()
    for path in dest.rglob("instances_train2014.json"):
        path.write_text("[]")
    for path in dest.rglob("*.png"):
        path.unlink()
    return exit_code(["make", LABELS, "--dest", str(dest)])


@case("make", 5)
def _(scene: Scene) -> int:
    dest = scene.finished()
    with scene.held(dest):
        return exit_code(["make", LABELS, "--dest", str(dest)])


@case("segfix", 1)
def _(scene: Scene) -> int:
    return exit_code(["segfix", scene.empty, "--offsets", scene.empty])


@case("attach", 1)
def _(scene: Scene) -> int:
    scene.toy.break_archive()
    return scene.attached()


@case("attach", 3)
def _(scene: Scene) -> int:
    return scene.attached()


def _refused(words: str) -> None:
    def act(scene: Scene) -> int:
        scene.run("--only", "flowers")
        archive = str(scene.toy.folder / "www" / "trees.zip")
        more = [archive] if words == "import" else []
        with scene.held(scene.toy.dest):
            return exit_code([words, *more, "--dest", scene.dest])

    CASES[words, 5] = act


for each in ("attach", "pause", "resume", "retry", "stop", "import"):
    _refused(each)


@case("log", 1)
def _(scene: Scene) -> int:
    scene.run("--only", "flowers")
    return scene.unheard("log", "--dest", scene.dest)


@case("path", 1)
def _(scene: Scene) -> int:
    scene.run("--only", "flowers")
    return scene.unheard("path", "--dest", scene.dest)


@case("env", 1)
def _(scene: Scene) -> int:
    scene.run("--only", "flowers")
    return scene.unheard("env", "--dest", scene.dest)


@case("show", 1)
def _(scene: Scene) -> int:
    machine.keep_copied("what was copied")
    return scene.unheard("show", "copied")


@case("manifest make", 1)
def _(scene: Scene) -> int:
    return scene.unheard("manifest", "make", "--dest", str(scene.finished()))


@case("manifest check", 1)
def _(scene: Scene) -> int:
    dest = scene.finished()
    exit_code(["manifest", "make", "--dest", str(dest)])
    listed = (dest / "manifest" / "coco-20i.sha256").read_text().splitlines()
    (dest / listed[0].partition("  ")[2]).unlink()
    return exit_code(["manifest", "check", "--dest", str(dest)])


@case("compare", 1)
def _(scene: Scene) -> int:
    dest = scene.finished()
    exit_code(["manifest", "make", "--dest", str(dest)])
    other = shutil.copytree(dest, scene.toy.folder / "other", symlinks=True)
    split_list(other).write_text("other")
    (other / "segwizard-manifest.json").unlink()
    shutil.rmtree(other / "manifest")
    exit_code(["manifest", "make", "--dest", str(other)])
    return exit_code(["compare", str(dest), str(other)])


@case("recipes update", 3)
def _(scene: Scene) -> int:
    return exit_code(["recipes", "update", str(scene.toy.recipe)])


@case("credentials", 1)
def _(scene: Scene) -> int:
    scene.patch.setenv("SEGWIZARD_CITYSCAPES_USER", "ada")
    return scene.unheard("credentials")


@case("credentials set", 1)
def _(scene: Scene) -> int:
    scene.patch.setenv("SEGWIZARD_KEYRING", "off")
    given = ["--user", "ada", "--password-command", "echo secret"]
    return exit_code(["credentials", "set", "cityscapes", *given])


@case("credentials test", 1)
def _(scene: Scene) -> int:
    for name in ("USER", "PASSWORD"):
        scene.patch.setenv(f"SEGWIZARD_CITYSCAPES_{name}", "ada")
    # Nobody listens there, so the site cannot be reached and nothing leaves this machine.
    for name in ("HTTPS_PROXY", "https_proxy"):
        scene.patch.setenv(name, "http://127.0.0.1:9")
    return exit_code(["credentials", "test", "cityscapes"])


@case("credentials test", 3)
def _(scene: Scene) -> int:
    return exit_code(["credentials", "test", "cityscapes"])


@case("credentials clear", 1)
def _(scene: Scene) -> int:
    left = Path(scene.empty) / "mseg_dataset" / "Cityscapes"
    left.mkdir(parents=True)
    (left / "cookies.txt").write_text("# Netscape HTTP Cookie File\nh\tT\t/\tx")
    return exit_code(["credentials", "clear", "--all", "--leftovers", scene.empty])


@case("link", 1)
def _(scene: Scene) -> int:
    scene.run()
    scene.patch.setenv("SEGWIZARD_KEYRING", "off")
    return exit_code(["link", "trees", scene.toy.link, "--dest", scene.dest])


@case("masks export", 1)
def _(scene: Scene) -> int:
    choices = Choices("mseg", scene.toy.dest, only=("mseg-api", "ade20k"))
    scene.toy.dest.mkdir(exist_ok=True)
    write_install(Place(dest=scene.toy.dest, root=scene.toy.dest), choices.state())
    return exit_code(["masks", "export", "ade20k", "--dest", scene.dest])


@case("masks import", 1)
def _(scene: Scene) -> int:
    scene.run("--only", "flowers")
    archive = str(scene.toy.folder / "www" / "trees.zip")
    return exit_code(["masks", "import", archive, "--dest", scene.dest])


@case("import", 1)
def _(scene: Scene) -> int:
    scene.run("--only", "flowers")
    return exit_code(["import", str(scene.toy.recipe), "--dest", scene.dest])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole install of the miniature; copied, never changed."""
    dest = tmp_path_factory.mktemp("whole") / "dest"
    assert exit_code(["demo", MINIATURE, "--yes", "--dest", str(dest)]) == 0
    return dest


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finished: Path) -> Iterator[Scene]:
    with toy_collection(tmp_path) as toy, monkeypatch.context() as patch:
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            monkeypatch.setenv(name, toy.environment[name])
        yield Scene(toy, patch, finished)


def test_every_code_that_is_listed_has_a_row_and_no_other() -> None:
    listed = {
        (" ".join(words), code) for words in EVERY for code in codes_of(" ".join(words)) - GENERAL
    }
    assert set(CASES) == listed


@pytest.mark.parametrize(
    ("words", "code"), CASES, ids=[f"{words} ends with {code}" for words, code in CASES]
)
def test_it_is_reached(words: str, code: int, scene: Scene) -> None:
    assert CASES[words, code](scene) == code
    assert code in codes_of(words)
