"""Problems and suggestions that came of visits (`campaign.opinions`), and what became of each.

An opinion is a row that only ever gets events added: found, changed, assigned, answered, … What it says
and how it stands is what its events come to. Nothing here knows what an event means.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Date,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
)

from store.schema import APPEND_ONLY, UtcTime, metadata, now

opinions = Table(
    "opinions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("record", String(120), nullable=False),  # campaign.records.record_name
    Column("row", String(60), nullable=False),  # `opinion_1`, or the key of a long text
    Column("year", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),  # from 1 within the year
    Column("number", String(40), nullable=False),  # 〔2017〕问12号
    UniqueConstraint("record", "row"),
    UniqueConstraint("year", "sequence"),
    info=APPEND_ONLY,
)
opinion_events = Table(
    "opinion_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("opinion", ForeignKey("opinions.id"), nullable=False, index=True),
    Column("kind", String(20), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("detail", JSON, nullable=False),
    info=APPEND_ONLY,
)
digests = Table(  # weekly lists that were drawn up
    "digests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("week", String(8), nullable=False),
    Column("dated", Date, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("who", Text, nullable=False),
    info=APPEND_ONLY,
)


@dataclass(frozen=True)
class Event:
    """Something that happened to an opinion. `detail` is what `campaign.opinions` wrote."""

    kind: str
    at: datetime
    who: str
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class Kept:
    """An opinion as stored, its events the oldest first."""

    id: int
    record: str
    row: str
    year: int
    sequence: int
    number: str
    events: list[Event] = field(default_factory=list)


@dataclass(frozen=True)
class Found:
    """A new opinion: where it stands, the letter of its number, and its first event's detail."""

    record: str
    row: str
    letter: str
    detail: Mapping[str, Any]


def load(db: Connection, records: Collection[str] | None = None) -> list[Kept]:
    """All opinions, or those of these records, in the order of their numbers."""
    if records is not None and len(records) > _AT_ONCE:
        return [kept for kept in load(db) if kept.record in set(records)]
    query = select(opinions).order_by(opinions.c.year, opinions.c.sequence)
    events = select(opinion_events).order_by(opinion_events.c.id)
    if records is not None:
        query = query.where(opinions.c.record.in_(records))
        mine = select(opinions.c.id).where(opinions.c.record.in_(records))
        events = events.where(opinion_events.c.opinion.in_(mine))
    found = {row.id: Kept(*row) for row in db.execute(query)}
    for row in db.execute(events):
        found[row.opinion].events.append(Event(row.kind, row.at, row.who, row.detail))
    return list(found.values())


_AT_ONCE = 1000


def slip_code(year: int, sequence: int, slip: int) -> str:
    """The code of the subject of a hand-over slip: a second slip is another form."""
    return f"{year}-{sequence}" + (f"-{slip}" if slip > 1 else "")


def slips_issued(db: Connection) -> dict[str, str]:
    """Code of each slip → the day of its hand-over, ISO."""
    query = (
        select(opinions.c.year, opinions.c.sequence, opinions.c.id, opinion_events.c.detail)
        .join(opinion_events, opinion_events.c.opinion == opinions.c.id)
        .where(opinion_events.c.kind == "assigned")
        .order_by(opinion_events.c.id)
    )
    slips: Counter[int] = Counter()
    found = {}
    for row in db.execute(query):
        slips[row.id] += 1
        found[slip_code(row.year, row.sequence, slips[row.id])] = str(row.detail["on"])
    return found


def add(db: Connection, year: int, new: Sequence[Found], who: str) -> list[str]:
    """Register new opinions, numbered on in the order given. Returns their numbers."""
    if not new:
        return []
    last = db.scalar(select(func.max(opinions.c.sequence)).where(opinions.c.year == year)) or 0
    rows = [
        {
            "record": one.record,
            "row": one.row,
            "year": year,
            "sequence": n,
            "number": f"〔{year}〕{one.letter}{n}号",
        }
        for n, one in enumerate(new, last + 1)
    ]
    db.execute(insert(opinions), rows)
    ids = {
        sequence: number
        for number, sequence in db.execute(
            select(opinions.c.id, opinions.c.sequence).where(
                opinions.c.year == year, opinions.c.sequence > last
            )
        )
    }
    add_events(db, ((ids[last + n], "found", one.detail) for n, one in enumerate(new, 1)), who)
    return [str(row["number"]) for row in rows]


def add_events(db: Connection, events: Iterable[tuple[int, str, Mapping[str, Any]]], who: str) -> int:
    """Add events: opinion, kind, detail. Returns how many."""
    at = now()
    rows = [
        {"opinion": opinion, "kind": kind, "at": at, "who": who, "detail": dict(detail)}
        for opinion, kind, detail in events
    ]
    if rows:
        db.execute(insert(opinion_events), rows)
    return len(rows)


def note_digest(db: Connection, week: str, dated: date, who: str) -> None:
    """A week's lists were drawn up."""
    db.execute(insert(digests).values(week=week, dated=dated, at=now(), who=who))


def weeks_digested(db: Connection) -> dict[str, date]:
    """Week → the date that its lists were first given."""
    query = select(digests.c.week, digests.c.dated).order_by(digests.c.id.desc())
    return {row.week: row.dated for row in db.execute(query)}
