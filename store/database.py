"""Opening a database and its transactions.

SQLite: one writer at a time takes its lock at BEGIN (so that two writers wait for each other instead of
failing half-way), keys are enforced, and the write-ahead log is used only by versions without its reset
bug (https://sqlite.org/wal.html, DESIGN §6).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import (
    URL,
    Connection,
    Delete,
    Engine,
    Table,
    Update,
    create_engine,
    event,
    func,
    insert,
    make_url,
    select,
)
from sqlalchemy.pool import ConnectionPoolEntry

from forms.errors import ClerkError
from store.migrate import is_current, upgrade

BUSY_MS = 60_000
"""How long a writer waits for another: longer than the slowest single transaction, a town's print job."""

_UPGRADE_LOCK = 0x7A6F7566
"""Only one process at a time migrates a PostgreSQL database; SQLite has one writer anyway."""
_WRITES = "zoufang_writes"
_PURGES = "zoufang_purges"


class InUseError(ClerkError):
    """Others use the database, which was wanted for one alone."""


class Store:
    """The database of a workspace. Safe to share between threads; each process opens its own.

    with store.write() as db:
        printed.issue(db, ...)
    """

    def __init__(self, engine: Engine) -> None:
        self._reader = engine
        self._writer = engine.execution_options(**{_WRITES: True})
        # SQLite's waiting writers sleep and look again; threads of one process need not.
        alone = engine.dialect.name == "sqlite"
        self._turn: AbstractContextManager[Any] = Lock() if alone else nullcontext()

    @staticmethod
    def open(target: Path | str) -> Store:
        """Open, creating and upgrading its tables as needed.

        target  path of an SQLite file, or an SQLAlchemy URL (postgresql+psycopg://…)

        Raises migrate.SchemaError when the database was written by a newer version.
        """
        store = Store(_engine(_url(target)))
        try:
            store._upgrade()
        except BaseException:
            store.close()
            raise
        return store

    def _upgrade(self) -> None:
        with self.read() as db:
            if is_current(db):
                return
        with self.write() as db:  # looks again: another process may have been faster
            if db.dialect.name == "postgresql":
                db.execute(select(func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
            upgrade(db)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection in a transaction that sees one state of the database. Fetch all, then close: on
        SQLite without WAL an open read keeps writers waiting."""
        with self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction: all of it is kept, or, when an exception leaves the block, nothing."""
        with self._turn, self._writer.begin() as connection:
            yield connection

    @contextmanager
    def purge(self) -> Iterator[Connection]:
        """A write transaction that may also change and delete what is otherwise only added to.

        For the deletion of personal data by rule; the caller writes it to the audit log, and calls
        `compact` afterwards.
        """
        with self._turn, self._writer.execution_options(**{_PURGES: True}).begin() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA secure_delete = ON")
            yield connection

    def compact(self) -> None:
        """Leave nothing in the database's files of what was deleted. It takes as long as a copy of it, and
        needs it for itself. Raises InUseError."""
        if self._reader.dialect.name != "sqlite":
            alone = self._reader.execution_options(isolation_level="AUTOCOMMIT")
            with alone.connect() as connection:
                connection.exec_driver_sql("VACUUM FULL")
            return
        with self._turn, self._reader.connect() as source:
            driver = source.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            try:
                driver.execute("VACUUM")
                busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.OperationalError as error:
                raise InUseError("数据库正被别的程序使用") from error
        if busy:
            raise InUseError("数据库正被别的程序使用")

    def back_up(self, target: Path) -> None:
        """A consistent copy while others work. SQLite only: raises NotImplementedError elsewhere."""
        if self._reader.dialect.name != "sqlite":
            raise NotImplementedError("PostgreSQL 请用 pg_dump 备份")
        with self._reader.connect() as source, sqlite3.connect(target) as copy:
            driver = source.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.backup(copy)
        copy.close()

    def close(self) -> None:
        self._reader.dispose()


def _url(target: Path | str) -> URL:
    if isinstance(target, str) and "://" in target:
        return make_url(target)
    return URL.create("sqlite", database=str(target))


def _engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        json_serializer=lambda value: to_json(value).decode(),
        json_deserializer=from_json,
    )
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "before_execute", _guard)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # BEGIN is ours, see _begin_sqlite
    mode = "WAL" if wal_is_safe(sqlite3.sqlite_version_info) else "DELETE"
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """Whether SQLite of this version has the WAL-reset fix: 3.51.3, and 3.50.7 and 3.44.6 in their lines."""
    line = version[:2]
    if line == (3, 44):
        return version >= (3, 44, 6)
    if line == (3, 50):
        return version >= (3, 50, 7)
    return version >= (3, 51, 3)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _guard(connection: Connection, statement: Any, *_: Any) -> None:
    """Refuse to change or delete rows of tables that are only added to."""
    if not isinstance(statement, Update | Delete):
        return
    table = statement.table
    allowed = connection.get_execution_options().get(_PURGES)
    if isinstance(table, Table) and table.info.get("append_only") and not allowed:
        raise PermissionError(f"{table} is append-only")


def insert_one(db: Connection, table: Table, **values: Any) -> int:
    """Insert a row into a table with a number as its key. Returns the number."""
    return int(db.execute(insert(table).values(**values).returning(table.c.id)).scalar_one())
