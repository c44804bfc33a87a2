"""Every page by name: the one place that knows them all, so that pages need not know each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from wizard.tui.screens.activity import ActivityPage
from wizard.tui.screens.base import Page
from wizard.tui.screens.credentials import CredentialsPage
from wizard.tui.screens.datasets import CollectionsPage, DatasetsPage
from wizard.tui.screens.destination import DestinationPage
from wizard.tui.screens.finished import FinishedPage
from wizard.tui.screens.log import LogPage
from wizard.tui.screens.plan import PlanPage
from wizard.tui.screens.preview import PreviewPage
from wizard.tui.screens.requests import RequestsPage
from wizard.tui.screens.resume import ResumePage
from wizard.tui.screens.sources import SourcesPage
from wizard.tui.screens.terms import ReadingPage, TermsPage
from wizard.tui.screens.wizard import WizardPage
from wizard.tui.shell import PageName

PAGES: Mapping[PageName, Callable[[str], Page]] = MappingProxyType(
    {
        "collections": lambda _: CollectionsPage(),
        "destination": lambda _: DestinationPage(),
        "datasets": lambda _: DatasetsPage(),
        "plan": lambda _: PlanPage(),
        "requests": lambda _: RequestsPage(),
        "terms": lambda _: TermsPage(),
        "reading": lambda _: ReadingPage(),
        "resume": lambda _: ResumePage(),
        "wizard": WizardPage,
        "activity": lambda _: ActivityPage(),
        "log": lambda _: LogPage(),
        "credentials": lambda _: CredentialsPage(),
        "preview": PreviewPage,
        "finished": lambda _: FinishedPage(),
        "sources": lambda _: SourcesPage(),
    }
)
"""How each page is made; what is passed is the dataset or step it is about."""
