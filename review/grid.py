"""Many alike at once: doubtful boxes and digits that were read as the same value, side by side. The clerk
marks the odd ones, which are then keyed one by one, and confirms the rest with one key."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import StringConstraints
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from forms.model import Kind
from review import access, crops, judging
from review.accounts import InOffice, Signed, SignedIn
from review.items import label_of, picture, words
from review.judging import TakenError
from review.keying import GO_BACK, AtDesk, held_until, left
from review.office import Office
from review.showing import render
from store import audit, work
from store.schema import now
from store.work import KEY, OPEN, SAVE, Task, Wish

router = APIRouter()

AT_ONCE = 24
"""Cells of a screen."""
LEAST = 3
"""A smaller group is sooner keyed one by one."""

Alike = Annotated[str, StringConstraints(min_length=1, max_length=work.ALIKE_LENGTH)]


class Group(AtDesk):
    alike: Alike


class Confirmed(Group):
    """A screen of cells: `odd` ones are not what was read, all others are."""

    tasks: list[int]
    odd: tuple[int, ...] = ()
    seconds: float | None = None


@router.get("/grid")
def groups_page(request: Request, office: InOffice, who: SignedIn) -> Response:
    with office.store.read() as db:
        found = work.count_alike(db, _wish(who, None), LEAST)
        groups = [
            {"alike": first.alike, "count": count, **_titles(office, db, first)} for first, count in found
        ]
    return render(request, "groups.html", title="成组核对", groups=groups)


@router.get("/grid/cells")
def cells_page(request: Request, office: InOffice, who: SignedIn, alike: Alike) -> Response:
    with office.store.read() as db:
        found = work.count_alike(db, _wish(who, alike), 1)
        if not found:
            return RedirectResponse("/grid", status_code=303)
        titles = _titles(office, db, found[0][0])
    return render(request, "grid.html", title="成组核对", alike=alike, **titles)


@router.post("/grid/take")
def take(group: Group, office: InOffice, who: SignedIn) -> dict[str, Any]:
    """The next screen of cells."""
    wish = _wish(who, group.alike)
    with office.store.write() as db:
        return _next(office, db, who, group, wish)


@router.post("/grid/confirm")
def confirm(done: Confirmed, office: InOffice, who: SignedIn) -> dict[str, Any]:
    """Save what was read for all but the odd ones, in one step that can be taken back."""
    if not done.tasks or len(done.tasks) > AT_ONCE or not set(done.odd) <= set(done.tasks):
        raise HTTPException(422, "没有这样的一组")
    with office.store.write() as db:
        refused = _confirm(db, who, done)
        answer = _next(office, db, who, done, _wish(who, done.alike))
    return {**answer, "refused": refused}


@router.post("/grid/undo")
def undo(group: Group, office: InOffice, who: SignedIn) -> dict[str, Any]:
    """The last screen again."""
    with office.store.write() as db:
        last = work.last_step(db, who.name, now() - GO_BACK)
        task = work.find_task(db, last.task) if last else None
        if task is None or task.alike != group.alike:
            raise HTTPException(409, "这一组没有可以撤销的了；别处的上一步请到“逐项录入”里撤销")
        try:
            judging.take_back(db, who.name, group.desk, now() - GO_BACK, held_until(office))
        except TakenError as error:
            raise HTTPException(409, str(error)) from error
        return _next(office, db, who, group, _wish(who, group.alike))


def count_groups(db: Connection, who: Signed) -> int:
    return len(work.count_alike(db, _wish(who, None), LEAST))


def _confirm(db: Any, who: Signed, done: Confirmed) -> list[str]:
    """Returns why some could not be saved: others were faster."""
    refused: list[str] = []
    first: int | None = None
    each = done.seconds / len(done.tasks) if done.seconds is not None and done.seconds >= 0 else None
    for task in work.find_tasks(db, done.tasks):
        if task.area not in who.areas or task.alike != done.alike:
            raise HTTPException(404, "没有这一项")
        try:
            judging.check_mine(task, done.desk, now())
        except TakenError as error:
            refused.append(str(error))
            continue
        if task.id in done.odd:
            step = judging.skip(db, task, who.name, each, together=first)
        else:
            step = judging.answer(db, task, who.name, SAVE, task.value, each, together=first)
        first = first or step
    return refused


def _next(office: Office, db: Any, who: Signed, group: Group, wish: Wish) -> dict[str, Any]:
    until = held_until(office)
    held = work.take(db, group.desk, wish, AT_ONCE, until)
    if held:
        seen = [[task.serial, task.field] for task in held]
        audit.note(db, who.name, "view.fields", {"seen": seen})
    cells = [_cell(office, db, task) for task in held]
    return {"cells": cells, "held_until": until.timestamp(), **left(office, db, wish)}


def _cell(office: Office, db: Any, task: Task) -> dict[str, Any]:
    layout, page = office.place(db, task.serial)
    view = crops.field_view(layout, page, task.field, tight=True)
    scale = crops.fitted(view.region, crops.CELL_PX)
    return {
        "id": task.id,
        "value": task.value,
        "crop": {"url": f"image/task/{task.id}/cell", **picture(view, scale)},
    }


def _wish(who: Signed, alike: str | None) -> Wish:
    """Unsure readings that nobody put off: what was odd in a grid is keyed one by one."""
    elder = access.supervises(who.user)
    return Wish(who.name, who.areas, (KEY,), OPEN, alike=alike, elder=elder, fresh=True)


def _titles(office: Office, db: Connection, first: Task) -> dict[str, Any]:
    """What a group is about, in words, by one of its tasks. Groups of digits span fields and forms."""
    form = office.place(db, first.serial)[0].form
    field = form.field(first.field)
    question = f"{field.cells} 格数字" if field.kind is Kind.DIGITS else f"{form.id} {label_of(form, field)}"
    return {"question": question, "read": words(field, first.value)}
