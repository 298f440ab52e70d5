"""Which subject a row of a printed table is about."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "listed",
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(length=6), nullable=False),
        sa.Column("about_kind", sa.String(length=20), nullable=False),
        sa.Column("about", sa.String(length=40), nullable=False),
        sa.Column("list", sa.String(length=40), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("subject_kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint(
            "round", "form", "about_kind", "about", "list", "row", name=op.f("pk_listed")
        ),
        sqlite_with_rowid=False,
    )
