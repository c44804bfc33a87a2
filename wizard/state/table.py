"""Every file we keep: its name, where it lies, its version, who owns it and how large it gets.

``steps/*`` stands for one file a step, whose kind decides what is in it; several rows have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs

Home = Literal["install", "user", "beside"]
"""In ``.segwizard`` of a destination, in the user's own folders, or beside the data it is of."""

_KIB, _MIB = 1 << 10, 1 << 20


@dataclass(frozen=True, slots=True)
class StateFile:
    """One kind of file we keep."""

    name: str
    home: Home
    version: int
    owner: str
    """Module that alone reads and writes it."""
    largest: int
    """Bytes; a larger one is damaged and is not read."""
    holds: str
    """What is in it, for people."""
    pretty: bool = False
    """Whether it is laid out for reading."""
    durable: bool = True
    """Whether it has to be on stable storage by itself; records of steps get there with their
    step, before that counts as done."""
    of_data: bool = False
    """Whether it says something of data, which then has to be on stable storage before it."""
    twice: bool = False
    """Whether a copy is kept beside it, as nothing on disk tells again what is in it."""
    private: bool = False
    """Whether only its owner may read it."""
    lined: bool = False
    """Whether lines follow that are read one by one; ``largest`` then bounds its first line, or
    the whole of one that an earlier version wrote."""
    oldest: int = 0
    """Earliest version that is still understood; 0 where it is the present one."""


INSTALL = StateFile(
    "install.json", "install", 1, "wizard.engine.journal", _MIB, "what was asked for", pretty=True
)
RECIPE = StateFile(
    "recipe.json", "install", 1, "wizard.engine.journal", 16 * _MIB, "the recipe it was made by"
)
OUTCOMES = StateFile(
    "outcomes.json",
    "install",
    1,
    "wizard.engine.journal",
    64 * _MIB,
    "last failures",
    pretty=True,
    durable=False,
)
REMOVED = StateFile(
    "archives.json",
    "install",
    1,
    "wizard.engine.journal",
    16 * _MIB,
    "deleted archives",
    pretty=True,
)
LEASE = StateFile(
    "lease.json",
    "install",
    1,
    "wizard.engine.lease",
    64 * _KIB,
    "who runs the install",
    durable=False,
)
ARRAY = StateFile(
    "shards/array.json",
    "install",
    1,
    "wizard.state.shards",
    _MIB,
    "which array of shards works on it",
    pretty=True,
)
SHARD_LEASE = StateFile(
    "shards/owner-*.json",
    "install",
    1,
    "wizard.engine.lease",
    64 * _KIB,
    "who runs a shard",
    durable=False,
)
SHARD_RESULTS = StateFile(
    "shards/made-*.json",
    "install",
    1,
    "wizard.state.shards",
    4 * _MIB,
    "what a shard has come to",
    of_data=True,
)
TERMS = StateFile(
    "terms.json",
    "install",
    1,
    "wizard.kinds.terms",
    4 * _MIB,
    "accepted terms",
    pretty=True,
)
ASKED = StateFile(
    "asked.json",
    "install",
    1,
    "wizard.app.machine",
    _MIB,
    "when licences were asked for",
    durable=False,
)
ARCHIVE_PROOF = StateFile(
    "steps/*.json",
    "install",
    1,
    "wizard.kinds.fetching.proofs",
    _MIB,
    "proof of an archive",
    pretty=True,
    durable=False,
)
UNPACKED = StateFile(
    "steps/*.json",
    "install",
    2,
    "wizard.kinds.unpacking.record",
    1024 * _MIB,
    "what was unpacked",
    of_data=True,
    twice=True,
    lined=True,
    oldest=1,
)
USED = StateFile(
    "steps/*.json",
    "install",
    1,
    "wizard.kinds.labelling.sources",
    16 * _MIB,
    "what labels were made from",
    durable=False,
)
BROUGHT = StateFile(
    "steps/*.json",
    "install",
    1,
    "wizard.kinds.labelling.sources",
    _MIB,
    "the archive files were taken from",
    durable=False,
)
CLEARED = StateFile(
    "steps/*.json",
    "install",
    1,
    "wizard.kinds.clear",
    _MIB,
    "when secrets were cleared",
    pretty=True,
    durable=False,
)
VERIFIED = StateFile(
    "steps/*.json",
    "install",
    1,
    "wizard.verify.proof",
    1024 * _MIB,
    "what verification found",
    pretty=True,
    durable=False,
)
PORTRAIT = StateFile(
    "steps/*.json",
    "install",
    1,
    "wizard.kinds.proving.portraits",
    64 * _MIB,
    "how a dataset looks in the report",
    durable=False,
)
WRITTEN_NAMES = StateFile(
    "steps/*.json",
    "install",
    1,
    "wizard.labels.works.folder_work",
    1024 * _MIB,
    "names of a label file",
    durable=False,
)
EDITED = StateFile(
    "steps/*.json",
    "install",
    1,
    "wizard.kinds.unpacking.edits",
    _MIB,
    "what a file holds beside what is set in it",
    durable=False,
)
HANDED_OVER = StateFile(
    "members.json",
    "beside",
    2,
    "wizard.archives.staging",
    _MIB,
    "what was unpacked while it arrived",
    durable=False,
    lined=True,
)
PART = StateFile(
    ".segwizard-part-*.json",
    "beside",
    1,
    "wizard.transfer.parts.part",
    16 * _MIB,
    "which bytes of a download count",
    durable=False,
)
REPORT = StateFile(
    "segwizard-report.json",
    "beside",
    1,
    "wizard.verify.report.render",
    256 * _MIB,
    "the report as data",
    pretty=True,
)
KNOWN_ARCHIVES = StateFile(
    "archives.json",
    "user",
    1,
    "wizard.transfer.archive_cache",
    64 * _MIB,
    "archives known on this machine",
    private=True,
)
FIRST_SEEN = StateFile(
    "first-seen.json",
    "user",
    1,
    "wizard.kinds.fetching.proofs",
    4 * _MIB,
    "the first bytes of archives without a published hash",
    private=True,
)
KEPT_SECRETS = StateFile(
    "credentials.json",
    "user",
    1,
    "wizard.credentials.vault",
    4 * _MIB,
    "where which secret is kept",
    private=True,
)
RECENT = StateFile(
    "recent.json",
    "user",
    1,
    "wizard.app.machine",
    64 * _KIB,
    "the last destination",
    private=True,
    durable=False,
)
THEME = StateFile(
    "theme.json", "user", 1, "wizard.app.machine", 64 * _KIB, "the chosen colours", durable=False
)

STATE_FILES = (
    INSTALL, RECIPE, OUTCOMES, REMOVED, LEASE, ARRAY, SHARD_LEASE, SHARD_RESULTS, TERMS, ASKED,
    ARCHIVE_PROOF, UNPACKED, USED, BROUGHT, CLEARED, VERIFIED, PORTRAIT, WRITTEN_NAMES,
    HANDED_OVER, PART, REPORT, KNOWN_ARCHIVES, KEPT_SECRETS, RECENT, THEME, FIRST_SEEN, EDITED,
)  # fmt: skip
"""All of them."""

FOLDERS = ("steps", "kept", "shards")
"""Folders in that of an install's state."""

LINES = ("log.jsonl", "errors.log", "runner.log", "running")
"""Files of an install without a version: logs that are appended to, and the mark of a run.

Beside the files of steps lie proofs of labels (``wizard.verify.image_proofs``), bare numbers until
a verification ends: those of another version or boot simply fit nothing. A shard has its own, as
it has its log (``shards/log-*.jsonl``), and its mark of a run.
"""


def state_folder() -> Path:
    """Return this user's state folder, such as ``~/.local/state/segwizard``."""
    return Path(platformdirs.user_state_dir("segwizard", appauthor=False))
