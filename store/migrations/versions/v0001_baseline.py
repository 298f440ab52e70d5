"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"])

    op.create_table(
        "batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    op.create_table(
        "layouts",
        sa.Column("digest", sa.String(length=16), nullable=False),
        sa.Column("form", sa.String(length=6), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("json", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_layouts")),
    )
    op.create_table(
        "print_jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("what", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_print_jobs")),
    )
    op.create_table(
        "units",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("head", sa.Text(), nullable=True),
        sa.Column("liaison_officer", sa.Text(), nullable=True),
        sa.Column("leader", sa.Text(), nullable=True),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("removed", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_units")),
    )
    op.create_table(
        "villages",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("secretary", sa.Text(), nullable=True),
        sa.Column("director", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("population", sa.Integer(), nullable=True),
        sa.Column("removed", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_villages")),
    )
    op.create_table(
        "blanks",
        sa.Column("layout", sa.String(length=16), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["layout"], ["layouts.digest"], name=op.f("fk_blanks_layout_layouts")),
        sa.PrimaryKeyConstraint("layout", "page", name=op.f("pk_blanks")),
    )
    op.create_table(
        "cadres",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.Column("unit", sa.String(length=40), nullable=True),
        sa.Column("position", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("mobile", sa.Text(), nullable=True),
        sa.Column("is_liaison_officer", sa.Boolean(), nullable=True),
        sa.Column("stationed_village", sa.String(length=40), nullable=True),
        sa.Column("removed", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["stationed_village"], ["villages.code"], name=op.f("fk_cadres_stationed_village_villages")
        ),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name=op.f("fk_cadres_unit_units")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_cadres")),
    )
    op.create_table(
        "enterprises",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("credit_code", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("village", sa.String(length=40), nullable=True),
        sa.Column("legal_person", sa.Text(), nullable=True),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("removed", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["village"], ["villages.code"], name=op.f("fk_enterprises_village_villages")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_enterprises")),
    )
    op.create_table(
        "groups",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("village", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("head", sa.Text(), nullable=True),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("removed", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["village"], ["villages.code"], name=op.f("fk_groups_village_villages")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_groups")),
    )
    op.create_index(op.f("ix_groups_village"), "groups", ["village"])

    op.create_table(
        "notables",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sector", sa.Text(), nullable=True),
        sa.Column("position", sa.Text(), nullable=True),
        sa.Column("residence", sa.Text(), nullable=True),
        sa.Column("unit", sa.String(length=40), nullable=True),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("removed", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name=op.f("fk_notables_unit_units")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_notables")),
    )
    op.create_table(
        "projects",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("builder", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("phase", sa.Text(), nullable=True),
        sa.Column("village", sa.String(length=40), nullable=True),
        sa.Column("head", sa.Text(), nullable=True),
        sa.Column("removed", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["village"], ["villages.code"], name=op.f("fk_projects_village_villages")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_projects")),
    )
    op.create_table(
        "scans",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["batches.id"], name=op.f("fk_scans_batch_batches")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_scans")),
    )
    op.create_index(op.f("ix_scans_batch"), "scans", ["batch"])

    op.create_table(
        "unit_villages",
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("village", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name=op.f("fk_unit_villages_unit_units")),
        sa.ForeignKeyConstraint(
            ["village"], ["villages.code"], name=op.f("fk_unit_villages_village_villages")
        ),
        sa.PrimaryKeyConstraint("unit", "village", name=op.f("pk_unit_villages")),
    )
    op.create_table(
        "assignments",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("cadre", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["cadre"], ["cadres.code"], name=op.f("fk_assignments_cadre_cadres")),
        sa.PrimaryKeyConstraint("kind", "subject", name=op.f("pk_assignments")),
    )
    op.create_table(
        "cards",
        sa.Column("serial", sa.String(length=12), nullable=False),
        sa.Column("form", sa.String(length=6), nullable=False),
        sa.Column("cadre", sa.String(length=40), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("job", sa.Integer(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["cadre"], ["cadres.code"], name=op.f("fk_cards_cadre_cadres")),
        sa.ForeignKeyConstraint(["job"], ["print_jobs.id"], name=op.f("fk_cards_job_print_jobs")),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_cards")),
        sa.UniqueConstraint("round", "cadre", "number", name=op.f("uq_cards_round_cadre_number")),
    )
    op.create_table(
        "duties",
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("cadre", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["cadre"], ["cadres.code"], name=op.f("fk_duties_cadre_cadres")),
        sa.PrimaryKeyConstraint("round", "kind", "subject", name=op.f("pk_duties")),
    )
    op.create_index(op.f("ix_duties_round_cadre"), "duties", ["round", "cadre"])

    op.create_table(
        "households",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("village", sa.String(length=40), nullable=False),
        sa.Column("group", sa.String(length=40), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=True),
        sa.Column("registered", sa.Integer(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("removed", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["group"], ["groups.code"], name=op.f("fk_households_group_groups")),
        sa.ForeignKeyConstraint(["village"], ["villages.code"], name=op.f("fk_households_village_villages")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_households")),
    )
    op.create_index(op.f("ix_households_group"), "households", ["group"])
    op.create_index(op.f("ix_households_village"), "households", ["village"])

    op.create_table(
        "instances",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("form", sa.String(length=6), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("layout", sa.String(length=16), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("spare", sa.Boolean(), nullable=False),
        sa.Column("subject_kind", sa.String(length=20), nullable=True),
        sa.Column("subject", sa.String(length=40), nullable=True),
        sa.Column("cadre", sa.String(length=40), nullable=True),
        sa.Column("job", sa.Integer(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(subject IS NULL) = (subject_kind IS NULL)", name=op.f("ck_instances_subject_complete")
        ),
        sa.CheckConstraint(
            "NOT anonymous OR (subject IS NULL AND cadre IS NULL AND job IS NULL AND issued_at IS NULL)",
            name=op.f("ck_instances_anonymous_unlinked"),
        ),
        sa.ForeignKeyConstraint(["cadre"], ["cadres.code"], name=op.f("fk_instances_cadre_cadres")),
        sa.ForeignKeyConstraint(["job"], ["print_jobs.id"], name=op.f("fk_instances_job_print_jobs")),
        sa.ForeignKeyConstraint(["layout"], ["layouts.digest"], name=op.f("fk_instances_layout_layouts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instances")),
        sa.UniqueConstraint(
            "round",
            "subject_kind",
            "subject",
            "form",
            "cadre",
            "layout",
            name=op.f("uq_instances_round_subject_kind_subject_form_cadre_layout"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_instances_cadre"), "instances", ["cadre"])

    op.create_table(
        "page_images",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scan", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("serial", sa.String(length=12), nullable=True),
        sa.Column("form", sa.String(length=6), nullable=True),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("turned", sa.Integer(), nullable=False),
        sa.Column("registration", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["batches.id"], name=op.f("fk_page_images_batch_batches")),
        sa.ForeignKeyConstraint(["scan"], ["scans.sha256"], name=op.f("fk_page_images_scan_scans")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_images")),
    )
    op.create_index(op.f("ix_page_images_batch"), "page_images", ["batch"])
    op.create_index(op.f("ix_page_images_scan_number"), "page_images", ["scan", "number"])
    op.create_index(op.f("ix_page_images_serial"), "page_images", ["serial"])

    op.create_table(
        "scan_outcomes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scan", sa.String(length=64), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["scan"], ["scans.sha256"], name=op.f("fk_scan_outcomes_scan_scans")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan_outcomes")),
    )
    op.create_index(op.f("ix_scan_outcomes_scan"), "scan_outcomes", ["scan"])

    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("page_image", sa.Integer(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["page_image"], ["page_images.id"], name=op.f("fk_decisions_page_image_page_images")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_page_image"), "decisions", ["page_image"])

    op.create_table(
        "identifications",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance", sa.String(length=16), nullable=False),
        sa.Column("subject_kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance"], ["instances.id"], name=op.f("fk_identifications_instance_instances")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identifications")),
    )
    op.create_index(op.f("ix_identifications_instance"), "identifications", ["instance"])

    op.create_table(
        "measurements",
        sa.Column("page_image", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["page_image"], ["page_images.id"], name=op.f("fk_measurements_page_image_page_images")
        ),
        sa.PrimaryKeyConstraint("page_image", name=op.f("pk_measurements")),
    )
    op.create_table(
        "problems",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=True),
        sa.Column("scan", sa.String(length=64), nullable=True),
        sa.Column("page_image", sa.Integer(), nullable=True),
        sa.Column("serial", sa.String(length=12), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["batches.id"], name=op.f("fk_problems_batch_batches")),
        sa.ForeignKeyConstraint(
            ["page_image"], ["page_images.id"], name=op.f("fk_problems_page_image_page_images")
        ),
        sa.ForeignKeyConstraint(["scan"], ["scans.sha256"], name=op.f("fk_problems_scan_scans")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problems")),
    )
    op.create_index(op.f("ix_problems_batch"), "problems", ["batch"])
    op.create_index(op.f("ix_problems_page_image"), "problems", ["page_image"])
    op.create_index(op.f("ix_problems_serial"), "problems", ["serial"])

    op.create_table(
        "sheets",
        sa.Column("serial", sa.String(length=12), nullable=False),
        sa.Column("instance", sa.String(length=16), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["instance"], ["instances.id"], name=op.f("fk_sheets_instance_instances")),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_sheets")),
        sa.UniqueConstraint("instance", "page", name=op.f("uq_sheets_instance_page")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "corrections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("serial", sa.String(length=12), nullable=False),
        sa.Column("field", sa.String(length=60), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["serial"], ["sheets.serial"], name=op.f("fk_corrections_serial_sheets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
    )
    op.create_index(op.f("ix_corrections_serial_field"), "corrections", ["serial", "field"])

    op.create_table(
        "readings",
        sa.Column("decision", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=60), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("alternatives", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("doubt", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["decision"], ["decisions.id"], name=op.f("fk_readings_decision_decisions")),
        sa.PrimaryKeyConstraint("decision", "field", name=op.f("pk_readings")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "settlements",
        sa.Column("problem", sa.Integer(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["problem"], ["problems.id"], name=op.f("fk_settlements_problem_problems")),
        sa.PrimaryKeyConstraint("problem", name=op.f("pk_settlements")),
    )
