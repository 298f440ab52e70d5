from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from returned import Office

from store import Store


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables and nothing in them: copying it is quicker than migrating."""
    path = tmp_path_factory.mktemp("empty") / "data.db"
    Store.open(path).close()
    return path


@pytest.fixture
def store(tmp_path: Path, empty: Path) -> Iterator[Store]:
    opened = Store.open(shutil.copy(empty, tmp_path / "data.db"))
    yield opened
    opened.close()


@pytest.fixture
def office(store: Store) -> Office:
    return Office(store).open()
