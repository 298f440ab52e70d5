"""Fields of which several images say different things: all of them are shown."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("tasks", sa.Column("beside", sa.JSON(), server_default="[]", nullable=False))
