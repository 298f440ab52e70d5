"""What people have to look at, who has it in hand, and each step they took.

A task asks for one field of one sheet. It is found by `review.sifting`, held by one desk (a browser tab)
at a time until `held_until`, and closed by a step. Tasks say how things stand and may change; steps and
what takes them back (`undos`, `withdrawals`) are only ever added.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    Select,
    String,
    Table,
    Text,
    and_,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from forms.model import Value
from store.database import insert_one
from store.scanned import current_pages
from store.schema import APPEND_ONLY, UtcTime, corrections, decisions, metadata, now, page_images, withdrawals

tasks = Table(
    "tasks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(10), nullable=False),  # see KINDS
    Column("area", String(12), nullable=False),  # who may see it: review.access.Area
    Column("serial", ForeignKey("sheets.serial"), nullable=False),
    Column("page_image", ForeignKey("page_images.id"), nullable=False, index=True),
    Column("form", String(6), nullable=False),
    Column("field", String(60), nullable=False),
    Column("answer", String(12), nullable=False),  # forms.model.Kind of the field
    Column("value", JSON, nullable=False),  # as read
    Column("alike", String(80), nullable=False),  # tasks of one text belong in one grid; "" in none
    Column("doubt", Text, nullable=False),
    Column("state", String(10), nullable=False),  # open, referred, done, gone
    Column("reason", Text, nullable=False),  # why it was referred
    Column("passes", Integer, nullable=False),  # how often it was put off
    Column("holder", String(40)),  # the desk that has it
    Column("holder_name", String(40)),
    Column("held_until", UtcTime),
    Column("opened_at", UtcTime, nullable=False),
    Column("closed_at", UtcTime),
    Column("stirred", Boolean, nullable=False),  # its record is to be looked at again
    # Other images that the field is read from, when they do not all say the same.
    Column("beside", JSON, nullable=False, server_default="[]"),
    Index("ix_tasks_order", "state", "passes", "form", "field", "kind", "alike", "id"),
    Index("ix_tasks_serial_field", "serial", "field"),
    Index("ix_tasks_holder", "holder"),
    Index("ix_tasks_stirred", "serial", sqlite_where=text("stirred"), postgresql_where=text("stirred")),
)
sifted = Table(  # decisions that were looked through for tasks, and by which rule
    "sifted",
    metadata,
    Column("decision", ForeignKey("decisions.id"), primary_key=True),
    Column("rule", String(16), primary_key=True),
)
steps = Table(
    "steps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("task", ForeignKey("tasks.id"), nullable=False, index=True),
    Column("who", String(40), nullable=False),
    Column("at", UtcTime, nullable=False, index=True),
    Column("action", String(12), nullable=False),  # save, unreadable, skip, refer
    Column("value", JSON, nullable=False),
    Column("correction", ForeignKey("corrections.id")),
    Column("seconds", Float),  # that it was on the screen; null when nobody measured
    Column("together", Integer),  # the first step of a grid that was confirmed at once
    Index("ix_steps_who", "who", "id"),
    info=APPEND_ONLY,
)
undos = Table(
    "undos",
    metadata,
    Column("step", ForeignKey("steps.id"), primary_key=True),
    Column("who", String(40), nullable=False),
    Column("at", UtcTime, nullable=False),
    info=APPEND_ONLY,
)

page_holds = Table(  # who looks at a page that the reader could not deal with
    "page_holds",
    metadata,
    Column("page_image", ForeignKey("page_images.id"), primary_key=True),
    Column("holder", String(40), nullable=False),
    Column("holder_name", String(40), nullable=False),
    Column("held_until", UtcTime, nullable=False),
)

KEY, FIRST, SECOND, SAMPLE, THIRD = "key", "first", "second", "sample", "third"
KINDS = (KEY, FIRST, SECOND, SAMPLE, THIRD)
"""An unsure reading; both blind keyings of a critical field; a blind keying of a reading that was accepted;
the third look after two keyings, or a keying and a reading, disagreed."""
BLIND = (FIRST, SECOND, SAMPLE)
OPEN, REFERRED, DONE, GONE = "open", "referred", "done", "gone"
SAVE, UNREADABLE, SKIP, REFER = "save", "unreadable", "skip", "refer"
ANSWERS = (SAVE, UNREADABLE)
ALIKE_LENGTH = 80
RECENTLY_TYPED = 3000
"""Answers that suggestions are taken from."""


@dataclass(frozen=True)
class NewTask:
    kind: str
    area: str
    serial: str
    page_image: int
    form: str
    field: str
    answer: str
    value: Value
    alike: str = ""
    doubt: str = ""
    beside: tuple[int, ...] = ()


@dataclass(frozen=True)
class Task:
    id: int
    kind: str
    area: str
    serial: str
    page_image: int
    form: str
    field: str
    answer: str
    value: Value
    alike: str
    doubt: str
    state: str
    reason: str
    passes: int
    holder: str | None
    holder_name: str | None
    held_until: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    stirred: bool
    beside: tuple[int, ...]

    @property
    def images(self) -> tuple[int, ...]:
        """The page images that it asks about."""
        return self.page_image, *self.beside


@dataclass(frozen=True)
class Step:
    id: int
    task: int
    who: str
    at: datetime
    action: str
    value: Value
    correction: int | None
    seconds: float | None
    together: int | None


@dataclass(frozen=True)
class Wish:
    """What a desk may get and asks for.

    areas   what the person may see
    elder   may take a third look at what they keyed themselves
    alike   only tasks of this grid; None: any
    fresh   only tasks that nobody put off
    """

    who: str
    areas: Collection[str]
    kinds: Collection[str] = KINDS
    state: str = OPEN
    form: str | None = None
    field: str | None = None
    alike: str | None = None
    elder: bool = False
    fresh: bool = False


# --- finding what is to be done ------------------------------------------------------------------


def unsifted(db: Connection, rule: str, limit: int, after: int = 0) -> list[tuple[int, str]]:
    """(decision, serial) of current pages' latest decisions that `rule` has not looked through; those up to
    `after` are known to be."""
    seen = select(sifted.c.decision).where(sifted.c.decision == decisions.c.id, sifted.c.rule == rule)
    later = decisions.alias("later")
    newer = select(later.c.id).where(
        later.c.page_image == decisions.c.page_image, later.c.id > decisions.c.id
    )
    current = current_pages().where(page_images.c.serial.is_not(None)).subquery()
    query = (
        select(decisions.c.id, current.c.serial)
        .join(current, current.c.id == decisions.c.page_image)
        .where(decisions.c.id > after, ~seen.exists(), ~newer.exists())
        .order_by(decisions.c.id)
        .limit(limit)
    )
    return [(decision, serial) for decision, serial in db.execute(query)]


def last_decision(db: Connection) -> int:
    return db.scalar(select(func.max(decisions.c.id))) or 0


def mark_sifted(db: Connection, decided: Iterable[int], rule: str) -> None:
    rows = [{"decision": decision, "rule": rule} for decision in decided]
    if rows:
        db.execute(insert(sifted), rows)


def stirred(db: Connection, limit: int) -> list[str]:
    """Serials of sheets of which something was said, or is no longer asked, since their record was last
    looked at."""
    query = select(tasks.c.serial).where(tasks.c.stirred).distinct().limit(limit)
    return list(db.scalars(query))


def calm(db: Connection, serials: Collection[str]) -> None:
    """The records of these sheets were looked at."""
    db.execute(update(tasks).where(tasks.c.serial.in_(serials), tasks.c.stirred).values(stirred=False))


def open_tasks(db: Connection, new: Sequence[NewTask]) -> None:
    rows = [
        {
            **{name: getattr(task, name) for name in NewTask.__dataclass_fields__},
            "alike": task.alike[:ALIKE_LENGTH],
            "state": OPEN,
            "reason": "",
            "passes": 0,
            "stirred": False,
            "opened_at": now(),
        }
        for task in new
    ]
    if rows:
        db.execute(insert(tasks), rows)


def drop_tasks(db: Connection, ids: Collection[int]) -> None:
    """Close tasks that nobody needs any more, e.g. because the page was read again. What their records ask
    instead is to be found."""
    db.execute(
        update(tasks)
        .where(tasks.c.id.in_(ids), tasks.c.state.in_((OPEN, REFERRED)))
        .values(state=GONE, holder=None, held_until=None, closed_at=now(), stirred=True)
    )


def tasks_of(db: Connection, serials: Collection[str]) -> list[Task]:
    """Every task about these sheets, in whatever state, oldest first."""
    query = select(tasks).where(tasks.c.serial.in_(serials)).order_by(tasks.c.id)
    return [_task(row) for row in db.execute(query)]


def waiting(db: Connection, serials: Collection[str] | None = None) -> set[tuple[str, str]]:
    """(serial, field) that no one may rely on yet, whatever was said of them so far: an open question,
    a second keying or a third look. Samples of accepted fields are not among them."""
    query = select(tasks.c.serial, tasks.c.field).where(
        tasks.c.state.in_((OPEN, REFERRED)), tasks.c.kind != SAMPLE
    )
    if serials is not None:
        query = query.where(tasks.c.serial.in_(serials))
    return {(serial, field) for serial, field in db.execute(query)}


# --- holding -------------------------------------------------------------------------------------


def take(db: Connection, desk: str, wish: Wish, count: int, until: datetime) -> list[Task]:
    """Hold up to `count` tasks for a desk: those that it has already, then free ones. In one transaction,
    so that no two desks get the same."""
    found = _held_by(db, desk, wish.state)[:count]
    if len(found) < count:
        free = or_(tasks.c.holder.is_(None), tasks.c.held_until <= now())
        query = _ordered(wish, free).limit(count - len(found)).with_for_update(skip_locked=True, of=tasks)
        found += [row.id for row in db.execute(query)]
    if not found:
        return []
    db.execute(
        update(tasks).where(tasks.c.id.in_(found)).values(holder=desk, holder_name=wish.who, held_until=until)
    )
    rows = {row.id: row for row in db.execute(select(tasks).where(tasks.c.id.in_(found)))}
    return [_task(rows[task]) for task in found]


def _held_by(db: Connection, desk: str, state: str) -> list[int]:
    """Few: to sort them here keeps the database from walking all tasks in order."""
    rows = db.execute(select(tasks).where(tasks.c.holder == desk)).all()
    held = [_task(row) for row in rows if row.state == state and row.held_until > now()]
    return [task.id for task in sorted(held, key=_place_in_queue)]


def _place_in_queue(task: Task) -> tuple[int, str, str, str, str, int]:
    return task.passes, task.form, task.field, task.kind, task.alike, task.id


def _ordered(wish: Wish, holding: ColumnElement[bool]) -> Select[Any]:
    """The same field in sequence, what was put off last: as `_place_in_queue`."""
    return (
        select(tasks.c.id)
        .where(_matches(wish), holding)
        .order_by(tasks.c.passes, tasks.c.form, tasks.c.field, tasks.c.kind, tasks.c.alike, tasks.c.id)
    )


def _matches(wish: Wish) -> ColumnElement[bool]:
    keyed_by_me = (
        select(steps.c.id)
        .join(other := tasks.alias("other"), other.c.id == steps.c.task)
        .where(
            other.c.serial == tasks.c.serial,
            other.c.field == tasks.c.field,
            steps.c.who == wish.who,
            steps.c.action.in_(ANSWERS),
            steps.c.id.not_in(select(undos.c.step)),
        )
    )
    needs_another = (SECOND,) if wish.elder else (SECOND, THIRD)
    wanted = [
        tasks.c.state == wish.state,
        tasks.c.area.in_(wish.areas),
        tasks.c.kind.in_(wish.kinds),
        or_(tasks.c.kind.not_in(needs_another), ~keyed_by_me.exists()),
    ]
    if wish.form is not None:
        wanted.append(tasks.c.form == wish.form)
    if wish.field is not None:
        wanted.append(tasks.c.field == wish.field)
    if wish.alike is not None:
        wanted.append(tasks.c.alike == wish.alike)
    if wish.fresh:
        wanted.append(tasks.c.passes == 0)
    return and_(*wanted)


def hold_on(db: Connection, desk: str, until: datetime) -> None:
    """The desk still works on what it holds."""
    mine = (tasks.c.holder == desk) & tasks.c.state.in_((OPEN, REFERRED))
    db.execute(update(tasks).where(mine).values(held_until=until))


def let_go(db: Connection, desk: str) -> None:
    """The desk is left: others may have what it held."""
    free = {"holder": None, "holder_name": None, "held_until": None}
    db.execute(update(tasks).where(tasks.c.holder == desk, tasks.c.state.in_((OPEN, REFERRED))).values(free))


def find_task(db: Connection, task: int) -> Task | None:
    row = db.execute(select(tasks).where(tasks.c.id == task)).first()
    return _task(row) if row else None


def find_tasks(db: Connection, ids: Collection[int]) -> list[Task]:
    query = select(tasks).where(tasks.c.id.in_(ids)).order_by(tasks.c.id)
    return [_task(row) for row in db.execute(query)]


def _task(row: Any) -> Task:
    return Task(**{**row._mapping, "beside": tuple(row.beside)})


def hold_page(db: Connection, page_image: int, desk: str, who: str, until: datetime) -> str:
    """Who has a page in hand: `who`, from now on, unless another has it still."""
    row = db.execute(select(page_holds).where(page_holds.c.page_image == page_image)).first()
    if row is not None and row.holder_name != who and row.held_until > now():
        return str(row.holder_name)
    values = {"holder": desk, "holder_name": who, "held_until": until}
    if row is None:
        db.execute(insert(page_holds).values(page_image=page_image, **values))
    else:
        db.execute(update(page_holds).where(page_holds.c.page_image == page_image).values(values))
    return who


def page_holders(db: Connection) -> dict[int, str]:
    """Page images that somebody has in hand, and who."""
    query = select(page_holds).where(page_holds.c.held_until > now())
    return {row.page_image: row.holder_name for row in db.execute(query)}


# --- steps ---------------------------------------------------------------------------------------


def add_step(
    db: Connection,
    task: int,
    who: str,
    action: str,
    value: Value = None,
    *,
    correction: int | None = None,
    seconds: float | None = None,
    together: int | None = None,
) -> int:
    """Note what a person did with a task. Returns the step's number."""
    return insert_one(
        db,
        steps,
        task=task,
        who=who,
        at=now(),
        action=action,
        value=value,
        correction=correction,
        seconds=seconds,
        together=together,
    )


def close(db: Connection, task: int) -> None:
    """Answered."""
    free = {"holder": None, "holder_name": None, "held_until": None}
    values = {"state": DONE, "closed_at": now(), "stirred": True, **free}
    db.execute(update(tasks).where(tasks.c.id == task).values(values))


def put_off(db: Connection, task: int) -> None:
    """Behind everything else that is open."""
    values: dict[str, Any] = {"passes": tasks.c.passes + 1, "holder": None, "held_until": None}
    db.execute(update(tasks).where(tasks.c.id == task).values(values))


def refer(db: Connection, task: int, reason: str) -> None:
    values = {"state": REFERRED, "reason": reason, "holder": None, "held_until": None}
    db.execute(update(tasks).where(tasks.c.id == task).values(values))


def reopen(db: Connection, task: int, reason: str, desk: str, who: str, until: datetime) -> None:
    """Back on the desk of whoever took a step back, and in its old place: referred for that reason, or open
    when there is none."""
    held = {"holder": desk, "holder_name": who, "held_until": until, "passes": 0}
    state = REFERRED if reason else OPEN
    values = {"state": state, "reason": reason, "closed_at": None, "stirred": True, **held}
    db.execute(update(tasks).where(tasks.c.id == task).values(values))


def last_step(db: Connection, who: str, since: datetime) -> Step | None:
    """The latest step of a person that was not taken back."""
    query = (
        select(steps)
        .where(steps.c.who == who, steps.c.at >= since, steps.c.id.not_in(select(undos.c.step)))
        .order_by(steps.c.id.desc())
        .limit(1)
    )
    row = db.execute(query).first()
    return Step(**row._mapping) if row else None


def steps_together(db: Connection, first: int) -> list[Step]:
    """The steps of a grid that was confirmed at once, by its first."""
    query = select(steps).where(or_(steps.c.together == first, steps.c.id == first)).order_by(steps.c.id)
    return [Step(**row._mapping) for row in db.execute(query)]


def answers(db: Connection, serial: str, field: str) -> list[Step]:
    """What people keyed for a field and did not take back, oldest first."""
    query = (
        select(steps)
        .join(tasks, tasks.c.id == steps.c.task)
        .where(
            tasks.c.serial == serial,
            tasks.c.field == field,
            steps.c.action.in_(ANSWERS),
            steps.c.id.not_in(select(undos.c.step)),
        )
        .order_by(steps.c.id)
    )
    return [Step(**row._mapping) for row in db.execute(query)]


def undo(db: Connection, step: Step, who: str) -> None:
    """Take a step back, and with it what it said of the field."""
    db.execute(insert(undos).values(step=step.id, who=who, at=now()))
    if step.correction is not None:
        db.execute(insert(withdrawals).values(correction=step.correction, who=who, at=now()))


def latest_correction(db: Connection, serial: str, field: str) -> int:
    """The number of the correction that was added last."""
    query = select(func.max(corrections.c.id)).where(
        corrections.c.serial == serial, corrections.c.field == field
    )
    return int(db.execute(query).scalar_one())


# --- figures -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """Open tasks of one sort. `oldest` is when the first of them was opened."""

    kind: str
    area: str
    state: str
    form: str
    field: str
    answer: str
    count: int
    held: int
    oldest: datetime


def count_waiting(db: Connection, areas: Collection[str]) -> list[Waiting]:
    held = func.sum(func.coalesce(tasks.c.held_until > now(), False).cast(Integer))
    columns = (tasks.c.kind, tasks.c.area, tasks.c.state, tasks.c.form, tasks.c.field, tasks.c.answer)
    query = (
        select(*columns, func.count().label("count"), held.label("held"), func.min(tasks.c.opened_at))
        .where(tasks.c.state.in_((OPEN, REFERRED)), tasks.c.area.in_(areas))
        .group_by(*columns)
        .order_by(tasks.c.form, tasks.c.field)
    )
    return [Waiting(*row) for row in db.execute(query)]


def count_for(db: Connection, wish: Wish) -> int:
    """How many tasks this person could get, those held by others included."""
    return int(db.execute(select(func.count()).select_from(tasks).where(_matches(wish))).scalar_one())


def count_alike(db: Connection, wish: Wish, least: int) -> list[tuple[Task, int]]:
    """The groups that could be looked at in a grid, largest first: one of its tasks, and how many it has."""
    free = or_(tasks.c.holder.is_(None), tasks.c.held_until <= now())
    query = (
        select(func.min(tasks.c.id), func.count())
        .where(_matches(wish), tasks.c.alike != "", free)
        .group_by(tasks.c.alike)
        .having(func.count() >= least)
        .order_by(func.count().desc(), tasks.c.alike)
    )
    groups = db.execute(query).all()
    found = {task.id: task for task in find_tasks(db, [first for first, _ in groups])}
    return [(found[first], count) for first, count in groups]


@dataclass(frozen=True)
class Speed:
    """What a person keyed: answers, seconds at the screen for those that were timed, first and last."""

    who: str
    answers: int
    timed: int
    seconds: float
    undone: int
    first: datetime
    last: datetime


def speeds(db: Connection, since: datetime) -> list[Speed]:
    undone = func.count(undos.c.step)
    query = (
        select(
            steps.c.who,
            func.count(steps.c.id),
            func.count(steps.c.seconds),
            func.coalesce(func.sum(steps.c.seconds), 0.0),
            undone,
            func.min(steps.c.at),
            func.max(steps.c.at),
        )
        .outerjoin(undos, undos.c.step == steps.c.id)
        .where(steps.c.at >= since, steps.c.action.in_(ANSWERS))
        .group_by(steps.c.who)
        .order_by(func.count(steps.c.id).desc())
    )
    return [Speed(*row) for row in db.execute(query)]


def holders(db: Connection) -> Mapping[str, int]:
    """Who has how many tasks in hand now."""
    query = (
        select(tasks.c.holder_name, func.count())
        .where(tasks.c.held_until > now(), tasks.c.state.in_((OPEN, REFERRED)))
        .group_by(tasks.c.holder_name)
    )
    return {row[0]: row[1] for row in db.execute(query)}


def typed_before(db: Connection, form: str, field: str, limit: int) -> list[str]:
    """What people lately typed into this field on other sheets, the most frequent first."""
    typed = (
        select(steps.c.value)
        .join(tasks, tasks.c.id == steps.c.task)
        .where(tasks.c.form == form, tasks.c.field == field, steps.c.action == SAVE)
        .order_by(steps.c.id.desc())
        .limit(RECENTLY_TYPED)
    )
    words = Counter(value for value in db.scalars(typed) if isinstance(value, str) and value)
    return [word for word, _ in words.most_common(limit)]


def samples(db: Connection) -> list[tuple[str, str, str, Value]]:
    """(serial, field, answer kind, value as accepted) of the accepted fields that were keyed blind and
    about which no question is left."""
    pending = tasks.alias("pending")
    asked = select(pending.c.id).where(
        pending.c.serial == tasks.c.serial,
        pending.c.field == tasks.c.field,
        pending.c.state.in_((OPEN, REFERRED)),
    )
    query = select(tasks.c.serial, tasks.c.field, tasks.c.answer, tasks.c.value).where(
        tasks.c.kind == SAMPLE, tasks.c.state == DONE, ~asked.exists()
    )
    return [(row.serial, row.field, row.answer, row.value) for row in db.execute(query)]


def alike_text(form: str, field: str, answer: str, cells: int, value: Value) -> str:
    """What a grid is about: digits by what they say, whatever the field; boxes by field and option."""
    said = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if answer == "digits":
        return f"{answer}/{cells}/{said}"
    return f"{form}/{field}/{said}"
