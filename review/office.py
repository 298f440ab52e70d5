"""What the review page needs of the workspace around it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection

from campaign.config import Campaign
from campaign.coverage import Overview
from campaign.facts import Facts
from campaign.gleaning import glean
from campaign.ledger import Visit, ledger, visits_of
from campaign.opinions import Opinion, current
from ingest.model import Shelf
from layouts.identity import Key
from layouts.model import Layout
from review.jobs import Jobs
from review.recent import Recent
from store import Store, Subject, printed, visit_plans
from store import opinions as kept
from store.visit_plans import Planned
from workspace.folder import Workspace
from workspace.scanning import build_shelf

FIGURES_SECONDS = 20.0
"""The figures of a town take seconds to add up, and may be so old."""
Value = TypeVar("Value")


@dataclass(frozen=True, eq=False)
class Office:
    """One campaign's data, and the long work that is under way."""

    workspace: Workspace
    store: Store
    recent: Recent = field(default_factory=Recent)
    jobs: Jobs = field(default_factory=Jobs)
    sifted_to: dict[str, int] = field(default_factory=dict)
    _layouts: dict[str, Layout] = field(default_factory=dict)
    _places: dict[str, tuple[str, int]] = field(default_factory=dict)

    @cached_property
    def key(self) -> Key:
        return self.workspace.key

    @cached_property
    def campaign(self) -> Campaign:
        return self.workspace.campaign

    @property
    def originals(self) -> Path:
        """Folder of scan files, named by their SHA-256."""
        return self.workspace / "originals"

    def shelf(self) -> Shelf:
        """What a reader may know, for reading a page again."""
        return build_shelf(self.workspace, self.store)

    def overview(self) -> Overview:
        """The figures. Never ask inside a transaction: how records stand is written down."""
        return self._figures("overview", lambda: Overview.of(self.store, self.campaign))

    def opinions(self) -> tuple[list[Opinion], Facts]:
        """All opinions, brought up to date, and whom they are about. Never inside a transaction either."""
        self._glean()

        def load() -> tuple[list[Opinion], Facts]:
            with self.store.read() as db:
                return current(kept.load(db)), Facts.of(db, self.campaign)

        return self._figures("opinions", load)

    def visits(self) -> dict[Subject, Visit]:
        """What is known of each visit. Never inside a transaction either."""
        self._glean()

        def load() -> dict[Subject, Visit]:
            with self.store.read() as db:
                return visits_of(db, self.campaign)

        return self._figures("visits", load)

    def plan(self) -> dict[Subject, Planned]:
        """Subject → the day on which the visit plan has it, of those that it has."""

        def load() -> dict[Subject, Planned]:
            with self.store.read() as db:
                return visit_plans.load(db, self.campaign.round)

        return self._figures("plan", load)

    def ledger(self, cadre: str, unmasked: bool) -> list[dict[str, Any]]:
        """The rows of a cadre's ledger, or of all."""
        opinions, _ = self.opinions()

        def load() -> list[dict[str, Any]]:
            with self.store.read() as db:
                return ledger(db, self.campaign, opinions, cadre or None, unmasked)

        return self._figures(("ledger", cadre, unmasked), load)

    def _glean(self) -> None:
        self._figures("gleaned", lambda: glean(self.store, self.campaign, self.workspace.who))

    def _figures(self, key: Hashable, load: Callable[[], Value]) -> Value:
        return self.recent.figures(key, FIGURES_SECONDS, load)

    def forget_figures(self) -> None:
        """They have changed by more than what comes in."""
        self.recent.forget("overview", "gleaned", "opinions", "visits", "plan", "vocabularies", "shelf")

    def layout(self, digest: str) -> Layout:
        """Layouts never change, so that each is read once. Raises KeyError."""
        if digest not in self._layouts:
            with self.store.read() as db:
                self._layouts[digest] = printed.load_layout(db, digest)
        return self._layouts[digest]

    def place(self, db: Connection, serial: str) -> tuple[Layout, int]:
        """The layout and page of a sheet, which never change either. Raises KeyError."""
        if serial not in self._places:
            sheet = printed.sheet(db, serial)
            if sheet is None:
                raise KeyError(serial)
            self._places[serial] = sheet.layout, sheet.page
        digest, page = self._places[serial]
        return self.layout(digest), page

    def layouts(self) -> list[Layout]:
        """Every layout ever printed."""

        def load() -> list[Layout]:
            with self.store.read() as db:
                return list(printed.load_layouts(db).values())

        return self.recent.get("layouts", 30.0, load)
