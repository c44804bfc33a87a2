"""Take the README's pictures from a real install of the demo, on a line slow enough to watch.

    python -m tests.tui.screenshots /data/mseg

Look at them before committing. The folder is made, shows in the pictures, and is removed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tests.tui.driving import go_to, on, sees, until, wizard
from wizard.app.app import App
from wizard.app.planning import Disk
from wizard.demo.miniature import build_miniature
from wizard.demo.server import DemoServer
from wizard.engine.remote.protocol import Answer
from wizard.kinds.labelling import step as labels
from wizard.steps.install import Settings
from wizard.steps.planned import Plan
from wizard.tui.app import WizardApp
from wizard.tui.screens.requests import RequestsPage
from wizard.tui.screens.wizard import WizardPage
from wizard.work import Item, Report, Work

PICTURES = Path(__file__).parents[2] / "assets" / "screenshots"
SIZE = (100, 36)
RATE = 30_000
"""Bytes a second of all downloads together: miniature archives are small."""
PAUSE = 1.2
"""Seconds an image takes: miniature images are quick."""
LATER = ("mapillary", "scannet", "idd", "wilddash")
"""Datasets whose owners have not answered yet."""
BROKEN = "701_StillsRaw_full.zip"
"""An archive that is damaged on its server."""


class RoomyHost(App):
    """A machine with a large disk, for the pages before anything is fetched."""

    def disk(self, dest: Path) -> Disk:
        return Disk(1_840_000_000_000, 61_000_000, "xfs", network=False)

    def check(self, plan: Plan) -> None:
        pass


class Unhurried:
    """Label work at a pace that can be watched."""

    def __init__(self, work: Work[Item]) -> None:
        self._work = work

    def __getattr__(self, name: str) -> Any:
        return getattr(self._work, name)

    def process(self, item: Item) -> Report:
        time.sleep(PAUSE)
        return self._work.process(item)


async def before(dest: Path) -> None:
    """The pages that ask for nothing but a look."""
    async with app(RoomyHost(), dest) as pilot:
        await sees(pilot, "PartDistillation")
        take(pilot, "first-run")
        await pilot.press("enter")
        await sees(pilot, "There is room")
        await pilot.press("enter")
        await sees(pilot, "13 of 13 chosen")
        await pilot.press("enter")
        await until(pilot, lambda: wizard(pilot).setup.plan is not None)
        await pilot.press("enter")
        await on(pilot, RequestsPage)
        await sees(pilot, "Draft mail")
        await pilot.press("d")
        take(pilot, "requests")


async def during(dest: Path, server: DemoServer, site: Path) -> None:
    """The install at work, a mailed link, and an image with its labels."""
    settings = Settings(workers=1, executor="threads", rate_limit=RATE, transfers=3)
    async with app(App(site=site, settings=settings), dest, "mseg") as pilot:
        await _start(pilot)
        await until(pilot, lambda: _accepted(pilot, server) and _busy(pilot))
        working = next(s for s in _steps(pilot) if s.kind == "labels" and s.state == "running")
        await go_to(pilot, working.dataset)
        await sees(pilot, "images/s")
        take(pilot, "wizard")
        await pilot.press("a")
        await sees(pilot, "Downloads", "Work", "Failed")
        take(pilot, "activity")
        await pilot.press("escape")
        await on(pilot, WizardPage)
        await go_to(pilot, "mapillary")
        await pilot.press("enter")
        await sees(pilot, "Use this link")
        link = server.answers["mapillary"]["link"].reveal()
        await pilot.press(*link)
        await sees(pilot, "valid")
        take(pilot, "answer")
        await until(pilot, lambda: _done(pilot, "ade20k"))
        wizard(pilot).go("preview", "ade20k")
        await pilot.pause(3.0)
        await pilot.press("down")
        await pilot.pause(3.0)
        take(pilot, "preview")


@asynccontextmanager
async def app(host: App, dest: Path, collection: str = "") -> AsyncIterator[Pilot[int]]:
    opened = WizardApp(host, dest=dest, collection=collection)
    async with opened.run_test(size=SIZE) as pilot:
        yield pilot
        opened.close_bridge()


def take(pilot: Pilot[int], name: str) -> None:
    """Write one picture."""
    (PICTURES / f"{name}.svg").write_text(pilot.app.export_screenshot(title="segwizard"))


async def _start(pilot: Pilot[int]) -> None:
    await sees(pilot, "There is room")
    await pilot.press("enter")
    await sees(pilot, "chosen")
    await pilot.press("enter")
    await until(pilot, lambda: wizard(pilot).setup.plan is not None)
    await pilot.press("enter")
    await sees(pilot, "Draft mail")
    await pilot.press("enter")
    await sees(pilot, "It accepts 13 of 13")
    await pilot.press(*"Ada Lovelace")
    take(pilot, "terms")
    await pilot.press("enter")
    await sees(pilot, "The MSeg paper")
    await pilot.press("enter")
    await on(pilot, WizardPage)
    await until(pilot, lambda: bool(_steps(pilot)))


def _steps(pilot: Pilot[int]) -> tuple[Any, ...]:
    bridge = wizard(pilot).bridge
    return bridge.snapshot.steps if bridge and bridge.snapshot else ()


def _accepted(pilot: Pilot[int], server: DemoServer) -> bool:
    """Answer what a person would have by now."""
    link = wizard(pilot).open_session.link
    for step in _steps(pilot):
        request = step.request
        if step.state != "waiting" or request is None:
            continue
        if request.kind == "terms":
            link.send(Answer(address=step.address, values={"accepted_by": "me"}))
        elif step.dataset not in LATER and request.kind in ("link", "login"):
            given = server.answers[request.site or step.dataset]
            values = {name: secret.reveal() for name, secret in given.items()}
            link.send(Answer(address=step.address, values=values))
    return True


def _busy(pilot: Pilot[int]) -> bool:
    bridge = wizard(pilot).bridge
    snapshot = bridge.snapshot if bridge else None
    if snapshot is None:
        return False
    moving = [view for view in snapshot.transfers if view.state == "running" and view.eta]
    working = [s for s in snapshot.steps if s.kind == "labels" and s.state == "running" and s.done]
    failed = [step for step in snapshot.steps if step.state == "failed"]
    return len(moving) > 1 and bool(working and working[0].rate and failed)


def _done(pilot: Pilot[int], dataset: str) -> bool:
    return all(step.state == "done" for step in _steps(pilot) if step.dataset == dataset)


def main(dest: Path) -> None:
    """Take them all."""
    inner: Callable[..., Any] = labels.run_batch
    labels.run_batch = lambda work, *args, **rest: inner(Unhurried(work), *args, **rest)
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            os.environ[name] = scratch
        os.environ.update(
            TEXTUAL_ANIMATIONS="none", LOGNAME="me", NO_PROXY="127.0.0.1", no_proxy="127.0.0.1"
        )
        miniature = build_miniature(Path(scratch) / "archives")
        path = miniature.archive(BROKEN).path
        path.write_bytes(bytes(reversed(path.read_bytes())))
        with DemoServer(miniature) as server:
            site = Path(scratch) / "site.toml"
            told = server.site_toml().splitlines()
            # The pictures show an install, not a rehearsal.
            site.write_text("\n".join(line for line in told if not line.startswith("rehearsal")))
            try:
                asyncio.run(before(dest))
                asyncio.run(during(dest, server, site))
            finally:
                shutil.rmtree(dest, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
