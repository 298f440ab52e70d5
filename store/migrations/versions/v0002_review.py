"""The review page: accounts, tasks and steps, corrections taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_users")),
    )
    op.create_table(
        "sessions",
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("user", sa.String(length=40), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name=op.f("fk_sessions_user_users")),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_user", "sessions", ["user"], unique=False)
    op.create_table(
        "page_holds",
        sa.Column("page_image", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=40), nullable=False),
        sa.Column("holder_name", sa.String(length=40), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["page_image"], ["page_images.id"], name=op.f("fk_page_holds_page_image_page_images")
        ),
        sa.PrimaryKeyConstraint("page_image", name=op.f("pk_page_holds")),
    )
    op.create_table(
        "sifted",
        sa.Column("decision", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["decision"], ["decisions.id"], name=op.f("fk_sifted_decision_decisions")),
        sa.PrimaryKeyConstraint("decision", "rule", name=op.f("pk_sifted")),
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("area", sa.String(length=12), nullable=False),
        sa.Column("serial", sa.String(length=12), nullable=False),
        sa.Column("page_image", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(length=6), nullable=False),
        sa.Column("field", sa.String(length=60), nullable=False),
        sa.Column("answer", sa.String(length=12), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("alike", sa.String(length=80), nullable=False),
        sa.Column("doubt", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("passes", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=40), nullable=True),
        sa.Column("holder_name", sa.String(length=40), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stirred", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["page_image"], ["page_images.id"], name=op.f("fk_tasks_page_image_page_images")
        ),
        sa.ForeignKeyConstraint(["serial"], ["sheets.serial"], name=op.f("fk_tasks_serial_sheets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
    )
    op.create_index("ix_tasks_holder", "tasks", ["holder"], unique=False)
    op.create_index(op.f("ix_tasks_page_image"), "tasks", ["page_image"], unique=False)
    op.create_index("ix_tasks_serial_field", "tasks", ["serial", "field"], unique=False)
    op.create_index(
        "ix_tasks_stirred",
        "tasks",
        ["serial"],
        sqlite_where=sa.text("stirred"),
        postgresql_where=sa.text("stirred"),
    )
    op.create_index("ix_tasks_order", "tasks", ["state", "passes", "form", "field", "kind", "alike", "id"])
    op.create_table(
        "steps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task", sa.Integer(), nullable=False),
        sa.Column("who", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(length=12), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("correction", sa.Integer(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("together", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["correction"], ["corrections.id"], name=op.f("fk_steps_correction_corrections")
        ),
        sa.ForeignKeyConstraint(["task"], ["tasks.id"], name=op.f("fk_steps_task_tasks")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_steps")),
    )
    op.create_index(op.f("ix_steps_at"), "steps", ["at"], unique=False)
    op.create_index(op.f("ix_steps_task"), "steps", ["task"], unique=False)
    op.create_index("ix_steps_who", "steps", ["who", "id"], unique=False)
    op.create_table(
        "withdrawals",
        sa.Column("correction", sa.Integer(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["correction"], ["corrections.id"], name=op.f("fk_withdrawals_correction_corrections")
        ),
        sa.PrimaryKeyConstraint("correction", name=op.f("pk_withdrawals")),
    )
    op.create_table(
        "undos",
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("who", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["step"], ["steps.id"], name=op.f("fk_undos_step_steps")),
        sa.PrimaryKeyConstraint("step", name=op.f("pk_undos")),
    )
