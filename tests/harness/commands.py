"""Odd command lines for every command: only codes its help lists, and never a fault of ours.

In this process, where a round costs little; each line has a home and folders of its own. Some of
these commands write, overwrite and delete, so no path among the odd words leads out of them.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import re
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from tests.harness.tally import Tally, traces
from tests.headless.toy import Toy, toy_collection
from wizard.cli import COMMANDS, cli
from wizard.entry import exit_code
from wizard.headless.exits import FAULT, codes_of

Words = tuple[str, ...]

LONGEST = 120
"""Seconds a line may take before it counts as hanging."""
_UNUSED = {"detach", "wait", "shard"}
"""Options that leave something behind or wait by design."""
_NUMBERS = ("0", "-1", "1", "2", "1e999", "nan", "-inf", "٣", "9" * 400, "9" * 5000, "0x10", "1.5")
_WORDS = (
    *("", " ", "-", "--", "a/b", "toy", "mseg", "flowers", "trees", "cityscapes", "all"),
    *("flowers/0", "flowers/terms", "flowers/extract", "trees/9999", "\x1b]0;x\x07", "\u202emoc"),
    *("\udcff", "\u0000x", "x" * 300, "x" * 5000, "ß" * 200, "%s%n", "{}", "*", "~", "~no"),
    *("http://[", "http://", "https://127.0.0.1:9/x", "ftp://127.0.0.1/x", "file:///etc/passwd"),
    *("http://127.0.0.1:99999/", "tcp://127.0.0.1:9", "nowhere", "url=http://x/?a=b&c"),
    *("500k", "1.5 GiB", "-20MB", "1e9", "sh", "fish", "threads", "copied", "keyring", "file"),
)
_TERMINAL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f]")


def every_command() -> Iterator[tuple[Words, click.Command]]:
    """Yield each command a person may type, by its words."""
    context = click.Context(cli)
    for name, entry in COMMANDS.items():
        command = cli.get_command(context, name)
        if command is None or entry.hidden:
            continue
        if isinstance(command, click.Group):
            yield from (((name, below), found) for below, found in command.commands.items())
            if not command.invoke_without_command:
                continue
        yield (name,), command


def command_rounds(count: int, seed: int, tally: Tally) -> None:
    """Give each command in turn an odd line, ``count`` lines in all."""
    chance = random.Random(seed)
    commands = tuple(every_command())
    before = tally.rounds.total()
    while (done := tally.rounds.total() - before) < count:
        with (
            tempfile.TemporaryDirectory(prefix="segwizard-line-") as name,
            toy_collection(Path(name)) as toy,
            _alone(toy),
        ):
            places = _places(toy, chance)
            for words, command in commands[: count - done]:
                line = _line(words, command, places, chance)
                problem = _round(words, line)
                tally.add("command line", f"seed {seed}: {line!r}: {problem}" if problem else "")


@contextlib.contextmanager
def _alone(toy: Toy) -> Iterator[None]:
    """Stand in the toy's folder and environment."""
    before, place, stdin = dict(os.environ), Path.cwd(), sys.stdin
    os.environ.update(toy.environment)
    os.chdir(toy.folder)
    try:
        with open(os.devnull) as nothing:
            sys.stdin = nothing
            yield
    finally:
        sys.stdin = stdin
        os.chdir(place)
        os.environ.clear()
        os.environ.update(before)


def _places(toy: Toy, chance: random.Random) -> list[str]:
    """Make paths of every sort; the install is fresh, begun, or has odd things in its state."""
    odd = toy.folder / "odd"
    odd.mkdir()
    (odd / "folder").mkdir()
    (odd / "file").write_text("a file\n")
    (odd / "bytes").write_bytes(chance.randbytes(2000))
    (odd / "deep").write_text("[" * 100_000)
    (odd / "toml").write_text('id = "x"\ntitle = 3\nroot = "../.."\n')
    (odd / "locked").mkdir(mode=0)
    (odd / "loop").symlink_to("loop")
    (odd / "dangling").symlink_to("/nowhere/at/all")
    (odd / "zero").symlink_to("/dev/zero")
    os.mkfifo(odd / "pipe")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(odd / "socket"))
    if chance.random() < 0.6:
        exit_code_of(["run", str(toy.recipe), "--dest", str(toy.dest), "--yes"])
    if chance.random() < 0.5:
        _spoil(toy, chance)
    found = [str(each) for each in sorted(odd.iterdir())]
    found += [str(odd / "file" / "below"), str(odd / "folder" / "n" / "m"), "relative", "", "."]
    return [*found, "/dev/null", "/" + "n" * 300, str(toy.recipe), str(toy.dest)]


def _spoil(toy: Toy, chance: random.Random) -> None:
    """Put something odd in place of a file of the install's or the person's state."""
    # Below the toy's own folder alone: the environment names folders of the person as well.
    state = (
        path for path in toy.folder.rglob("*") if "segwizard" in str(path.relative_to(toy.folder))
    )
    files = [path for path in state if path.is_file() and not path.is_symlink()]
    if files:
        path = chance.choice(sorted(files))
        content = path.read_bytes()
        path.unlink()
        match chance.randrange(6):
            case 0:
                path.mkdir()
            case 1:
                os.mkfifo(path)
            case 2:
                path.symlink_to("/dev/zero")
            case 3:
                path.write_bytes(b"[" * 100_000)
            case 4:
                path.write_bytes(content[: len(content) // 2])
            case _:
                path.write_bytes(bytes(b ^ (chance.random() < 0.05) for b in content))


def _line(
    words: Words, command: click.Command, places: list[str], chance: random.Random
) -> list[str]:
    line = list(words)
    for each in command.params:
        if each.name in _UNUSED or not (each.required or chance.random() < 0.4):
            continue
        if each.required and chance.random() < 0.05:
            continue
        if isinstance(each, click.Option):
            line.append(chance.choice([*each.opts, *each.secondary_opts]))
            if each.is_flag:
                continue
        elif chance.random() < 0.2:
            line.append("--")
        line.append(_value(each, places, chance))
    if chance.random() < 0.05:
        line.append(chance.choice(_WORDS))
    return [word.replace("\0", "") for word in line]


def _value(parameter: click.Parameter, places: list[str], chance: random.Random) -> str:
    path = isinstance(parameter.type, click.Path)
    usual: Mapping[str, list[str]] = {
        "dest": places[-1:],
        "collection": places[-2:-1],
        "source": places[-2:-1],
        "password_command": ["echo secret", "false", "exit 3", "'", "no-such-program-at-all"],
    }
    if parameter.name == "password_command":
        return chance.choice(usual["password_command"])
    if parameter.name in usual and chance.random() < 0.6:
        return chance.choice(usual[parameter.name])
    if isinstance(parameter.type, click.Choice) and chance.random() < 0.7:
        return chance.choice([str(each) for each in parameter.type.choices])
    pools = [places, places, _WORDS] if path else [_WORDS, _WORDS, _NUMBERS, places]
    if isinstance(parameter.type, click.types.IntParamType | click.types.FloatParamType):
        pools = [_NUMBERS, _NUMBERS, _NUMBERS, _WORDS]
    return chance.choice(chance.choice(pools))


def exit_code_of(line: list[str]) -> tuple[int, str]:
    """Carry out a line and return its code with what it said."""
    said = io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape", write_through=True)
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = exit_code(line)
    data = said.detach().getvalue()  # type: ignore[attr-defined]
    return code, data.decode("utf-8", "surrogateescape")


def _round(words: Words, line: list[str]) -> str:
    """Return what was wrong with how a line was taken."""

    def hangs(*_: object) -> None:
        raise TimeoutError(f"it took {LONGEST} seconds")

    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(LONGEST)
    try:
        code, said = exit_code_of(line)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    if code == FAULT or code not in codes_of(" ".join(words)):
        return f"code {code}: {said[-1500:]}"
    raw = _TERMINAL.search(said)
    if raw and "--json" not in line:
        return f"{raw[0]!r} raw in {said[-1500:]!r}"
    return traces(said)
