"""Run by Alembic with the connection, and inside the transaction, of `store.migrate.upgrade`."""

from alembic import context

import store  # noqa: F401  (all tables)
from store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
    compare_type=True,
)
context.run_migrations()
