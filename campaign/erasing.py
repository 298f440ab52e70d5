"""Erases what is personal from the database when its time is over, and leaves what the town counts.

    readings, corrections, questions to people, opinions     words → a token (`campaign.personal.Tokens`)
    measurements                                             deleted: they are how handwriting looked
    roster                                                   names → codes, telephones and the like → nothing
    remarks, reasons, names of scan files                    what people typed may name anybody

Ticks, numbers, dates, states and who did what stay. All of it in the caller's transaction (`Store.purge`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, func, null, or_, select, update

from campaign.arrivals import VOIDED, void_message
from campaign.opinions import ISSUE, SLIP
from campaign.personal import ERASED, NAME_COLUMNS, PERSONAL_COLUMNS, Tokens, is_personal
from campaign.records import record_name
from store import Subject, printed
from store.gleanings import gleanings
from store.opinions import opinion_events, opinions
from store.printed import resolved_instances
from store.schema import (
    ROSTER,
    audit,
    corrections,
    decisions,
    measurements,
    page_images,
    problems,
    readings,
    scans,
    settlements,
    sheets,
    voids,
)
from store.work import steps, tasks

_Change = dict[str, Any]


@dataclass(frozen=True)
class _Sheet:
    """A printed side: the record that it belongs to, and its fields that are personal."""

    record: str
    personal: frozenset[str]


def erase_personal(db: Connection) -> Counter[str]:
    """Erase all that is personal. Returns how much of each kind. Doing it again finds nothing."""
    known, tokens = _sheets(db), Tokens()
    done = Counter(
        answers=_erase_readings(db, known, tokens),
        measurements=_delete_measurements(db),
        corrections=_erase_corrections(db, known, tokens),
        questions=_erase_questions(db, known, tokens) + _erase_steps(db, known, tokens),
        opinions=_erase_opinions(db, tokens),
        figures=_erase_figures(db, known),
        remarks=_erase_remarks(db),
        files=_erase_file_names(db),
        roster=erase_roster(db),
    )
    return +done


# --- answers -------------------------------------------------------------------------------------


def _sheets(db: Connection) -> dict[str, _Sheet]:
    """Serial → sheet, of all that were printed."""
    personal = {
        digest: frozenset(field.key for field in layout.form.asked() if is_personal(field))
        for digest, layout in printed.load_layouts(db).items()
    }
    handed = resolved_instances()
    query = select(sheets.c.serial, handed).join(handed, handed.c.id == sheets.c.instance)
    found = {}
    for row in db.execute(query):
        subject = Subject(row.subject_kind, row.subject) if row.subject else None
        record = record_name(row.form, row.round, subject, row.id)
        found[row.serial] = _Sheet(record, personal[row.layout])
    return found


def _erase_readings(db: Connection, known: Mapping[str, _Sheet], tokens: Tokens) -> int:
    """Of every decision, not of the last alone."""
    query = (
        select(readings, page_images.c.serial)
        .join(decisions, decisions.c.id == readings.c.decision)
        .join(page_images, page_images.c.id == decisions.c.page_image)
        .order_by(readings.c.decision, readings.c.field)
    )
    changes = []
    for row in db.execute(query):
        sheet = known.get(row.serial)
        if sheet is None or row.field not in sheet.personal:
            continue
        value = _token(tokens, sheet, row.field, row.value)
        doubt = row.doubt and ERASED
        if (value, doubt) != (row.value, row.doubt) or row.alternatives:
            key = {"b_decision": row.decision, "b_field": row.field}
            changes.append(key | {"b_value": value, "b_doubt": doubt})
    mine = readings.c.decision == bindparam("b_decision"), readings.c.field == bindparam("b_field")
    change = {"value": bindparam("b_value"), "doubt": bindparam("b_doubt"), "alternatives": null()}
    return _change(db, update(readings).where(*mine).values(change), changes)


def _token(tokens: Tokens, sheet: _Sheet, field: str, value: Any) -> Any:
    return tokens.token(sheet.record, field, value) if isinstance(value, str) else value


def _delete_measurements(db: Connection) -> int:
    count = db.scalar(select(func.count()).select_from(measurements)) or 0
    db.execute(delete(measurements))
    return count


def _erase_corrections(db: Connection, known: Mapping[str, _Sheet], tokens: Tokens) -> int:
    query = select(corrections).order_by(corrections.c.id)
    return _change_values(db, corrections, known, tokens, db.execute(query))


def _erase_steps(db: Connection, known: Mapping[str, _Sheet], tokens: Tokens) -> int:
    query = select(steps.c.id, steps.c.value, tasks.c.serial, tasks.c.field)
    query = query.join(tasks, tasks.c.id == steps.c.task).order_by(steps.c.id)
    return _change_values(db, steps, known, tokens, db.execute(query))


def _change_values(
    db: Connection, table: Table, known: Mapping[str, _Sheet], tokens: Tokens, rows: Iterable[Any]
) -> int:
    changes = []
    for row in rows:
        sheet = known.get(row.serial)
        value = _token(tokens, sheet, row.field, row.value) if sheet and row.field in sheet.personal else None
        if value is not None and value != row.value:
            changes.append({"b_id": row.id, "b_value": value})
    mine = update(table).where(table.c.id == bindparam("b_id"))
    return _change(db, mine.values(value=bindparam("b_value")), changes)


def _erase_questions(db: Connection, known: Mapping[str, _Sheet], tokens: Tokens) -> int:
    """Tasks keep how they stand. Why one was referred, a person has typed."""
    changes = []
    for row in db.execute(select(tasks).order_by(tasks.c.id)):
        sheet, now = known[row.serial], {"b_reason": row.reason and ERASED}
        personal = row.field in sheet.personal
        now["b_value"] = _token(tokens, sheet, row.field, row.value) if personal else row.value
        now["b_alike"] = "" if personal else row.alike
        now["b_doubt"] = (row.doubt and ERASED) if personal else row.doubt
        if tuple(now.values()) != (row.reason, row.value, row.alike, row.doubt):
            changes.append({"b_id": row.id, **now})
    columns: dict[str, Any] = {name: bindparam(f"b_{name}") for name in ("reason", "value", "alike", "doubt")}
    return _change(db, update(tasks).where(tasks.c.id == bindparam("b_id")).values(columns), changes)


def _change(db: Connection, statement: Any, changes: list[_Change]) -> int:
    if changes:
        db.execute(statement, changes)
    return len(changes)


# --- opinions and figures ------------------------------------------------------------------------


def _erase_opinions(db: Connection, tokens: Tokens) -> int:
    """With the tokens of the answers that they were taken from: nobody then finds them changed."""
    slips = _slip_records(db)
    query = select(opinion_events, opinions.c.record, opinions.c.row)
    query = query.join(opinions, opinions.c.id == opinion_events.c.opinion).order_by(opinion_events.c.id)
    changes = []
    for row in db.execute(query):
        detail = dict(row.detail)
        if detail.get("text"):
            field = f"{row.row}.text" if row.row.startswith("opinion_") else row.row
            detail["text"] = tokens.token(row.record, field, detail["text"])
        if detail.get("details"):
            record = slips.get(str(detail.get("slip")), row.record)
            detail["details"] = tokens.token(record, "details", detail["details"])
        if detail != row.detail:
            changes.append({"b_id": row.id, "b_detail": detail})
    mine = update(opinion_events).where(opinion_events.c.id == bindparam("b_id"))
    return _change(db, mine.values(detail=bindparam("b_detail")), changes)


def _slip_records(db: Connection) -> dict[str, str]:
    """Code of a hand-over slip → its record."""
    handed = resolved_instances()
    query = select(handed.c.round, handed.c.subject).where(
        handed.c.form == SLIP, handed.c.subject_kind == ISSUE
    )
    return {code: record_name(SLIP, round, Subject(ISSUE, code), "") for round, code in db.execute(query)}


def _erase_figures(db: Connection, known: Mapping[str, _Sheet]) -> int:
    """Copies of answers; telephone numbers of forms of the office's own may be among them."""
    personal = frozenset[str]().union(*(sheet.personal for sheet in known.values()))
    changes = []
    for row in db.execute(select(gleanings.c.record, gleanings.c.answers)):
        left = {key: value for key, value in row.answers.items() if key not in personal}
        if left != row.answers:
            changes.append({"b_record": row.record, "b_answers": left})
    mine = update(gleanings).where(gleanings.c.record == bindparam("b_record"))
    return _change(db, mine.values(answers=bindparam("b_answers")), changes)


# --- what people typed ---------------------------------------------------------------------------


def _erase_remarks(db: Connection) -> int:
    """Why a form was declared void, why a question was referred, what was noted of a problem."""
    return (
        _erase_column(db, settlements, "note")
        + _erase_column(db, voids, "reason")
        + _erase_void_messages(db)
        + erase_reasons(db)
    )


def _erase_column(db: Connection, table: Table, column: str) -> int:
    typed = table.c[column].not_in(["", ERASED])
    count = db.scalar(select(func.count()).select_from(table).where(typed)) or 0
    db.execute(update(table).where(typed).values({column: ERASED}))
    return count


def _erase_void_messages(db: Connection) -> int:
    query = select(problems).where(problems.c.kind == VOIDED, problems.c.serial.is_not(None))
    plain = ((row.id, row.message, void_message(row.serial, "")) for row in db.execute(query))
    changes = [{"b_id": id_, "b_message": new} for id_, old, new in plain if new != old]
    mine = update(problems).where(problems.c.id == bindparam("b_id"))
    return _change(db, mine.values(message=bindparam("b_message")), changes)


def erase_reasons(db: Connection, about: Iterable[str] | None = None) -> int:
    """In the audit log: why a form was void or a question was referred; who, when and which stay. `about`: of
    these sheets alone."""
    wanted = None if about is None else set(about)
    changes = []
    for row in db.execute(select(audit.c.id, audit.c.detail).where(_has_reason())):
        sheets_ = {row.detail.get("serial"), *row.detail.get("serials", ())}
        reason = row.detail.get("reason")
        if reason and reason != ERASED and (wanted is None or wanted & sheets_):
            changes.append({"b_id": row.id, "b_detail": {**row.detail, "reason": ERASED}})
    mine = update(audit).where(audit.c.id == bindparam("b_id"))
    return _change(db, mine.values(detail=bindparam("b_detail")), changes)


def _has_reason() -> Any:
    return or_(*(audit.c.action.startswith(action) for action in ("sheet.", "key.")))


def _erase_file_names(db: Connection) -> int:
    """A scan may be called 王小明.pdf; its number is enough to tell it from others."""
    found = [(row.sha256, row.name) for row in db.execute(select(scans.c.sha256, scans.c.name))]
    changes = [
        {"b_scan": sha256, "b_name": plain}
        for sha256, name in found
        if (plain := plain_file_name(sha256, name)) != name
    ]
    mine = update(scans).where(scans.c.sha256 == bindparam("b_scan"))
    return _change(db, mine.values(name=bindparam("b_name")), changes)


def plain_file_name(sha256: str, name: str) -> str:
    return sha256[:12] + PurePath(name).suffix.lower()


# --- the roster ----------------------------------------------------------------------------------


def erase_roster(db: Connection, subject: tuple[str, str] | None = None) -> int:
    """Those who have left it included. `subject`: table and code of the one whose row it is, None: all.
    Returns how many rows lost something."""
    return sum(
        _erase_rows(db, ROSTER[name], subject[1] if subject else None)
        for name in PERSONAL_COLUMNS
        if subject is None or subject[0] == name
    )


def _erase_rows(db: Connection, table: Table, code: str | None) -> int:
    emptied, name = PERSONAL_COLUMNS[table.name], NAME_COLUMNS.get(table.name)
    values: dict[str, Any] = dict.fromkeys(emptied, null())
    there: list[ColumnElement[bool]] = [table.c[column].is_not(None) for column in emptied]
    if name:
        values[name] = table.c.code
        there.append(table.c[name] != table.c.code)
    wanted = or_(*there) if code is None else (or_(*there) & (table.c.code == code))
    count = db.scalar(select(func.count()).select_from(table).where(wanted)) or 0
    db.execute(update(table).where(wanted).values(values))
    return count
