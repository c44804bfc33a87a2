"""What a recipe must hold to beyond its types: names that exist, paths inside, no circles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from string import Formatter

from wizard.recipes.archive_facts import fact_problems, is_web_address, proof_problems
from wizard.recipes.keys import suggestion
from wizard.recipes.model import Archive, Dataset, Recipe
from wizard.recipes.order import FINISH, TERMS_STEP, address, cycle, graph, provider
from wizard.recipes.reach import Reach, glob_fault
from wizard.recipes.step_table import Named, Problem, StepTable

_GLOBS = frozenset(("sources", "shards", "files", "folders"))
"""Keys of what is read by globs and has to be there."""
_ID = re.compile(r"[a-z0-9][a-z0-9.-]*")
_BRACES = re.compile(r"\{[^{}/]*\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def problems(recipe: Recipe) -> Iterator[Problem]:
    """Yield every mistake of a decoded recipe."""
    yield from _inside("root", recipe.root)
    yield from _plain("root", recipe.root)
    for index, variable in enumerate(recipe.variables):
        for name, text in (("value", variable.value), ("reader", variable.reader)):
            yield from _template(f"variables[{index}].{name}", text, ("dest", "root"))
    yield from _ids("datasets", [each.id for each in recipe.datasets], reserved=(FINISH,))
    yield from _ids("sites", [each.id for each in recipe.sites])
    yield from _ids("finish", [each.id for each in recipe.finish])
    yield from _twice("taxonomies", "name", [each.name for each in recipe.taxonomies])
    reach = Reach(recipe)
    for index, dataset in enumerate(recipe.datasets):
        yield from _dataset(recipe, dataset, f"datasets[{index}]")
        for place, step in enumerate(dataset.steps):
            for key, reason, hint in reach.problems(dataset, step):
                yield f"datasets[{index}].steps[{place}].{key}", reason, hint
    yield from _needs(recipe)


def _dataset(recipe: Recipe, dataset: Dataset, key: str) -> Iterator[Problem]:
    yield from _inside(f"{key}.folder", dataset.folder)
    yield from _plain(f"{key}.folder", dataset.folder)
    yield from _twice(f"{key}.archives", "name", [each.name for each in dataset.archives])
    yield from _ids(f"{key}.steps", [each.id for each in dataset.steps], reserved=(TERMS_STEP,))
    yield from _ids(f"{key}.alternatives", [each.id for each in dataset.alternatives])
    for index, archive in enumerate(dataset.archives):
        yield from _archive(recipe, archive, f"{key}.archives[{index}]")
        yield from _alternative(
            dataset, archive.alternative, f"{key}.archives[{index}].alternative"
        )
    for index, step in enumerate(dataset.steps):
        yield from _step(recipe, dataset, step, f"{key}.steps[{index}]")


def _archive(recipe: Recipe, archive: Archive, key: str) -> Iterator[Problem]:
    if "/" in archive.name or "\\" in archive.name or archive.name in ("", ".", ".."):
        yield f"{key}.name", "should be a file name without folders", "use path for the folder"
    yield from _inside(f"{key}.name", archive.name)
    yield from _inside(f"{key}.path", archive.path)
    for index, url in enumerate(archive.urls):
        if not is_web_address(url):
            yield f"{key}.urls[{index}]", f"is no http address: {url!r}", ""
    yield from proof_problems(f"{key}.", archive.size, archive.md5, archive.sha1, archive.sha256)
    yield from fact_problems(archive, key)
    for index, version in enumerate(archive.versions):
        prefix = f"{key}.versions[{index}]."
        yield from proof_problems(prefix, version.size, version.md5, "", version.sha256)
    yield from _access(recipe, archive, key)


def _access(recipe: Recipe, archive: Archive, key: str) -> Iterator[Problem]:
    access, sites = archive.access, [each.id for each in recipe.sites]
    if access.kind in ("login", "token") and access.site not in sites:
        what = f"names no site of this recipe: {access.site!r}" if access.site else "is missing"
        yield f"{key}.access.site", what, suggestion(access.site, sites)
    if access.kind == "open" and not archive.urls:
        yield f"{key}.urls", "is missing: an open archive needs an address", "or set access.kind"
    if access.kind == "base-url" and not access.suffix:
        yield f"{key}.access.suffix", "is missing: what follows the mailed address", ""


def _step(recipe: Recipe, dataset: Dataset, step: StepTable, key: str) -> Iterator[Problem]:
    known = [each.name for each in dataset.archives]
    for field, name in _archives_named(step):
        if name not in known:
            reason = f"names no archive of {dataset.id}: {name!r}"
            yield f"{key}.{field}", reason, suggestion(name, known)
    filled = {name for name, _, _ in step.templates_named()}
    for name, path in step.paths_named():
        yield from _inside(f"{key}.{name}", path)
        if name.partition("[")[0] not in {each.partition("[")[0] for each in filled}:
            yield from _plain(f"{key}.{name}", path)
    for name, path in step.looked_at():
        yield from _inside(f"{key}.{name}", path)
    for name, pattern in step.patterns_named():
        yield from _pattern(f"{key}.{name}", pattern)
    for name, glob in _globs(step):
        if fault := glob_fault(glob):
            yield f"{key}.{name}", *fault
    yield from _alternative(dataset, step.alternative, f"{key}.alternative")
    for name, text, known_names in step.templates_named():
        yield from _template(f"{key}.{name}", text, known_names)
    for name, alternative in step.alternatives_named():
        yield from _alternative(dataset, alternative, f"{key}.{name}")
    tables = step.tables_folder
    if tables and provider(recipe, tables) is None:
        yield f"{key}.tables", f"lies in the folder of no dataset: {tables!r}", ""
    for name, reason, hint in step.problems():
        yield f"{key}.{name}", reason, hint
    for name, taxonomy in step.taxonomies_named():
        titles = [each.name for each in recipe.taxonomies]
        if titles and taxonomy not in titles:
            yield (
                f"{key}.{name}",
                f"is no taxonomy listed: {taxonomy!r}",
                suggestion(taxonomy, titles),
            )


def _archives_named(step: StepTable) -> Iterator[tuple[str, str]]:
    """Yield the archives a step takes files from, each with the field that names it."""
    if step.takes:
        yield "archive", step.takes
    if step.uses:
        yield "ready", step.uses


def _pattern(key: str, pattern: str) -> Iterator[Problem]:
    try:
        re.compile(pattern)
    except re.error as error:
        yield key, f"is no regular expression: {error}", ""


def _globs(step: StepTable) -> Iterator[Named]:
    """Every glob a step names: those of its own, and what it reads under a key for globs."""
    yield from step.globs_named()
    for name, path in step.looked_at():
        if name.rpartition(".")[2] in _GLOBS:
            yield name, path


def _template(key: str, text: str, names: tuple[str, ...]) -> Iterator[Problem]:
    """What stands in braces has to be something that is filled in."""
    try:
        fields = [field for _, field, _, _ in Formatter().parse(text) if field is not None]
    except ValueError as error:
        yield key, f"has a brace that stands alone: {error}", "write {{ for a brace that is meant"
        return
    for field in fields:
        if field not in names:
            known = ", ".join(f"{{{name}}}" for name in names) or "nothing"
            yield key, f"{{{field}}} is filled by nothing", f"filled are: {known}"


def _alternative(dataset: Dataset, alternative: str, key: str) -> Iterator[Problem]:
    alternatives = [each.id for each in dataset.alternatives]
    if alternative and alternative not in alternatives:
        yield (
            key,
            f"is no source of {dataset.id}: {alternative!r}",
            suggestion(alternative, alternatives),
        )


def _needs(recipe: Recipe) -> Iterator[Problem]:
    """Every need is a step of the recipe, and no steps wait for each other."""
    steps = graph(recipe, recipe.datasets)
    for key, owner, own in _lists(recipe):
        for index, step in enumerate(own):
            for place, need in enumerate(step.dependencies):
                if address(owner, need) not in steps:
                    where = f"{key}[{index}].dependencies[{place}]"
                    hint = suggestion(address(owner, need), steps)
                    yield where, f"is no step: {need!r}", hint
    known = {
        step: tuple(need for need in dependencies if need in steps)
        for step, dependencies in steps.items()
    }
    if circle := cycle(known):
        yield "", f"steps wait for each other: {' -> '.join(circle)}", "take one dependency out"


def _lists(recipe: Recipe) -> Iterator[tuple[str, str, tuple[StepTable, ...]]]:
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
            before = f"by number {first + 1} of the {key.rpartition('.')[2]}"
            yield f"{key}[{index}].{name}", f"is used before, {before}: {value!r}", ""


def _plain(key: str, path: str) -> Iterator[Problem]:
    """Braces would stay in the name, as nothing fills them here."""
    if found := _BRACES.search(path):
        yield key, f"{found[0]} is filled by nothing here", "write the path as it is on disk"


def _inside(key: str, path: str) -> Iterator[Problem]:
    """Paths of recipes are relative, POSIX, and never leave their base."""
    if path.startswith("/") or "\\" in path or ".." in PurePosixPath(path).parts:
        yield key, f"should stay inside the destination: {path!r}", "no leading / and no .."
    if _CONTROL.search(path):
        yield key, f"holds a control character: {path!r}", "write the name as it is on disk"
