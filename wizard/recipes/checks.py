"""What a recipe must hold to beyond its types: names that exist, paths inside, no circles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from wizard.recipes.arrangements import Arrange, Lookup, Place, Remove, Symlinks, Write
from wizard.recipes.assemblies import Captions, ClassFolders, MergeInstances, ParquetImages
from wizard.recipes.conversions import (
    BoundaryWeights,
    Edges,
    Instances,
    PickledLabels,
    RleLabels,
)
from wizard.recipes.keys import suggestion
from wizard.recipes.model import Archive, Dataset, Recipe
from wizard.recipes.order import FINISH, TERMS, address, cycle, graph, provider, tables_of
from wizard.recipes.steps import Assign, Extract, Labels, Mat, Polygons, StepSpec, Verify

Problem = tuple[str, str, str]
"""Key, reason and hint."""

_ID = re.compile(r"[a-z0-9][a-z0-9.-]*")
_ADDRESS = re.compile(r"https?://[^\s/]+(/\S*)?")
_DIGITS = {"md5": 32, "sha1": 40, "sha256": 64}


def problems(recipe: Recipe) -> Iterator[Problem]:
    """Yield every mistake of a decoded recipe."""
    yield from _inside("root", recipe.root)
    yield from _ids("datasets", [each.id for each in recipe.datasets], reserved=(FINISH,))
    yield from _ids("sites", [each.id for each in recipe.sites])
    yield from _ids("finish", [each.id for each in recipe.finish])
    yield from _twice("taxonomies", "name", [each.name for each in recipe.taxonomies])
    for index, dataset in enumerate(recipe.datasets):
        yield from _dataset(recipe, dataset, f"datasets[{index}]")
    yield from _needs(recipe)


def is_web_address(url: str) -> bool:
    """Return whether something can be fetched with http."""
    return _ADDRESS.fullmatch(url) is not None


def _dataset(recipe: Recipe, dataset: Dataset, key: str) -> Iterator[Problem]:
    yield from _inside(f"{key}.folder", dataset.folder)
    yield from _twice(f"{key}.archives", "name", [each.name for each in dataset.archives])
    yield from _ids(f"{key}.steps", [each.id for each in dataset.steps], reserved=(TERMS,))
    yield from _ids(f"{key}.ways", [each.id for each in dataset.ways])
    for index, archive in enumerate(dataset.archives):
        yield from _archive(recipe, archive, f"{key}.archives[{index}]")
        yield from _way(dataset, archive.way, f"{key}.archives[{index}].way")
    for index, step in enumerate(dataset.steps):
        yield from _step(recipe, dataset, step, f"{key}.steps[{index}]")


def _archive(recipe: Recipe, archive: Archive, key: str) -> Iterator[Problem]:
    if "/" in archive.name or "\\" in archive.name or archive.name in ("", ".", ".."):
        yield f"{key}.name", "should be a file name without folders", "use path for the folder"
    yield from _inside(f"{key}.path", archive.path)
    for index, url in enumerate(archive.urls):
        if not is_web_address(url):
            yield f"{key}.urls[{index}]", f"is no http address: {url!r}", ""
    yield from proof_problems(f"{key}.", archive.size, archive.md5, archive.sha1, archive.sha256)
    for index, version in enumerate(archive.versions):
        prefix = f"{key}.versions[{index}]."
        yield from proof_problems(prefix, version.size, version.md5, "", version.sha256)
    yield from _access(recipe, archive, key)


def proof_problems(
    prefix: str, size: int | None, md5: str, sha1: str, sha256: str
) -> Iterator[Problem]:
    """Yield what is wrong with a size or a hash; ``prefix`` begins their keys."""
    if size is not None and size <= 0:
        yield f"{prefix}size", "should be a positive number of bytes", "leave it out if unknown"
    for name, value in (("md5", md5), ("sha1", sha1), ("sha256", sha256)):
        if value and not re.fullmatch(f"[0-9a-f]{{{_DIGITS[name]}}}", value):
            yield f"{prefix}{name}", f"should be {_DIGITS[name]} digits of 0-9 and a-f", ""


def _access(recipe: Recipe, archive: Archive, key: str) -> Iterator[Problem]:
    access, sites = archive.access, [each.id for each in recipe.sites]
    if access.kind in ("login", "token") and access.site not in sites:
        what = f"names no site of this recipe: {access.site!r}" if access.site else "is missing"
        yield f"{key}.access.site", what, suggestion(access.site, sites)
    if access.kind == "open" and not archive.urls:
        yield f"{key}.urls", "is missing: an open archive needs an address", "or set access.kind"
    if access.kind == "base-url" and not access.suffix:
        yield f"{key}.access.suffix", "is missing: what follows the mailed address", ""


def _step(recipe: Recipe, dataset: Dataset, step: StepSpec, key: str) -> Iterator[Problem]:
    known = [each.name for each in dataset.archives]
    if isinstance(step, Extract | Place) and step.archive not in known:
        reason = f"names no archive of {dataset.id}: {step.archive!r}"
        yield f"{key}.archive", reason, suggestion(step.archive, known)
    if isinstance(step, BoundaryWeights) and step.ready and step.ready not in known:
        reason = f"names no archive of {dataset.id}: {step.ready!r}"
        yield f"{key}.ready", reason, suggestion(step.ready, known)
    for name, path in _paths(step):
        yield from _inside(f"{key}.{name}", path)
    for name, pattern in _patterns(step):
        yield from _pattern(f"{key}.{name}", pattern)
    yield from _way(dataset, step.way, f"{key}.way")
    tables = tables_of(step)
    if tables and provider(recipe, tables) is None:
        yield f"{key}.tables", f"lies in the folder of no dataset: {tables!r}", ""
    if isinstance(step, Labels):
        yield from _labels(step, key)
    if isinstance(step, Verify):
        yield from _verify(step, key)
    for name, taxonomy in _named(step):
        titles = [each.name for each in recipe.taxonomies]
        if titles and taxonomy not in titles:
            yield (
                f"{key}.{name}",
                f"is no taxonomy listed: {taxonomy!r}",
                suggestion(taxonomy, titles),
            )


def _paths(step: StepSpec) -> tuple[tuple[str, str], ...]:
    match step:
        case Extract():
            rules = tuple((f"rules[{i}].to", rule.to or "") for i, rule in enumerate(step.rules))
            nested = tuple((f"nested[{i}].into", each.into) for i, each in enumerate(step.nested))
            return (("into", step.into), *rules, *nested)
        case Assign():
            return (("file", step.file),)
        case Instances() | RleLabels():
            return (("json", step.json), ("into", step.into))
        case PickledLabels():
            return (("file", step.file), ("into", step.into))
        case Edges():
            return (("labels", step.labels), ("into", step.into))
        case BoundaryWeights():
            return (("list", step.list), ("folder", step.folder), ("into", step.into))
        case Mat():
            return (("sources", step.sources), ("into", step.into), ("remove", step.remove))
        case Polygons():
            return (("sources", step.sources), ("tables", step.tables))
        case Labels() | Verify():
            return (("folder", step.folder), ("tables", step.tables))
        case Arrange() | Lookup() | Place() | Remove() | Symlinks() | Write():
            return _arranged(step)
        case Captions() | ClassFolders() | MergeInstances() | ParquetImages():
            return _assembled(step)
        case _:
            return ()


def _arranged(
    step: Arrange | Lookup | Place | Remove | Symlinks | Write,
) -> tuple[tuple[str, str], ...]:
    match step:
        case Arrange():
            moves = ((f"moves[{i}].to", move.to) for i, move in enumerate(step.moves))
            return (
                ("source", step.source),
                ("into", step.into),
                ("remove", step.remove),
                *moves,
            )
        case Lookup():
            return (("sources", step.sources), ("folder", step.folder), ("into", step.into))
        case Place():
            return (("to", step.to),)
        case Remove():
            return tuple((f"patterns[{i}]", path) for i, path in enumerate(step.patterns))
        case Symlinks():
            ends = ((f"links.{name}", path) for name, path in step.links.items())
            return (*ends, *((f"links.{name}", name) for name in step.links))
        case Write():
            return (("file", step.file),)


def _assembled(
    step: Captions | ClassFolders | MergeInstances | ParquetImages,
) -> tuple[tuple[str, str], ...]:
    match step:
        case Captions():
            return (("table", step.table), ("into", step.into))
        case ClassFolders():
            sources = (("images", step.images), ("truth", step.truth), ("synsets", step.synsets))
            return (*sources, ("into", step.into))
        case MergeInstances():
            merged = tuple((f"sources[{i}]", path) for i, path in enumerate(step.sources))
            return (*merged, ("into", step.into))
        case ParquetImages():
            return (("shards", step.shards), ("into", step.into), ("name", step.name))


def _patterns(step: StepSpec) -> tuple[tuple[str, str], ...]:
    """Regular expressions of a step."""
    match step:
        case Extract():
            outer = ((f"rules[{i}].pattern", rule.pattern) for i, rule in enumerate(step.rules))
            inner = (
                (f"nested[{i}].rules[{j}].pattern", rule.pattern)
                for i, each in enumerate(step.nested)
                for j, rule in enumerate(each.rules)
            )
            return (*outer, *inner)
        case Arrange():
            return tuple((f"moves[{i}].pattern", move.pattern) for i, move in enumerate(step.moves))
        case _:
            return ()


def _pattern(key: str, pattern: str) -> Iterator[Problem]:
    try:
        re.compile(pattern)
    except re.error as error:
        yield key, f"is no regular expression: {error}", ""


def _way(dataset: Dataset, way: str, key: str) -> Iterator[Problem]:
    ways = [each.id for each in dataset.ways]
    if way and way not in ways:
        yield key, f"is no way of {dataset.id}: {way!r}", suggestion(way, ways)


def _named(step: StepSpec) -> tuple[tuple[str, str], ...]:
    match step:
        case Polygons():
            return (("taxonomy", step.taxonomy),)
        case Labels():
            outputs = ((f"outputs[{i}].taxonomy", o.taxonomy) for i, o in enumerate(step.outputs))
            return (("source", step.source), *outputs)
        case Verify():
            return tuple((f"taxonomies[{i}]", name) for i, name in enumerate(step.taxonomies))
        case _:
            return ()


def _labels(step: Labels, key: str) -> Iterator[Problem]:
    """Each output is made from the source or from an output before it."""
    if step.decode == "panoptic" and not step.segments:
        yield f"{key}.segments", "is missing: panoptic labels need the JSON of their segments", ""
    made = [step.source]
    for index, output in enumerate(step.outputs):
        place = f"{key}.outputs[{index}]"
        if output.base and output.base not in made:
            reason = f"is neither the source nor an output above: {output.base!r}"
            yield f"{place}.base", reason, suggestion(output.base, made)
        if output.relabel and output.relabel.mask != "label" and not output.relabel.source:
            yield (
                f"{place}.relabel.source",
                f"is missing: where {output.relabel.mask} masks lie",
                "",
            )
        made.append(output.taxonomy)
    yield from _twice(f"{key}.outputs", "taxonomy", [each.taxonomy for each in step.outputs])


def _verify(step: Verify, key: str) -> Iterator[Problem]:
    for index, example in enumerate(step.examples):
        place = f"{key}.examples[{index}]"
        if example.taxonomy not in step.taxonomies:
            hint = suggestion(example.taxonomy, step.taxonomies)
            yield f"{place}.taxonomy", f"is not verified here: {example.taxonomy!r}", hint
        if example.split not in step.splits:
            hint = suggestion(example.split, step.splits)
            yield f"{place}.split", f"is not verified here: {example.split!r}", hint


def _needs(recipe: Recipe) -> Iterator[Problem]:
    """Every need is a step of the recipe, and no steps wait for each other."""
    steps = graph(recipe, recipe.datasets)
    for key, owner, own in _lists(recipe):
        for index, step in enumerate(own):
            for place, need in enumerate(step.needs):
                if address(owner, need) not in steps:
                    where = f"{key}[{index}].needs[{place}]"
                    hint = suggestion(address(owner, need), steps)
                    yield where, f"is no step: {need!r}", hint
    known = {step: tuple(need for need in needs if need in steps) for step, needs in steps.items()}
    if circle := cycle(known):
        yield "", f"steps wait for each other: {' -> '.join(circle)}", "take one need out"


def _lists(recipe: Recipe) -> Iterator[tuple[str, str, tuple[StepSpec, ...]]]:
    """Every list of steps with its key and the dataset id its steps belong to."""
    for index, dataset in enumerate(recipe.datasets):
        yield f"datasets[{index}].steps", dataset.id, dataset.steps
    yield "finish", FINISH, recipe.finish


def _ids(key: str, ids: list[str], reserved: Iterable[str] = ()) -> Iterator[Problem]:
    for index, each in enumerate(ids):
        if not _ID.fullmatch(each):
            yield f"{key}[{index}].id", f"should be lower case without blanks: {each!r}", ""
        if each in reserved:
            yield f"{key}[{index}].id", f"is taken by the program: {each!r}", ""
    yield from _twice(key, "id", ids)


def _twice(key: str, name: str, values: list[str]) -> Iterator[Problem]:
    for index, value in enumerate(values):
        if value in values[:index]:
            first = values.index(value)
            yield f"{key}[{index}].{name}", f"is used before, by {key}[{first}]: {value!r}", ""


def _inside(key: str, path: str) -> Iterator[Problem]:
    """Paths of recipes are relative, POSIX, and never leave their base."""
    if path.startswith("/") or "\\" in path or ".." in PurePosixPath(path).parts:
        yield key, f"should stay inside the destination: {path!r}", "no leading / and no .."
