"""A runner, a host and a vault that do as they are told, so that screens can be tested alone."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from wizard.app.bringing import OpenRequest
from wizard.app.outcome import LastPage
from wizard.app.planning import Disk, OpenTerms, open_terms
from wizard.app.sessions import Session
from wizard.app.sources import AddressAnswer, SourceRow, source_board
from wizard.credentials.secret import Secret
from wizard.engine.remote.protocol import Answer, AnyCommand, Event, Reply
from wizard.errors import DestinationError, UsageError, WizardError
from wizard.findings import FailureGroup
from wizard.kinds.registry import known_kinds, load_recipe
from wizard.plan.planner import make_plan
from wizard.recipes.model import Recipe, Site
from wizard.steps.planned import Fetch, Plan
from wizard.tui.stages import worst
from wizard.views import (
    DatasetView,
    Request,
    Snapshot,
    StepView,
    TransferView,
)

MOMENT = 1_700_000_000.0
GIGA = 1_000_000_000
DEST = Path("/data/Datasets")

Change = dict[str, object]


@functools.cache
def mseg() -> Recipe:
    return load_recipe("mseg")


@functools.cache
def _plan() -> Plan:
    return make_plan(mseg(), DEST)


def plan_of(recipe: Recipe) -> Plan:
    return _plan() if recipe is mseg() else make_plan(recipe, DEST)


def step_views(plan: Plan, changes: dict[str, Change]) -> tuple[StepView, ...]:
    """Every step of the plan, locked as its needs say, with changes by address or ``dataset/*``."""
    views: dict[str, StepView] = {}
    for step in plan.steps:
        change = {**changes.get(f"{step.dataset}/*", {}), **changes.get(step.address, {})}
        waits = tuple(request for request in step.dependencies if views[request].state != "done")
        state = change.pop("state", "locked" if waits else "todo")
        views[step.address] = StepView(
            address=step.address,
            dataset=step.dataset,
            title=step.title,
            kind=step.kind,
            word=known_kinds().word(step.kind),
            role=known_kinds().role(step.kind),
            state=state,
            waits_for=waits if state == "locked" else (),
            **change,
        )
    return tuple(views.values())


def dataset_views(plan: Plan, steps: tuple[StepView, ...]) -> tuple[DatasetView, ...]:
    titles = {dataset.id: dataset.title for dataset in plan.datasets}
    views = []
    for name in dict.fromkeys(step.dataset for step in steps):
        own = [step for step in steps if step.dataset == name]
        done = sum(step.state == "done" for step in own)
        part = sum(step.done / step.total for step in own if step.total and step.state != "done")
        views.append(
            DatasetView(
                id=name,
                title=titles.get(name, name.title()),
                state=worst(step.state for step in own),
                done_steps=done,
                total_steps=len(own),
                fraction=(done + part) / len(own),
            )
        )
    return tuple(views)


def snapshot_of(plan: Plan, changes: dict[str, Change], **rest: object) -> Snapshot:
    steps = step_views(plan, changes)
    values: dict[str, object] = {
        "collection": plan.collection,
        "dest": str(DEST),
        "moment": MOMENT,
        "running": True,
        "disk_free": 812 * GIGA,
        "disk_needed": 240 * GIGA,
        "fraction": 0.31,
        "eta": 7.4 * 3600,
    }
    return Snapshot(datasets=dataset_views(plan, steps), steps=steps, **{**values, **rest})


def busy(plan: Plan) -> Snapshot:
    """An install in the middle of things: done, running, waiting, failed and locked datasets."""
    fetch = {step.dataset: step.address for step in plan.steps if isinstance(step.spec, Fetch)}
    changes: dict[str, Change] = {
        "mseg-api/*": {"state": "done"},
        "camvid/*": {"state": "done"},
        "ade20k/terms": {"state": "done"},
        "ade20k/fetch:ADE20K_2016_07_26.zip": {"state": "done"},
        "ade20k/fetch:ADEChallengeData2016.zip": {
            "state": "running",
            "done": 410_000_000,
            "total": 967_382_037,
            "unit": "bytes",
            "rate": 11.2e6,
            "eta": 50.0,
        },
        "scannet/terms": {"state": "done"},
        fetch["scannet"]: {"state": "waiting", "request": SCANNET},
        "mapillary/terms": {"state": "done"},
        fetch["mapillary"]: {"state": "waiting", "request": MAPILLARY},
        "bdd/terms": {"state": "done"},
        fetch["bdd"]: {"state": "waiting", "request": BDD},
        "cityscapes/terms": {"state": "done"},
        fetch["cityscapes"]: {"state": "waiting", "request": CITYSCAPES},
        "kitti/terms": {"state": "done"},
        fetch["kitti"]: {"state": "failed", "failures": (REFUSED,)},
        "coco/terms": {"state": "done"},
        **{
            step.address: {"state": "done"}
            for step in plan.steps
            if step.dataset == "coco-panoptic" and step.kind in ("terms", "fetch", "extract")
        },
        "coco-panoptic/labels": {
            "state": "running",
            "done": 41_203,
            "total": 123_287,
            "unit": "images",
            "rate": 182.0,
            "eta": 451.0,
            "failures": (CORRUPT,),
        },
    }
    transfers = (
        TransferView(
            archive="ADEChallengeData2016.zip",
            dataset="ade20k",
            address="ade20k/fetch:ADEChallengeData2016.zip",
            state="running",
            done=410_000_000,
            total=967_382_037,
            rate=11.2e6,
            eta=50.0,
            quiet=0.1,
            mirror="data.csail.mit.edu",
        ),
        TransferView(
            archive="ADE20K_2016_07_26.zip",
            dataset="ade20k",
            address="ade20k/fetch:ADE20K_2016_07_26.zip",
            state="done",
            done=3_700_000_000,
            total=3_700_000_000,
            mirror="groups.csail.mit.edu",
        ),
        TransferView(
            archive="VOCtrainval_11-May-2012.tar",
            dataset="voc2012",
            address=fetch.get("voc2012", fetch.get("pascal-voc-2012", "")),
            state="running",
            done=1_205_000_000,
            total=1_999_639_040,
            rate=1.4e6,
            eta=567.0,
            quiet=12.0,
            mirror="host.robots.ox.ac.uk",
        ),
    )
    return snapshot_of(plan, changes, transfers=transfers, rate=12.6e6)


SCANNET = Request(
    kind="base-url",
    ask="ScanNet mails you a download script. Paste its address here when it comes.",
    page="http://www.scan-net.org/",
    how="Open the script from the mail and copy the address after BASE_URL=.",
    command="segwizard link scannet --dest DEST",
)
MAPILLARY = Request(
    kind="link",
    ask="Paste the link from the Mapillary mail.",
    page="https://www.mapillary.com/dataset/vistas",
    how="The mail holds a signed link to version 1.1 or 1.2; it expires.",
)
BDD = Request(
    kind="browser",
    ask="bdd100k_seg.zip comes through your browser only.",
    page="https://bdd-data.berkeley.edu/login.html",
    how="Log in, open Download, accept the terms, take Segmentation.",
    upload="scp bdd100k_seg.zip me@server:/data/Datasets/.segwizard/inbox/",
)
CITYSCAPES = Request(
    kind="login",
    ask="Log in to Cityscapes with the account you registered.",
    page="https://www.cityscapes-dataset.com/login/",
    site="cityscapes",
)
REFUSED = FailureGroup(
    cause="link-expired",
    count=1,
    hint="Ask for a fresh link on the page and paste it; the part that is here is kept.",
    examples=("data_semantics.zip: the server answered 403 after 112 MB",),
)
CORRUPT = FailureGroup(
    cause="unreadable-image",
    count=2,
    hint="Fetch train2017.zip again if there are many; two can be left out.",
    examples=("train2017/000000000081.png", "train2017/000000000094.png"),
    fatal=False,
)


@dataclass
class FakeLink:
    """Shows the snapshot it is given and remembers what it is asked."""

    now: Snapshot
    reply: Reply = field(default_factory=lambda: Reply(ok=True, text="Taken"))
    commands: list[AnyCommand] = field(default_factory=list)
    log: list[Event] = field(default_factory=list)
    on_send: Callable[[AnyCommand], None] | None = None
    gone: WizardError | None = None
    closed: bool = False

    def snapshot(self) -> Snapshot:
        if self.gone is not None:
            raise self.gone
        return self.now

    def events(self) -> list[Event]:
        log, self.log = self.log, []
        return log

    def send(self, command: AnyCommand) -> Reply:
        self.commands.append(command)
        if self.on_send is not None:
            self.on_send(command)
        return self.reply

    def close(self) -> None:
        self.closed = True

    @property
    def answers(self) -> list[Answer]:
        return [command for command in self.commands if isinstance(command, Answer)]


@dataclass
class FakeVault:
    """Keeps secrets in a dictionary."""

    kept: dict[tuple[str, str], Secret] = field(default_factory=dict)

    def get(self, site: str, field: str) -> Secret | None:
        return self.kept.get((site, field))

    def has(self, site: str, field: str) -> bool:
        return (site, field) in self.kept

    def put(self, site: str, field: str, secret: Secret) -> str:
        self.kept[site, field] = secret
        return "the system keyring"

    def clear(self, site: str | None = None) -> tuple[str, ...]:
        gone = [key for key in self.kept if site in (None, key[0])]
        for key in gone:
            del self.kept[key]
        return tuple(f"{place} {name} in the system keyring" for place, name in gone)

    def where(self, site: str, field: str) -> str:
        return "the system keyring" if (site, field) in self.kept else ""

    def on_clear(self, forget: Callable[[], None]) -> None:
        pass

    def describe(self) -> str:
        return "Secrets are kept in the system keyring (Secret Service)."


@dataclass
class FakeHost:
    """Opens installs on a ``FakeLink``."""

    link: FakeLink
    recipes: tuple[Recipe, ...]
    installs: set[Path] = field(default_factory=set)
    last: Path | None = None
    free: int = 812 * GIGA
    too_small: str = ""
    vault: FakeVault = field(default_factory=FakeVault)
    begun: list[Plan] = field(default_factory=list)
    detached: list[Session] = field(default_factory=list)
    login: Reply = field(default_factory=lambda: Reply(ok=True, text="Logged in"))
    background: bool = False
    note: str = ""
    last_words: LastPage | None = None
    asked_sources: int = 0

    def collections(self) -> tuple[Recipe, ...]:
        return self.recipes

    def plan(self, recipe: Recipe, dest: Path, only: tuple[str, ...]) -> Plan:
        return make_plan(recipe, dest, only=only)

    def check(self, plan: Plan) -> None:
        if self.too_small:
            raise DestinationError(self.too_small, hint="Leave datasets out")

    def terms(self, plan: Plan) -> tuple[OpenTerms, ...]:
        return open_terms(plan)

    def open_requests(self, plan: Plan) -> tuple[OpenRequest, ...]:
        found = {"cityscapes": CITYSCAPES, "mapillary": MAPILLARY, "scannet": SCANNET}
        steps = {step.dataset: step.address for step in plan.steps if isinstance(step.spec, Fetch)}
        return tuple(
            OpenRequest(steps[name], name, ask) for name, ask in found.items() if name in steps
        )

    def sources(self, recipe: Recipe) -> tuple[SourceRow, ...]:
        return source_board(recipe)

    def ask_sources(
        self, rows: tuple[SourceRow, ...], told: Callable[[], None]
    ) -> tuple[SourceRow, ...]:
        self.asked_sources += 1
        found = []
        for row in rows:
            answers = []
            for each in row.addresses:
                told()
                state = "gone" if each.gone else "alive"
                answers.append(replace(each, found=AddressAnswer(each.url, state)))
            found.append(replace(row, addresses=tuple(answers)))
        return tuple(found)

    def disk(self, dest: Path) -> Disk:
        problem = "that is a file, not a folder" if dest.name == "file" else ""
        return Disk(self.free, 61_000_000, "ext4", network=False, problem=problem)

    def last_dest(self) -> Path | None:
        return self.last

    def find(self, dest: Path) -> bool:
        return dest in self.installs

    def begin(self, recipe: Recipe, plan: Plan) -> Session:
        self.check(plan)
        self.begun.append(plan)
        return self._session(recipe, plan)

    def add(self, session: Session, recipe: Recipe, plan: Plan) -> Session:
        return self.begin(recipe, plan)

    def look(self, dest: Path) -> Session:
        return self.reopen(dest)

    def reopen(self, dest: Path) -> Session:
        return self._session(self.recipes[0], plan_of(self.recipes[0]))

    def last_page(self, session: Session, snapshot: Snapshot) -> LastPage:
        if self.last_words is None:
            raise UsageError("no install is here", hint="check the folder")
        return self.last_words

    def test_login(self, session: Session, site: Site) -> Reply:
        return self.login

    def detach(self, session: Session) -> Reply:
        self.detached.append(session)
        return Reply(ok=True)

    def _session(self, recipe: Recipe, plan: Plan) -> Session:
        return Session(
            recipe,
            plan,
            Path(plan.dest),
            self.link,
            self.vault,
            background=self.background,
            note=self.note,
        )


def host_with(snapshot: Snapshot | None = None, recipes: Iterable[Recipe] = ()) -> FakeHost:
    known = tuple(recipes) or (mseg(),)
    plan = plan_of(known[0])
    return FakeHost(FakeLink(snapshot or busy(plan)), known)
