"""What is wrong, grouped by cause: nothing gets lost, and every cause has its words."""

from __future__ import annotations

import ast
import importlib
from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.house import read_modules
from wizard.causes import CAUSES
from wizard.errors import LabelError, TransferError, WizardError
from wizard.findings import (
    GROUP_EXAMPLES,
    FailureGroup,
    Finding,
    fatal,
    finding_of,
    grouped,
    notes_among,
    slug_of,
)

SLUGS = st.sampled_from(["missing-label", "wrong-size", "no-offsets", "of-no-table"])
FINDINGS = st.lists(
    st.builds(
        Finding,
        cause=SLUGS,
        path=st.text("abc/", max_size=3),
        detail=st.text("xyz", max_size=3),
        hint=st.sampled_from(["", "run again", "unpack again"]),
        fatal=st.booleans(),
    ),
    max_size=40,
)


@given(FINDINGS)
def test_no_count_is_lost_and_no_remedy_is_told_of_another_fault(findings: list[Finding]) -> None:
    groups = grouped(findings)
    assert sum(group.count for group in groups) == len(findings)
    for group in groups:
        mine = [finding for finding in findings if group.holds(finding)]
        assert len(mine) == group.count
        assert {finding.cause for finding in mine} == {group.cause}
        assert {finding.fatal for finding in mine} == {group.fatal}
        assert group.examples == tuple(dict.fromkeys(map(str, mine)))[:GROUP_EXAMPLES]
    assert Counter(each.cause for each in findings) == sum(
        (Counter({group.cause: group.count}) for group in groups), Counter()
    )


@given(FINDINGS)
def test_order_is_by_weight_then_by_the_table(findings: list[Finding]) -> None:
    groups = grouped(findings)
    assert groups == (*fatal(groups), *notes_among(groups))
    for part in (fatal(groups), notes_among(groups)):
        counts = [group.count for group in part]
        assert counts == sorted(counts, reverse=True)
    listed = [*CAUSES]
    for one, two in zip(groups, groups[1:], strict=False):
        if (one.fatal, one.count) == (two.fatal, two.count) and {one.cause, two.cause} <= {*listed}:
            assert listed.index(one.cause) <= listed.index(two.cause)


@given(FINDINGS, st.integers(1, 7))
def test_groups_of_groups_count_as_the_findings_do(findings: list[Finding], size: int) -> None:
    parts = [findings[row : row + size] for row in range(0, len(findings), size)]
    whole = {(g.fatal, g.cause, g.hint): g.count for g in grouped(findings)}
    again = grouped(group for part in parts for group in grouped(part))
    assert {(g.fatal, g.cause, g.hint): g.count for g in again} == whole


def test_steps_that_one_cause_struck_are_named_once_and_in_order() -> None:
    struck = [
        FailureGroup(cause="disk-full", count=2, hint="make room", steps=(step,))
        for step in ("a/fetch", "b/fetch", "a/fetch")
    ]
    (group,) = grouped(struck)
    assert (group.count, group.steps) == (6, ("a/fetch", "b/fetch"))


def test_a_group_knows_its_words_also_when_read_from_an_older_file() -> None:
    old = b'{"cause":"missing-label","count":2,"hint":""}'
    assert msgspec.json.decode(old, type=FailureGroup).title == CAUSES["missing-label"].title
    assert FailureGroup(cause="of-no-table", count=1, hint="").title == "of no table"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            LabelError("is cut", cause="truncated-image", where="a.png", hint="unpack again"),
            Finding("truncated-image", "a.png", "is cut", "unpack again"),
        ),
        (TransferError("did not come"), Finding("transfer", "item", "did not come")),
        (
            PermissionError(13, "Permission denied", "/x/y"),
            Finding("system", "/x/y", "Permission denied", CAUSES["system"].hint),
        ),
        (
            ValueError("odd"),
            Finding("unexpected", "item", "ValueError: odd", CAUSES["unexpected"].hint),
        ),
    ],
)
def test_every_error_becomes_a_finding(error: Exception, told: Finding) -> None:
    assert finding_of(error, "item") == told


def test_the_table_names_no_slug_twice() -> None:
    tree = read_modules()["wizard.causes"].tree
    slugs = Counter(
        text
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and _called(call) == "Cause"
        for text in _texts(call.args[0])
    )
    assert [slug for slug, times in slugs.items() if times > 1] == []
    assert set(slugs) == set(CAUSES)


def test_every_cause_given_anywhere_has_a_row() -> None:
    given_somewhere = _given_slugs()
    assert len(given_somewhere) > 50
    assert given_somewhere - set(CAUSES) == set()


def test_every_kind_of_error_has_a_row() -> None:
    kinds = _error_kinds()
    assert len(kinds) > 40
    others = [kind for kind in kinds if not issubclass(kind, LabelError)]
    assert {slug_of(kind.__new__(kind)) for kind in others} - set(CAUSES) == set()
    assert LabelError("").cause in CAUSES


def _nodes() -> Iterator[ast.AST]:
    for module in read_modules().values():
        yield from ast.walk(module.tree)


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def _texts(node: ast.expr) -> Iterator[str]:
    """Every text an argument may be, also when it chooses between two."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from (*_texts(one), *_texts(other))


def _cause_places() -> dict[str, int]:
    """Functions and classes that take a ``cause``, with its place among their arguments."""
    places = {"Finding": 0}
    for node in _nodes():
        if isinstance(node, ast.FunctionDef):
            names = [each.arg for each in node.args.args if each.arg not in ("self", "cls")]
            if "cause" in names:
                places[node.name] = names.index("cause")
    return places


def _given_slugs() -> set[str]:
    """Texts that the package gives as a cause."""
    places = _cause_places()
    found: set[str] = set()
    for call in (node for node in _nodes() if isinstance(node, ast.Call)):
        arguments = [each.value for each in call.keywords if each.arg == "cause"]
        place = places.get(_called(call), len(call.args))
        arguments += call.args[place : place + 1]
        for argument in arguments:
            found.update(_texts(argument))
    return found


def _error_kinds() -> set[type[WizardError]]:
    """Every kind of error the package defines."""
    names = {"WizardError"}
    homes: set[str] = {"wizard.errors"}
    for _ in range(4):  # as deep as kinds of errors go
        for module, source in read_modules().items():
            for node in (each for each in source.tree.body if isinstance(each, ast.ClassDef)):
                if any(isinstance(base, ast.Name) and base.id in names for base in node.bases):
                    names.add(node.name)
                    homes.add(module)
    found = {WizardError}
    for home in homes:
        found |= {
            each
            for each in vars(importlib.import_module(home)).values()
            if isinstance(each, type) and issubclass(each, WizardError)
        }
    return found
