"""Opening, migrating, transactions, and what is only ever added to."""

from __future__ import annotations

import re
import sqlite3
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, delete, insert, inspect, select, text, update
from sqlalchemy.exc import IntegrityError

from store import SchemaError, Store, audit
from store.database import wal_is_safe
from store.migrate import configuration, upgrade
from store.schema import APPEND_ONLY, batches, cadres, metadata, now


def test_migrations_make_the_tables_that_the_code_expects(store: Store) -> None:
    with store.read() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrations_make_the_same_sqlite_tables_as_the_metadata(tmp_path: Path) -> None:
    """Also what Alembic does not compare: checks, unique constraints, tables without rowid."""
    Store.open(tmp_path / "migrated.db").close()
    engine = create_engine(f"sqlite:///{tmp_path / 'created.db'}")
    metadata.create_all(engine)
    engine.dispose()
    assert _definitions(tmp_path / "migrated.db") == _definitions(tmp_path / "created.db")


def _definitions(path: Path) -> dict[str, set[str]]:
    """Name → the parts of its CREATE statement, in any order: a column added later stands at the end."""
    with sqlite3.connect(path) as db:
        rows = db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    db.close()
    return {
        name: {part.strip(" \t)") for part in re.split(r"[,\n]", sql.replace('"', ""))} - {""}
        for name, sql in rows
        if name != "alembic_version"
    }


def test_opening_again_changes_nothing(store: Store) -> None:
    with store.write() as db:
        audit.note(db, "li", "test")
        url = db.engine.url.render_as_string(hide_password=False)
    again = Store.open(url)
    with again.read() as db:
        assert [entry.who for entry in audit.entries(db)] == ["li"]
    again.close()


def test_a_database_of_a_newer_version_is_refused(store: Store) -> None:
    with store.write() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        url = db.engine.url.render_as_string(hide_password=False)
    with pytest.raises(SchemaError, match="更新版本"):
        Store.open(url)


def test_what_steps_said_nobody_can_read_is_known_of_corrections_made_before(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'old.db'}")
    with engine.begin() as db:
        command.upgrade(configuration(db), "0009")
        for n, action in ((1, "save"), (2, "unreadable")):
            db.execute(
                text(
                    "INSERT INTO corrections (id, serial, field, value, who, at, blind)"
                    f" VALUES ({n}, 'S', 'f', 'null', 'li', '2017-04-06', FALSE)"
                )
            )
            db.execute(
                text(
                    "INSERT INTO steps (task, who, at, action, value, correction)"
                    f" VALUES (1, 'li', '2017-04-06', '{action}', 'null', {n})"
                )
            )
        upgrade(db)
        found = db.execute(text("SELECT id FROM corrections WHERE unreadable")).scalars().all()
    engine.dispose()
    assert found == [2]


def test_migrations_travel_with_the_package() -> None:
    folder = files("store.migrations")
    assert folder.joinpath("env.py").is_file()
    assert folder.joinpath("versions", "v0001_baseline.py").is_file()


def test_an_exception_leaves_nothing_behind(store: Store) -> None:
    with suppress(RuntimeError), store.write() as db:
        audit.note(db, "li", "test")
        raise RuntimeError
    with store.read() as db:
        assert audit.entries(db) == []


def test_a_writer_has_the_lock_from_the_start(tmp_path: Path) -> None:
    """So that two writers wait for each other, instead of one failing half-way."""
    store = Store.open(tmp_path / "data.db")
    with store.write():
        other = sqlite3.connect(tmp_path / "data.db", timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
    store.close()


def test_keys_are_enforced(store: Store) -> None:
    with pytest.raises(IntegrityError), store.write() as db:
        db.execute(insert(cadres).values(code="C9", name="某", type="机关", unit="nowhere"))


def test_what_is_append_only_can_be_purged_but_not_changed(store: Store) -> None:
    with store.write() as db:
        db.execute(insert(batches).values(started_at=now(), who="li", source="inbox"))
    for statement in (update(batches).values(who="wang"), delete(batches)):
        with pytest.raises(PermissionError, match="append-only"), store.write() as db:
            db.execute(statement)
    with store.purge() as db:
        db.execute(delete(batches))
    with store.read() as db:
        assert db.execute(select(batches)).all() == []


@pytest.mark.parametrize(
    "name",
    ["layouts", "page_images", "measurements", "readings", "corrections", "problems", "audit", "scans"],
)
def test_originals_and_what_was_seen_and_said_are_append_only(name: str) -> None:
    assert metadata.tables[name].info == APPEND_ONLY


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 52, 0), True),
    ],
)
def test_the_log_is_written_ahead_only_where_its_reset_is_safe(
    version: tuple[int, int, int], safe: bool
) -> None:
    assert wal_is_safe(version) is safe


def test_this_sqlite_uses_the_journal_that_is_safe_for_it(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "data.db")
    with store.read() as db:
        mode = db.execute(text("PRAGMA journal_mode")).scalar_one()
        assert db.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    store.close()
    assert mode == ("wal" if wal_is_safe(sqlite3.sqlite_version_info) else "delete")


def test_a_backup_is_a_whole_database(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "data.db")
    with store.write() as db:
        audit.note(db, "li", "test", {"n": 1})
    store.back_up(tmp_path / "copy.db")
    store.close()
    copy = Store.open(tmp_path / "copy.db")
    with copy.read() as db:
        assert [entry.detail for entry in audit.entries(db, "test")] == [{"n": 1}]
        assert set(inspect(db).get_table_names()) >= set(metadata.tables)
    copy.close()


def test_times_come_back_with_their_zone(store: Store) -> None:
    with store.write() as db:
        audit.note(db, "li", "test")
    with store.read() as db:
        (entry,) = audit.entries(db)
    assert entry.at.tzinfo is not None
    assert abs((now() - entry.at).total_seconds()) < 60
