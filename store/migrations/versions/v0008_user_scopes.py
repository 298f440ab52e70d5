"""Accounts of a unit or a cadre, who see only their own."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "user_scopes",
        sa.Column("user", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name=op.f("fk_user_scopes_user_users")),
        sa.PrimaryKeyConstraint("user", name=op.f("pk_user_scopes")),
    )
