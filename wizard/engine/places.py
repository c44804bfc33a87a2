"""Where things lie: the folders people may put archives into, and the logs of a runner."""

from __future__ import annotations

from pathlib import Path

from wizard.errors import DestinationError, reason_of
from wizard.files import dangling_link, make_folder
from wizard.state.shards import shards_folder
from wizard.steps.install import Install
from wizard.transfer.inbox import inbox_folder


def prepare_places(install: Install) -> None:
    """Make the inbox and every folder the document puts archives in.

    A dataset whose folder is a link that leads nowhere is passed over: its own steps say so.
    Raises ``DestinationError`` when the destination cannot be written to.
    """
    dest, recipe = install.place.dest, install.recipe
    chosen = {dataset.id for dataset in install.plan.datasets}
    folders = [inbox_folder(dest)]
    for dataset in recipe.datasets:
        if dataset.id in chosen:
            places = (recipe.archive_place(dataset, each) for each in dataset.archives)
            folders += [(dest / place).parent for place in places]
    try:
        for folder in folders:
            if not dangling_link(folder):
                make_folder(folder)
    except OSError as error:
        raise DestinationError(
            f"a folder cannot be made: {reason_of(error)}",
            where=str(error.filename),
            hint="choose a destination you may write to, or mend its permissions",
        ) from None


def own_log(install: Install, name: str) -> Path:
    """Return where a runner writes a log: each shard into a file of its own."""
    state, part = install.place.state, install.part
    if part is None or part.shard is None:
        return state / name
    stem, _, ending = name.partition(".")
    return shards_folder(state) / f"{stem}-{part.shard.index}.{ending}"
