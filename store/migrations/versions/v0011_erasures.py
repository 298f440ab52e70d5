"""Scan files from which personal data was erased."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("scan", sa.String(length=64), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["scan"], ["scans.sha256"], name=op.f("fk_erasures_scan_scans")),
        sa.PrimaryKeyConstraint("scan", name=op.f("pk_erasures")),
    )
