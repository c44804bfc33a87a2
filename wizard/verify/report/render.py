"""A report written as one page that needs nothing from outside, and as JSON."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from wizard import figures
from wizard.files import make_way, write_whole
from wizard.harmless import harmless
from wizard.state.store import Store
from wizard.state.table import REPORT
from wizard.verify.report.model import ReportData

PAGE = "segwizard-report.html"
TWIN = REPORT.name
_STORE = Store(REPORT, ReportData)


def write_report(dest: Path, report: ReportData) -> tuple[Path, Path]:
    """Write the page and its JSON twin into ``dest`` and return their paths."""
    page, twin = dest / PAGE, dest / TWIN
    for place in (page, twin):
        if place.is_dir():
            make_way(place)
    write_whole(page, render(report).encode())
    _STORE.write(twin, _without_pictures(report))
    return page, twin


def read_twin(dest: Path) -> ReportData | None:
    """Return the report last written into ``dest``; a missing or damaged one is none."""
    report = _STORE.read(dest / TWIN)
    return report if (dest / PAGE).is_file() else None


def render(report: ReportData) -> str:
    """Return the page; every value is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("wizard.verify.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        size=figures.size,
        day=_day,
        span=figures.span,
        number=lambda amount: f"{amount:,}",
        share=lambda part: f"{100 * part:.1f} %",
    )
    # A page with its pictures inside has lines of any length.
    page = environment.get_template("report.html.j2").render(report=report)
    return harmless(page, longest=len(page))


def _day(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))


def _without_pictures(report: ReportData) -> ReportData:
    pages = tuple(msgspec.structs.replace(page, rows=()) for page in report.datasets)
    return msgspec.structs.replace(report, datasets=pages)
