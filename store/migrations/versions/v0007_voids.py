"""Forms declared void; several sheets on one image."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "voids",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance", sa.String(length=16), nullable=False),
        sa.Column("void", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["instance"], ["instances.id"], name=op.f("fk_voids_instance_instances")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voids")),
    )
    op.create_index(op.f("ix_voids_instance"), "voids", ["instance"])
    op.add_column("page_images", sa.Column("part", sa.Integer(), server_default="1", nullable=False))
