"""Ctrl+C at any instant of a command's life is one sentence, never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from wizard import __main__

STRIKE = """
import os, signal, sys

class Strike:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGINT)
        return None

sys.meta_path.insert(0, Strike())
from wizard.__main__ import main
main(sys.argv[2:])
"""
AT_THE_END = """
import atexit, os, signal, sys
atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))
from wizard.__main__ import main
main(sys.argv[1:])
"""
WORDS = "error: interrupted\nhint: what was finished stays; run the command again to go on\n"


def _ran(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)


@pytest.mark.parametrize(
    "module",
    [
        "click",
        "wizard.entry",
        "wizard.environment",
        "wizard.errors",
        "wizard.cli",
        "wizard.headless.commands.plans",
        "msgspec",
        "wizard.recipes.model",
    ],
)
def test_while_modules_are_loaded(module: str) -> None:
    done = _ran(STRIKE, module, "plan", "mseg")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", WORDS)


def test_while_the_screen_is_loaded() -> None:
    code = STRIKE.replace("main(sys.argv[2:])", "from wizard import cli, entry\n")
    code += "entry.cli = 0\ncli.invoke = lambda _: cli.open_screen()\nmain([])"
    done = _ran(code, "textual.app")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", WORDS)


@pytest.mark.parametrize(("words", "code"), [(("--version",), 0), (("no-such-command",), 2)])
def test_while_the_process_ends(words: tuple[str, ...], code: int) -> None:
    quiet, struck = _ran(AT_THE_END.replace("os.kill", "max"), *words), _ran(AT_THE_END, *words)
    assert quiet.returncode == struck.returncode == code
    assert (struck.stdout, struck.stderr) == (quiet.stdout, quiet.stderr)


def test_who_was_told_to_ignore_it_goes_on_doing_so() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STRIKE, "wizard.cli", "--version"],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        capture_output=True,
    )
    assert done.returncode == 0


def test_elsewhere_it_is_an_exception() -> None:
    with pytest.raises(KeyboardInterrupt):
        __main__.interrupt(signal.SIGINT, sys._getframe())


WORKERS = """
import os, signal, sys, time
from concurrent.futures import ProcessPoolExecutor
from wizard.workers import pools

if __name__ == "__main__":
    signal.signal(signal.SIGINT, lambda *_: None)
    pools.prepare_processes()
    context = pools.multiprocessing.get_context("forkserver")
    stop = context.Event()
    pool = ProcessPoolExecutor(2, mp_context=context, initializer=pools._begin, initargs=(stop,))
    waits = [pool.submit(time.sleep, 0.05) for _ in range(8)]
    for _ in range(40):
        os.killpg(0, signal.SIGINT)
        time.sleep(0.02)
    print([each.result() for each in waits].count(None))
    pool.shutdown()
"""


def test_workers_are_deaf_from_their_first_instant(tmp_path: object) -> None:
    script = f"{tmp_path}/workers.py"
    with open(script, "w") as file:
        file.write(WORKERS)
    done = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    assert (done.stdout, done.stderr) == ("8\n", "")
