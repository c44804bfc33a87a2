"""What a newer recipe does otherwise than the one before, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from wizard.recipes.archive_facts import stated_hashes
from wizard.recipes.model import Archive, Dataset, Recipe
from wizard.recipes.step_table import StepTable

EntryT = TypeVar("EntryT")


def differences(old: Recipe, new: Recipe) -> Iterator[str]:
    """Yield a sentence for each difference, the place first; nothing for equal recipes."""
    for name, before, after in _pairs(_by_id(old.datasets), _by_id(new.datasets)):
        if before is None or after is None:
            yield f"{new.id}/{name}: {'a new dataset' if after else 'is no dataset any more'}"
        elif before != after:
            yield from (f"{new.id}/{name}: {each}" for each in _dataset(before, after))
    if old.finish != new.finish:
        yield f"{new.id}: the steps at the end are others"
    if old.sites != new.sites:
        yield f"{new.id}: login sites are others"
    if (old.root, old.title, old.about) != (new.root, new.title, new.about):
        yield f"{new.id}: its title, text or folder is another"


def _by_id(datasets: Iterable[Dataset]) -> dict[str, Dataset]:
    return {each.id: each for each in datasets}


def _pairs(
    old: Mapping[str, EntryT], new: Mapping[str, EntryT]
) -> Iterator[tuple[str, EntryT | None, EntryT | None]]:
    for name in dict.fromkeys((*old, *new)):
        yield name, old.get(name), new.get(name)


def _dataset(old: Dataset, new: Dataset) -> Iterator[str]:
    archives = ({each.name: each for each in side.archives} for side in (old, new))
    for name, before, after in _pairs(*archives):
        if before is None or after is None:
            yield f"{name}: {'a new archive' if after else 'is not needed any more'}"
        elif before != after:
            yield from (f"{name}: {each}" for each in _archive(before, after))
    steps = ({each.id: each for each in side.steps} for side in (old, new))
    yield from _steps(*steps)
    if old.terms != new.terms or old.request != new.request:
        yield "its licence is stated otherwise: read it again"
    if old.alternatives != new.alternatives:
        yield "the ways to its files are others"


def _archive(old: Archive, new: Archive) -> Iterator[str]:
    yield from (f"one address more, {url}" for url in new.urls if url not in old.urls)
    yield from (f"one address less, {url}" for url in old.urls if url not in new.urls)
    if old.urls != new.urls and set(old.urls) == set(new.urls):
        yield "its addresses are tried in another order"
    if old.size != new.size:
        yield f"its size is {_size(new)}, before {_size(old)}"
    before, after = stated_hashes(old), stated_hashes(new)
    for name in dict.fromkeys((*before, *after)):
        was, now = (side.get(name, "not known") for side in (before, after))
        if was != now:
            yield f"its {name} is {now}, before {was}"
    if old.versions != new.versions:
        yield "other releases of it are known"
    if old.access != new.access:
        yield f"it is gained otherwise ({new.access.kind})"
    if old.hearsay != new.hearsay:
        yield "single sources say other things of it"
    if (old.note, old.addresses) != (new.note, new.addresses) and old.urls == new.urls:
        yield "other words on its state"


def _size(archive: Archive) -> str:
    return "not known" if archive.size is None else f"{archive.size:,} bytes"


def _steps(old: Mapping[str, StepTable], new: Mapping[str, StepTable]) -> Iterator[str]:
    for name, before, after in _pairs(old, new):
        if before is None or after is None:
            yield f"step {name}: {'is new' if after else 'is left out'}"
        elif before != after:
            yield f"step {name}: does something else; run again after taking it"
    if list(old) != list(new) and set(old) == set(new):
        yield "its steps come in another order"
