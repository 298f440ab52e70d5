from __future__ import annotations

import pytest
from small_store import fill_roster, issue_one, tiny_layout

from layouts.model import Layout
from store import Store


@pytest.fixture
def store(store: Store) -> Store:
    """A database with the small roster."""
    with store.write() as db:
        fill_roster(db)
    return store


@pytest.fixture
def layout() -> Layout:
    return tiny_layout()


@pytest.fixture
def serial(store: Store, layout: Layout) -> str:
    """The first page of a form handed out."""
    with store.write() as db:
        return issue_one(db, layout)[1]
