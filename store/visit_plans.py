"""When and how each subject is to be visited (走访计划, `campaign.planning`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Column, Connection, Date, Integer, String, Table, delete, insert, select

from store.model import Subject
from store.schema import metadata

visit_plans = Table(
    "visit_plans",
    metadata,
    Column("round", Integer, primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("subject", String(40), primary_key=True),
    Column("day", Date, nullable=False),  # to be visited by then
    Column("mode", String(20), nullable=False),  # an option of the forms' 方式
)


@dataclass(frozen=True)
class Planned:
    """A visit that is to take place by `day`. `mode`: an option of the forms' 方式."""

    day: date
    mode: str


def load(db: Connection, round: int) -> dict[Subject, Planned]:
    query = select(visit_plans).where(visit_plans.c.round == round)
    return {Subject(row.kind, row.subject): Planned(row.day, row.mode) for row in db.execute(query)}


def replace(db: Connection, round: int, wanted: Mapping[Subject, Planned]) -> None:
    """Make this the plan of the round."""
    db.execute(delete(visit_plans).where(visit_plans.c.round == round))
    rows = [
        {"round": round, "kind": subject.kind, "subject": subject.code, "day": one.day, "mode": one.mode}
        for subject, one in sorted(wanted.items())
    ]
    if rows:
        db.execute(insert(visit_plans), rows)
