"""Databases to test with: SQLite always; PostgreSQL too where ZOUFANG_TEST_POSTGRESQL is the URL of a
database whose tables may be dropped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from store import Store

POSTGRESQL = os.environ.get("ZOUFANG_TEST_POSTGRESQL", "")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with its tables and nothing in them: copying it is quicker than migrating."""
    path = tmp_path_factory.mktemp("empty") / "data.db"
    Store.open(path).close()
    return path


@pytest.fixture(params=["sqlite", *(["postgresql"] if POSTGRESQL else [])])
def store(request: pytest.FixtureRequest, tmp_path: Path, empty_database: Path) -> Iterator[Store]:
    """An empty database."""
    if request.param == "sqlite":
        opened = Store.open(shutil.copy(empty_database, tmp_path / "data.db"))
    else:
        _drop_everything(POSTGRESQL)
        opened = Store.open(POSTGRESQL)
    yield opened
    opened.close()


def _drop_everything(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as db:
        db.execute(text("DROP SCHEMA public CASCADE"))
        db.execute(text("CREATE SCHEMA public"))
    engine.dispose()
