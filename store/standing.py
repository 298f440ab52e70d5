"""How each record stood when it was last derived (`campaign.standing`): a copy, made again at any time."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    delete,
    func,
    insert,
    select,
)

from store.model import Subject
from store.printed import resolved_instances
from store.schema import corrections, decisions, metadata, page_images, sheets, withdrawals

standings = Table(
    "standings",
    metadata,
    Column("record", String(120), primary_key=True),
    Column("form", String(6), nullable=False),
    Column("round", Integer, nullable=False),
    Column("subject_kind", String(20)),
    Column("subject", String(40)),
    Column("status", String(20), nullable=False),  # campaign.records.RecordStatus
    Column("to_review", Integer, nullable=False),  # fields
    Column("missing_pages", Integer, nullable=False),
    Column("completed", Boolean, nullable=False),  # the form says that the visit took place
    Column("basis", String(64), nullable=False),  # what it was derived from
    Index("ix_standings_round_form", "round", "form"),
)
_AT_ONCE = 1000


@dataclass(frozen=True)
class Standing:
    """A record's state. `basis` names everything that it was derived from: if that differs, it is stale."""

    record: str
    form: str
    round: int
    subject_kind: str | None
    subject: str | None
    status: str
    to_review: int
    missing_pages: int
    completed: bool
    basis: str


@dataclass(frozen=True)
class Traces:
    """The latest of everything that the record of a returned form is derived from."""

    instance: str
    form: str
    round: int
    subject: Subject | None
    marks: tuple[int | None, ...]


def load_standings(db: Connection, round: int | None = None) -> list[Standing]:
    query = select(standings)
    if round is not None:
        query = query.where(standings.c.round == round)
    return [Standing(*row) for row in db.execute(query).all()]


def put_standings(db: Connection, new: Iterable[Standing]) -> None:
    """Keep these instead of what was kept of the same records."""
    rows = [dict(vars(one)) for one in new]
    drop_standings(db, [str(row["record"]) for row in rows])
    if rows:
        db.execute(insert(standings), rows)


def drop_standings(db: Connection, records: Collection[str]) -> None:
    listed = list(records)
    for start in range(0, len(listed), _AT_ONCE):
        db.execute(delete(standings).where(standings.c.record.in_(listed[start : start + _AT_ONCE])))


def load_traces(db: Connection) -> list[Traces]:
    """Of every form that counts and of which something came back."""
    resolved = resolved_instances()
    seen = (
        select(
            sheets.c.instance,
            func.max(page_images.c.id).label("image"),
            func.max(decisions.c.id).label("decision"),
        )
        .join(page_images, page_images.c.serial == sheets.c.serial)
        .outerjoin(decisions, decisions.c.page_image == page_images.c.id)
        .group_by(sheets.c.instance)
        .subquery("seen")
    )
    said = (
        select(
            sheets.c.instance,
            func.max(corrections.c.id).label("correction"),
            func.count(withdrawals.c.correction).label("withdrawn"),
        )
        .join(corrections, corrections.c.serial == sheets.c.serial)
        .outerjoin(withdrawals, withdrawals.c.correction == corrections.c.id)
        .group_by(sheets.c.instance)
        .subquery("said")
    )
    query = (
        select(
            resolved.c.id,
            resolved.c.form,
            resolved.c.round,
            resolved.c.subject_kind,
            resolved.c.subject,
            seen.c.image,
            seen.c.decision,
            said.c.correction,
            said.c.withdrawn,
        )
        .join(seen, seen.c.instance == resolved.c.id)
        .outerjoin(said, said.c.instance == resolved.c.id)
        .where(~resolved.c.void)
    )
    return [
        Traces(
            instance=row.id,
            form=row.form,
            round=row.round,
            subject=Subject(row.subject_kind, row.subject) if row.subject else None,
            marks=(row.image, row.decision, row.correction, row.withdrawn),
        )
        for row in db.execute(query).all()
    ]
