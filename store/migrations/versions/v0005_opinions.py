"""Opinions and what became of them; weekly lists drawn up; what figures need of each record."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "opinions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record", sa.String(length=120), nullable=False),
        sa.Column("row", sa.String(length=60), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opinions")),
        sa.UniqueConstraint("record", "row", name=op.f("uq_opinions_record_row")),
        sa.UniqueConstraint("year", "sequence", name=op.f("uq_opinions_year_sequence")),
    )
    op.create_table(
        "opinion_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("opinion", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["opinion"], ["opinions.id"], name=op.f("fk_opinion_events_opinion_opinions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opinion_events")),
    )
    op.create_index(op.f("ix_opinion_events_opinion"), "opinion_events", ["opinion"])
    op.create_table(
        "digests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("week", sa.String(length=8), nullable=False),
        sa.Column("dated", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digests")),
    )
    op.create_table(
        "gleanings",
        sa.Column("record", sa.String(length=120), nullable=False),
        sa.Column("form", sa.String(length=6), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("subject_kind", sa.String(length=20), nullable=True),
        sa.Column("subject", sa.String(length=40), nullable=True),
        sa.Column("cadre", sa.String(length=40), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("basis", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("record", name=op.f("pk_gleanings")),
    )
    op.create_index("ix_gleanings_round_form", "gleanings", ["round", "form"])
