"""Who there is: the roster, as the workbook last said, and who visits whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from store import schema
from store.model import Changes, Duty, Subject
from store.schema import ROSTER, duties, now

Row = Mapping[str, Any]


def replace(db: Connection, tables: Mapping[str, Sequence[Row]]) -> dict[str, Changes]:
    """Make each table named in `tables` say exactly what is given; tables not named stay as they are.

    Who is no longer there is marked as removed, not deleted: sheets printed for them keep their names.
    Rows may leave out columns that are empty.
    """
    unknown = set(tables) - set(ROSTER)
    if unknown:
        raise KeyError(f"not roster tables: {sorted(unknown)}")
    return {
        name: _replace_people(db, table, tables[name])
        if "removed" in table.c
        else _replace_links(db, table, tables[name])
        for name, table in ROSTER.items()
        if name in tables
    }


def _replace_people(db: Connection, table: Table, rows: Sequence[Row]) -> Changes:
    columns = [column.name for column in table.c if column.name != "removed"]
    wanted = {row["code"]: {name: row.get(name) for name in columns} for row in rows}
    present = {row["code"]: dict(row) for row in db.execute(select(table)).mappings()}
    active = {code for code, row in present.items() if row.pop("removed") is None}

    added = [row for code, row in wanted.items() if code not in present]
    changed = [
        row
        for code, row in wanted.items()
        if code in present and (code not in active or present[code] != row)
    ]
    returned = sum(row["code"] not in active for row in changed)
    gone = sorted(active - set(wanted))
    if added:
        db.execute(insert(table), added)
    if changed:
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in columns if name != "code"}
        db.execute(
            update(table).where(table.c.code == bindparam("new_code")).values(values | {"removed": None}),
            [{f"new_{name}": value for name, value in row.items()} for row in changed],
        )
    if gone:
        db.execute(
            update(table).where(table.c.code == bindparam("gone")).values(removed=now()),
            [{"gone": code} for code in gone],
        )
    return Changes(
        added=len(added) + returned,
        changed=len(changed) - returned,
        removed=len(gone),
        unchanged=len(wanted) - len(added) - len(changed),
    )


def _replace_links(db: Connection, table: Table, rows: Sequence[Row]) -> Changes:
    columns = [column.name for column in table.c]
    wanted = {tuple(row[name] for name in columns) for row in rows}
    present = {tuple(row) for row in db.execute(select(table))}
    if present != wanted:
        db.execute(delete(table))
        if wanted:
            db.execute(insert(table), [dict(zip(columns, row, strict=True)) for row in sorted(wanted)])
    return Changes(len(wanted - present), 0, len(present - wanted), len(wanted & present))


def load(db: Connection, *names: str, removed: bool = False) -> dict[str, list[dict[str, Any]]]:
    """The rows of the named tables (all when none is named), by code.

    With `removed` also those who have left the roster; their column `removed` is not null.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for name in names or ROSTER:
        table = ROSTER[name]
        query = select(table).order_by(*table.primary_key)
        if "removed" in table.c and not removed:
            query = query.where(table.c.removed.is_(None))
        found[name] = [dict(row) for row in db.execute(query).mappings()]
    return found


def codes(db: Connection) -> dict[str, frozenset[str]]:
    """The codes of those now on the roster, by table."""
    return {
        name: frozenset(db.scalars(select(table.c.code).where(table.c.removed.is_(None))))
        for name, table in ROSTER.items()
        if "removed" in table.c
    }


def vocabularies(db: Connection) -> dict[str, tuple[str, ...]]:
    """Words that handwriting is likely to be: `Field.vocabulary` → the roster's names, sorted."""
    sources = {
        "cadre_names": schema.cadres.c.name,
        "village_names": schema.villages.c.name,
        "unit_names": schema.units.c.name,
        "household_heads": schema.households.c.head,
        "enterprise_names": schema.enterprises.c.name,
    }
    return {
        name: tuple(
            db.scalars(select(column).where(column.table.c.removed.is_(None)).distinct().order_by(column))
        )
        for name, column in sources.items()
    }


# --- duties --------------------------------------------------------------------------------------


def set_duties(db: Connection, round: int, wanted: Iterable[Duty]) -> Changes:
    """Make these the duties of the round. Raises ValueError when a subject has two owners."""
    listed = list(wanted)
    by_subject = {duty.subject: duty for duty in listed}
    if len(by_subject) < len(listed):
        raise ValueError("a subject has two owners")
    present = {duty.subject: duty for duty in load_duties(db, round)}
    added = [duty for subject, duty in by_subject.items() if subject not in present]
    changed = [d for subject, d in by_subject.items() if subject in present and present[subject] != d]
    gone = [subject for subject in present if subject not in by_subject]
    here = (
        (duties.c.round == round)
        & (duties.c.kind == bindparam("b_kind"))
        & (duties.c.subject == bindparam("b_subject"))
    )
    if gone or changed:
        doomed = [*gone, *(duty.subject for duty in changed)]
        db.execute(delete(duties).where(here), [{"b_kind": s.kind, "b_subject": s.code} for s in doomed])
    if added or changed:
        since = now()
        rows = [
            {
                "round": round,
                "kind": duty.subject.kind,
                "subject": duty.subject.code,
                "cadre": duty.cadre,
                "source": duty.source,
                "since": since,
            }
            for duty in (*added, *changed)
        ]
        db.execute(insert(duties), rows)
    unchanged = len(by_subject) - len(added) - len(changed)
    return Changes(len(added), len(changed), len(gone), unchanged)


def load_duties(db: Connection, round: int, cadre: str | None = None) -> list[Duty]:
    """The duties of a round, of all cadres or of one."""
    query = select(duties.c.kind, duties.c.subject, duties.c.cadre, duties.c.source)
    query = query.where(duties.c.round == round).order_by(duties.c.kind, duties.c.subject)
    if cadre is not None:
        query = query.where(duties.c.cadre == cadre)
    return [Duty(Subject(kind, code), owner, source) for kind, code, owner, source in db.execute(query)]
