"""The tables. Plain SQL that SQLite and PostgreSQL share; see `migrations` for how they come to be.

Four families: the roster (who there is, kept up to date), what was printed, what came back (only ever
added to), and what people did. Times are UTC. Tables marked `append_only` refuse UPDATE and DELETE
(`store.database`).

No table links an anonymous sheet to a person: its instance has no subject, cadre, job or time, and
`instances` and `sheets` are stored in the order of their random keys, not in the order of printing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
APPEND_ONLY: dict[str, bool] = {"append_only": True}


class UtcTime(TypeDecorator[datetime]):
    """An aware time, kept as UTC on databases that know no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def now() -> datetime:
    return datetime.now(UTC)


# --- the roster ----------------------------------------------------------------------------------
# One row per code. Who leaves the roster gets a `removed` time and stays, so that what was printed
# for them keeps its name.


def _roster(name: str, *columns: Column[Any]) -> Table:
    return Table(
        name,
        metadata,
        Column("code", String(40), primary_key=True),
        *columns,
        Column("removed", UtcTime),
    )


units = _roster(
    "units",
    Column("name", Text, nullable=False),
    Column("type", Text),
    Column("head", Text),
    Column("liaison_officer", Text),
    Column("leader", Text),
    Column("line", Text),
    Column("phone", Text),
)
villages = _roster(
    "villages",
    Column("name", Text, nullable=False),
    Column("type", Text),
    Column("secretary", Text),
    Column("director", Text),
    Column("phone", Text),
    Column("households", Integer),
    Column("population", Integer),
    Column("focus", Boolean),  # to be looked at first: poorest, hardest, most at odds
)
cadres = _roster(
    "cadres",
    Column("name", Text, nullable=False),
    Column("sex", Text),
    Column("unit", ForeignKey("units.code")),
    Column("position", Text),
    Column("type", Text, nullable=False),
    Column("mobile", Text),
    Column("is_liaison_officer", Boolean),
    Column("stationed_village", ForeignKey("villages.code")),
)
groups = _roster(
    "groups",
    Column("village", ForeignKey("villages.code"), nullable=False, index=True),
    Column("number", Text, nullable=False),
    Column("head", Text),
    Column("households", Integer),
)
households = _roster(
    "households",
    Column("village", ForeignKey("villages.code"), nullable=False, index=True),
    Column("group", ForeignKey("groups.code"), nullable=False, index=True),
    Column("head", Text, nullable=False),
    Column("door", Text),
    Column("registered", Integer),
    Column("phone", Text),
    Column("tags", JSON(none_as_null=True)),
    Column("note", Text),
)
enterprises = _roster(
    "enterprises",
    Column("name", Text, nullable=False),
    Column("credit_code", Text),
    Column("category", Text, nullable=False),
    Column("village", ForeignKey("villages.code")),
    Column("legal_person", Text),
    Column("contact", Text),
    Column("phone", Text),
    Column("industry", Text),
)
projects = _roster(
    "projects",
    Column("name", Text, nullable=False),
    Column("builder", Text),
    Column("category", Text),
    Column("phase", Text),
    Column("village", ForeignKey("villages.code")),
    Column("head", Text),
)
notables = _roster(
    "notables",
    Column("name", Text, nullable=False),
    Column("sector", Text),
    Column("position", Text),
    Column("residence", Text),
    Column("unit", ForeignKey("units.code")),
    Column("contact", Text),
)
assignments = Table(  # as the workbook orders them; `duties` is what came of it
    "assignments",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("subject", String(40), primary_key=True),
    Column("cadre", ForeignKey("cadres.code"), nullable=False),
)
unit_villages = Table(
    "unit_villages",
    metadata,
    Column("unit", ForeignKey("units.code"), primary_key=True),
    Column("village", ForeignKey("villages.code"), primary_key=True),
)
duties = Table(  # who visits whom in a round: one cadre per subject (不重不漏)
    "duties",
    metadata,
    Column("round", Integer, primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("subject", String(40), primary_key=True),
    Column("cadre", ForeignKey("cadres.code"), nullable=False),
    Column("source", String(20), nullable=False),  # "workbook", or the rule that proposed it
    Column("since", UtcTime, nullable=False),
    Index("ix_duties_round_cadre", "round", "cadre"),
)

# --- what was printed ----------------------------------------------------------------------------

layouts = Table(
    "layouts",
    metadata,
    Column("digest", String(16), primary_key=True),
    Column("form", String(6), nullable=False),
    Column("version", Integer, nullable=False),
    Column("json", LargeBinary, nullable=False),  # layouts.model.Layout.to_json
    Column("kept_at", UtcTime, nullable=False),
    info=APPEND_ONLY,
)
blanks = Table(
    "blanks",
    metadata,
    Column("layout", ForeignKey("layouts.digest"), primary_key=True),
    Column("page", Integer, primary_key=True),
    Column("png", LargeBinary, nullable=False),
    info=APPEND_ONLY,
)
print_jobs = Table(
    "print_jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("started_at", UtcTime, nullable=False),
    Column("what", JSON, nullable=False),
    info=APPEND_ONLY,
)
instances = Table(  # a form handed out: all the sheets of one form for one subject
    "instances",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("form", String(6), nullable=False),
    Column("version", Integer, nullable=False),
    Column("layout", ForeignKey("layouts.digest"), nullable=False),
    Column("round", Integer, nullable=False),
    Column("anonymous", Boolean, nullable=False),
    Column("spare", Boolean, nullable=False),
    Column("subject_kind", String(20)),
    Column("subject", String(40)),
    Column("cadre", ForeignKey("cadres.code")),
    Column("job", ForeignKey("print_jobs.id")),
    Column("issued_at", UtcTime),
    UniqueConstraint("round", "subject_kind", "subject", "form", "cadre", "layout"),
    CheckConstraint("(subject IS NULL) = (subject_kind IS NULL)", name="subject_complete"),
    CheckConstraint(
        "NOT anonymous OR (subject IS NULL AND cadre IS NULL AND job IS NULL AND issued_at IS NULL)",
        name="anonymous_unlinked",
    ),
    Index("ix_instances_cadre", "cadre"),
    info=APPEND_ONLY,
    sqlite_with_rowid=False,
)
sheets = Table(  # one printed side
    "sheets",
    metadata,
    Column("serial", String(12), primary_key=True),
    Column("instance", ForeignKey("instances.id"), nullable=False),
    Column("page", Integer, nullable=False),
    UniqueConstraint("instance", "page"),
    info=APPEND_ONLY,
    sqlite_with_rowid=False,
)
cards = Table(
    "cards",
    metadata,
    Column("serial", String(12), primary_key=True),
    Column("form", String(6), nullable=False),
    Column("cadre", ForeignKey("cadres.code"), nullable=False),
    Column("round", Integer, nullable=False),
    Column("number", Integer, nullable=False),  # from 1, of this cadre in this round
    Column("job", ForeignKey("print_jobs.id"), nullable=False),
    Column("issued_at", UtcTime, nullable=False),
    UniqueConstraint("round", "cadre", "number"),
    info=APPEND_ONLY,
)
listed = Table(  # which subject a row of a table is about, for good: what is ticked there is known to be its
    "listed",
    metadata,
    Column("round", Integer, primary_key=True),
    Column("form", String(6), primary_key=True),
    Column("about_kind", String(20), primary_key=True),
    Column("about", String(40), primary_key=True),
    Column("list", String(40), primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("subject_kind", String(20), nullable=False),
    Column("subject", String(40), nullable=False),
    info=APPEND_ONLY,
    sqlite_with_rowid=False,
)
identifications = Table(  # a person says whom a spare blank is about; the latest counts
    "identifications",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("instance", ForeignKey("instances.id"), nullable=False, index=True),
    Column("subject_kind", String(20), nullable=False),
    Column("subject", String(40), nullable=False),
    Column("who", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    info=APPEND_ONLY,
)
voids = Table(  # the office declares a form void (作废), or takes that back; the latest counts
    "voids",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("instance", ForeignKey("instances.id"), nullable=False, index=True),
    Column("void", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    info=APPEND_ONLY,
)

# --- what came back ------------------------------------------------------------------------------

batches = Table(
    "batches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("started_at", UtcTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("source", Text, nullable=False),
    info=APPEND_ONLY,
)
scans = Table(  # a file that came in, named by the SHA-256 of its bytes
    "scans",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("batch", ForeignKey("batches.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),  # as it arrived
    Column("bytes", Integer, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    info=APPEND_ONLY,
)
scan_outcomes = Table(  # how reading a file ended; the latest counts, none: still unfinished
    "scan_outcomes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("scan", ForeignKey("scans.sha256"), nullable=False, index=True),
    Column("pages", Integer),  # null when the file was rejected
    Column("kind", String(40), nullable=False),  # "complete", or why it was rejected
    Column("message", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    info=APPEND_ONLY,
)
page_images = Table(  # one look at one sheet on an image of a scan; a later look at it replaces it
    "page_images",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("scan", ForeignKey("scans.sha256"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("batch", ForeignKey("batches.id"), nullable=False, index=True),
    Column("state", String(20), nullable=False),  # ingest.model.PageState, "duplicate", "void", "rejected"
    Column("serial", String(12), index=True),  # not always a sheet of ours that we know: cards, other towns
    Column("form", String(6)),
    Column("page", Integer),
    Column("turned", Integer, nullable=False),
    Column("registration", JSON(none_as_null=True)),
    Column("read_at", UtcTime, nullable=False),
    Column("part", Integer, nullable=False, server_default="1"),  # which sheet on the image, from 1
    Index("ix_page_images_scan_number", "scan", "number"),
    info=APPEND_ONLY,
)
measurements = Table(  # all fields of a page: zlib-compressed JSON of ingest.model.Measurement
    "measurements",
    metadata,
    Column("page_image", ForeignKey("page_images.id"), primary_key=True),
    Column("data", LargeBinary, nullable=False),
    info=APPEND_ONLY,
)
decisions = Table(  # one pass of judgement over a page's measurements; the latest counts
    "decisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("page_image", ForeignKey("page_images.id"), nullable=False, index=True),
    Column("decided_at", UtcTime, nullable=False),
    info=APPEND_ONLY,
)
readings = Table(
    "readings",
    metadata,
    Column("decision", ForeignKey("decisions.id"), primary_key=True),
    Column("field", String(60), primary_key=True),
    Column("value", JSON, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("alternatives", JSON(none_as_null=True)),  # [[value, probability], …], null when there are none
    Column("engine", Text, nullable=False),
    Column("doubt", Text, nullable=False),
    info=APPEND_ONLY,
    sqlite_with_rowid=False,
)
corrections = Table(
    "corrections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("serial", ForeignKey("sheets.serial"), nullable=False),
    Column("field", String(60), nullable=False),
    Column("value", JSON, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("blind", Boolean, nullable=False),  # keyed without seeing what was read
    Column("unreadable", Boolean, nullable=False, server_default=false()),  # nobody can read it: no value
    Index("ix_corrections_serial_field", "serial", "field"),
    info=APPEND_ONLY,
)
withdrawals = Table(  # a person takes a correction back: it no longer counts
    "withdrawals",
    metadata,
    Column("correction", ForeignKey("corrections.id"), primary_key=True),
    Column("who", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    info=APPEND_ONLY,
)
problems = Table(  # something that a clerk must look at, in words that they can act on
    "problems",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("message", Text, nullable=False),
    Column("batch", ForeignKey("batches.id"), index=True),
    Column("scan", ForeignKey("scans.sha256")),
    Column("page_image", ForeignKey("page_images.id"), index=True),
    Column("serial", String(12), index=True),
    Column("at", UtcTime, nullable=False),
    info=APPEND_ONLY,
)
settlements = Table(  # a person has dealt with a problem
    "settlements",
    metadata,
    Column("problem", ForeignKey("problems.id"), primary_key=True),
    Column("who", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    info=APPEND_ONLY,
)

# --- what people did -----------------------------------------------------------------------------

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False, index=True),
    Column("who", Text, nullable=False),
    Column("action", String(40), nullable=False),
    Column("detail", JSON, nullable=False),
    info=APPEND_ONLY,
)

ROSTER: dict[str, Table] = {
    table.name: table
    for table in (
        units,
        villages,
        cadres,
        groups,
        households,
        enterprises,
        projects,
        notables,
        assignments,
        unit_villages,
    )
}
"""Table name → table, each after the tables that it refers to."""
