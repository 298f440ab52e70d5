"""What figures need of each record (`campaign.gleaning`): a copy, made again at any time.

So that a report about 25,000 records need not derive all of them anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Date,
    Index,
    Integer,
    String,
    Table,
    delete,
    insert,
    select,
)

from store.model import Subject
from store.schema import metadata

gleanings = Table(
    "gleanings",
    metadata,
    Column("record", String(120), primary_key=True),
    Column("form", String(6), nullable=False),
    Column("round", Integer, nullable=False),
    Column("subject_kind", String(20)),
    Column("subject", String(40)),
    Column("cadre", String(40)),
    Column("day", Date),  # of the visit
    Column("answers", JSON, nullable=False),  # settled answers: field → option, options or number
    Column("basis", String(64), nullable=False),  # store.standing.Standing.basis
    Index("ix_gleanings_round_form", "round", "form"),
)
_AT_ONCE = 1000


@dataclass(frozen=True)
class Gleaning:
    """Of one record: whom it is about, when, and what was ticked or counted. No words."""

    record: str
    form: str
    round: int
    subject_kind: str | None
    subject: str | None
    cadre: str | None
    day: date | None
    answers: Mapping[str, Any]
    basis: str

    @property
    def about(self) -> Subject | None:
        return Subject(self.subject_kind, self.subject) if self.subject_kind and self.subject else None


def load(db: Connection, round: int, forms: Collection[str] | None = None) -> list[Gleaning]:
    """Those of a round, in the order of their records."""
    query = select(gleanings).where(gleanings.c.round == round).order_by(gleanings.c.record)
    if forms is not None:
        query = query.where(gleanings.c.form.in_(forms))
    return [Gleaning(**row._mapping) for row in db.execute(query)]


def bases(db: Connection) -> dict[str, str]:
    """Record → what its gleaning was derived from."""
    query = select(gleanings.c.record, gleanings.c.basis)
    return {row.record: row.basis for row in db.execute(query)}


def put(db: Connection, new: Iterable[Gleaning]) -> None:
    """Keep these in place of what there was of their records."""
    rows = [{**vars(one), "answers": dict(one.answers)} for one in new]
    drop(db, [str(row["record"]) for row in rows])
    if rows:
        db.execute(insert(gleanings), rows)


def drop(db: Connection, records: Iterable[str]) -> None:
    listed = list(records)
    for start in range(0, len(listed), _AT_ONCE):
        db.execute(delete(gleanings).where(gleanings.c.record.in_(listed[start : start + _AT_ONCE])))
