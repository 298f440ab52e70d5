"""Brings a database to the tables of this version, by Alembic and without a configuration file."""

from __future__ import annotations

import os
from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from forms.errors import ClerkError


class SchemaError(ClerkError):
    """The database cannot be used by this version; the message is for the clerk."""


def configuration(connection: Connection | None = None) -> Config:
    """For developers: `alembic.command.revision(configuration(connection), autogenerate=True)`."""
    folder = os.fspath(files("store.migrations"))  # type: ignore[call-overload]
    config = Config()
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def is_current(connection: Connection) -> bool:
    """Raises SchemaError when the database has a revision that this version does not know."""
    scripts = ScriptDirectory.from_config(configuration())
    present = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    if present is not None and present not in known:
        raise SchemaError("数据库由更新版本的 zoufang 建立，请先升级 zoufang 再打开")
    return present == scripts.get_current_head()


def upgrade(connection: Connection) -> None:
    """Apply the migrations that `connection`'s database lacks, in its transaction."""
    command.upgrade(configuration(connection), "head")
