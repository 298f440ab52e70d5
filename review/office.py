"""What the review page needs of the workspace around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from campaign.config import Campaign
from ingest.model import Shelf
from layouts.identity import Key
from layouts.model import Layout
from review.recent import Recent
from store import Store, printed


@dataclass(frozen=True, eq=False)
class Office:
    """One campaign's data.

    originals  folder of scan files, named by their SHA-256
    shelf      makes what a reader may know, for reading a page again
    """

    store: Store
    key: Key
    originals: Path
    campaign: Campaign
    shelf: Callable[[], Shelf]
    recent: Recent = field(default_factory=Recent)
    sifted_to: dict[str, int] = field(default_factory=dict)
    _layouts: dict[str, Layout] = field(default_factory=dict)
    _places: dict[str, tuple[str, int]] = field(default_factory=dict)

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
