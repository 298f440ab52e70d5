"""Corrections that say that nobody can read it; which ones do, the steps that made them know."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column(
        "corrections", sa.Column("unreadable", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.execute(
        "UPDATE corrections SET unreadable = TRUE WHERE id IN"
        " (SELECT correction FROM steps WHERE action = 'unreadable' AND correction IS NOT NULL)"
    )
