"""What becomes of a task when a person has looked: the answer, its second keying, its third look, and the
way back. All in the transaction of the caller."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from forms.model import Value
from review import looks
from store import audit, scanned, work
from store.work import (
    ANSWERS,
    BLIND,
    DONE,
    FIRST,
    GONE,
    OPEN,
    REFER,
    REFERRED,
    SAMPLE,
    SAVE,
    SECOND,
    SKIP,
    THIRD,
    UNREADABLE,
    NewTask,
    Step,
    Task,
)

REJECT = "reject"


class TakenError(Exception):
    """Someone else has the task, or it is settled; the message says who or why."""


def check_mine(task: Task | None, desk: str, now: datetime) -> Task:
    """The task, if this desk may act on it: held by it, or by nobody any more. Raises TakenError."""
    if task is None or task.state == GONE:
        raise TakenError("这一项已不需要录入（该页已重读或已退回）")
    if task.state == DONE:
        raise TakenError("这一项已有人录入")
    if task.holder not in (None, desk) and task.held_until and task.held_until > now:
        raise TakenError(f"这一项正由 {task.holder_name} 处理")
    return task


def check_role(db: Connection, task: Task, who: str, *, elder: bool) -> None:
    """What was referred is for supervisors; a second keying and a third look are for another person, the
    third at least for a supervisor. Raises TakenError."""
    if task.state == REFERRED and not elder:
        raise TakenError("这一项已交主管")
    for_another = task.kind == SECOND or (task.kind == THIRD and not elder)
    if for_another and any(one.who == who for one in work.answers(db, task.serial, task.field)):
        raise TakenError("这一项要由另一位同事录入")


def answered_alike(db: Connection, task: Task, who: str, action: str, value: Value) -> bool:
    """Whether this very answer of this person is stored already: a repeated request, not a conflict."""
    given = work.answers(db, task.serial, task.field)
    return bool(given) and (given[-1].who, given[-1].action) == (who, action) and given[-1].value == value


def answer(
    db: Connection,
    task: Task,
    who: str,
    action: str,
    value: Value,
    seconds: float | None = None,
    together: int | None = None,
) -> int:
    """Store what a person says (`save`) or cannot say (`unreadable`). Returns the step's number."""
    blind = task.kind in BLIND
    before = work.answers(db, task.serial, task.field)
    unreadable = action == UNREADABLE
    scanned.add_correction(db, task.serial, task.field, value, who, blind=blind, unreadable=unreadable)
    correction = work.latest_correction(db, task.serial, task.field)
    step = work.add_step(
        db, task.id, who, action, value, correction=correction, seconds=seconds, together=together
    )
    work.close(db, task.id)
    follow_up = _follow_up(task, action, value, before)
    if follow_up:
        work.open_tasks(db, [follow_up])
    detail = {"task": task.id, "serial": task.serial, "field": task.field, "kind": task.kind}
    audit.note(db, who, f"key.{action}", detail)
    return step


def _follow_up(task: Task, action: str, value: Value, before: list[Step]) -> NewTask | None:
    """The next look that an answer calls for: another person's keying, or a third look."""
    if task.kind == FIRST:
        return _again(task, SECOND, "")
    if task.kind == SECOND and before and (before[-1].action, before[-1].value) != (action, value):
        return _again(task, THIRD, "两人录入不一致")
    if task.kind == SAMPLE and (action, task.value) != (SAVE, value):
        return _again(task, THIRD, "抽查录入与已采用的识别结果不一致")
    return None


def _again(task: Task, kind: str, doubt: str) -> NewTask:
    return NewTask(
        kind,
        task.area,
        task.serial,
        task.page_image,
        task.form,
        task.field,
        task.answer,
        task.value,
        "",
        doubt,
        task.beside,
    )


def skip(
    db: Connection, task: Task, who: str, seconds: float | None = None, together: int | None = None
) -> int:
    """Put a task off. Returns the step's number."""
    step = work.add_step(db, task.id, who, SKIP, seconds=seconds, together=together)
    work.put_off(db, task.id)
    return step


def refer(db: Connection, task: Task, who: str, reason: str, seconds: float | None = None) -> None:
    """Hand a task to the supervisor."""
    work.add_step(db, task.id, who, REFER, reason, seconds=seconds)
    work.refer(db, task.id, reason)
    detail = {"task": task.id, "serial": task.serial, "field": task.field, "reason": reason}
    audit.note(db, who, "key.refer", detail)


def reject_page(db: Connection, task: Task, who: str, reason: str) -> None:
    """Turn away the page that a task is about; what it asked is asked no more."""
    page = scanned.page(db, task.page_image)
    assert page is not None
    work.add_step(db, task.id, who, REJECT, reason)
    looks.reject(db, page, who, reason)


# --- the way back --------------------------------------------------------------------------------


def take_back(
    db: Connection, who: str, desk: str, since: datetime, until: datetime
) -> list[tuple[Task, Step]]:
    """Undo the person's last step (of a grid: all that were confirmed at once), and hand the tasks back.

    Empty when there is nothing to take back. Raises TakenError when others have built on it.
    """
    last = work.last_step(db, who, since)
    if last is None:
        return []
    together = work.steps_together(db, last.together) if last.together else [last]
    return [(_take_back(db, step, who, desk, until), step) for step in together]


def _take_back(db: Connection, step: Step, who: str, desk: str, until: datetime) -> Task:
    task = work.find_task(db, step.task)
    assert task is not None
    _check_not_built_on(db, task, step, who)
    work.undo(db, step, who)
    if step.action == REJECT:
        return _page_back(db, task, who, desk, until)
    followers = [
        later.id
        for later in work.tasks_of(db, [task.serial])
        if later.field == task.field and later.id > task.id and later.state in (OPEN, REFERRED)
    ]
    work.drop_tasks(db, followers)
    reason = "" if step.action == REFER else task.reason
    work.reopen(db, task.id, reason, desk, who, until)
    detail = {"task": task.id, "serial": task.serial, "field": task.field, "action": step.action}
    audit.note(db, who, "key.undo", detail)
    return _as_it_stands(db, task)


def _check_not_built_on(db: Connection, task: Task, step: Step, who: str) -> None:
    later = [one for one in work.answers(db, task.serial, task.field) if one.id > step.id]
    if any(one.who != who for one in later):
        raise TakenError("上一项已由他人复核，不能再撤销；如有错误请告诉主管")
    if task.state == GONE and step.action in ANSWERS:
        raise TakenError("上一项所在的页已重读，不能再撤销")
    if step.action in (SKIP, REFER) and task.holder not in (None, desk_of(task, who)):
        raise TakenError(f"上一项正由 {task.holder_name} 处理")


def desk_of(task: Task, who: str) -> str | None:
    """The desk that has the task, if it is this person's."""
    return task.holder if task.holder_name == who else None


def _page_back(db: Connection, task: Task, who: str, desk: str, until: datetime) -> Task:
    """The page counts again, and so does what was asked about it."""
    page = scanned.page(db, task.page_image)
    assert page is not None
    same = (page.number, page.part)
    current = next(p for p in scanned.pages(db, scan=page.scan) if (p.number, p.part) == same)
    saved = looks.restore(db, current, who)
    work.open_tasks(
        db,
        [
            replace(_again(old, old.kind, old.doubt), page_image=saved.id, alike=old.alike)
            for old in work.tasks_of(db, [task.serial])
            if old.page_image == task.page_image and old.state == GONE
        ],
    )
    asked = [new for new in work.tasks_of(db, [task.serial]) if new.page_image == saved.id]
    mine = next(new for new in asked if new.field == task.field)
    work.reopen(db, mine.id, "", desk, who, until)
    return _as_it_stands(db, mine)


def _as_it_stands(db: Connection, task: Task) -> Task:
    found = work.find_task(db, task.id)
    assert found is not None
    return found


__all__ = ["REJECT", "SAVE", "TakenError", "answer", "refer", "reject_page", "skip", "take_back"]
