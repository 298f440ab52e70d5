"""When and how each subject is to be visited; villages that the campaign is to look at first."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "visit_plans",
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("mode", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("round", "kind", "subject", name=op.f("pk_visit_plans")),
    )
    op.add_column("villages", sa.Column("focus", sa.Boolean(), nullable=True))
