"""Stores to test with: SQLite always, PostgreSQL too where ZOUFANG_TEST_POSTGRESQL names a database
whose tables may be dropped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_store import fill_roster, issue_one, tiny_layout
from sqlalchemy import create_engine, text

from layouts.model import Layout
from store import Store

POSTGRESQL = os.environ.get("ZOUFANG_TEST_POSTGRESQL", "")


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables and nothing in them: copying it is quicker than migrating."""
    path = tmp_path_factory.mktemp("empty") / "data.db"
    Store.open(path).close()
    return path


@pytest.fixture(params=["sqlite", *(["postgresql"] if POSTGRESQL else [])])
def store(request: pytest.FixtureRequest, tmp_path: Path, empty: Path) -> Iterator[Store]:
    if request.param == "postgresql":
        engine = create_engine(POSTGRESQL)
        with engine.begin() as db:
            db.execute(text("DROP SCHEMA public CASCADE"))
            db.execute(text("CREATE SCHEMA public"))
        engine.dispose()
    else:
        shutil.copy(empty, tmp_path / "data.db")
    opened = Store.open(POSTGRESQL if request.param == "postgresql" else tmp_path / "data.db")
    with opened.write() as db:
        fill_roster(db)
    yield opened
    opened.close()


@pytest.fixture
def layout() -> Layout:
    return tiny_layout()


@pytest.fixture
def serial(store: Store, layout: Layout) -> str:
    """The first page of a form handed out."""
    with store.write() as db:
        return issue_one(db, layout)[1]
