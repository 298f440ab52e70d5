"""Keying, one field at a time. The page's script asks for tasks ahead of time and sends each step."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.responses import HTMLResponse, Response

from campaign.records import amiss
from forms.model import Value
from layouts.model import Layout
from review import access, crops, judging, suggesting
from review.accounts import InOffice, Signed, SignedIn
from review.answers import AnswerError, parse
from review.items import item, looked_at
from review.judging import TakenError
from review.office import Office
from review.showing import picture_response, render
from store import PageInfo, audit, work
from store.schema import now
from store.work import BLIND, KEY, KINDS, OPEN, REFERRED, SAVE, THIRD, UNREADABLE, Task, Wish

router = APIRouter()

AHEAD = 6
"""Tasks that a desk holds: the one on the screen and those whose crops are loaded already."""
GO_BACK = timedelta(hours=12)
"""A person may take back their steps of this long: a working day."""

QUEUES = {
    # name: (title, kinds, state, only for supervisors)
    "all": ("逐项录入", KINDS, OPEN, False),
    "key": ("识别存疑", (KEY,), OPEN, False),
    "blind": ("盲录", BLIND, OPEN, False),
    "third": ("分歧裁定", (THIRD,), OPEN, False),
    "referred": ("交主管的", KINDS, REFERRED, True),
}

Desk = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,40}$")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Asked(_Request):
    """What a desk works on, and the tasks that it has loaded."""

    desk: Desk
    queue: str = "all"
    form: str | None = None
    field: str | None = None
    have: list[int] = []


class Done(Asked):
    """A step; `seconds` that the task was on the screen."""

    task: int
    action: Literal["save", "unreadable", "skip", "refer", "reject"]
    value: Any = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    seconds: float | None = None


class Check(_Request):
    task: int
    value: Any = None


class AtDesk(_Request):
    desk: Desk


# --- pages ---------------------------------------------------------------------------------------


@router.get("/key")
def keying_page(
    request: Request, who: SignedIn, queue: str = "all", form: str = "", field: str = ""
) -> HTMLResponse:
    title = _queue(who, queue)[0]
    start = {"queue": queue, "form": form or None, "field": field or None}
    return render(request, "key.html", title=title, start=start)


@router.get("/image/task/{task}")
def task_crop(
    task: int, office: InOffice, who: SignedIn, request: Request, image: int | None = None
) -> Response:
    found, layout, page = _picture_of(office, who, task, image)
    view = crops.field_view(layout, page.page or 1, found.field)
    scale = crops.on_stage(view.region, len(found.images))
    return picture_response(request, lambda pictures: pictures.crop(page, view.region, scale))


@router.get("/image/task/{task}/cell")
def task_cell(task: int, office: InOffice, who: SignedIn, request: Request) -> Response:
    found, layout, page = _picture_of(office, who, task)
    view = crops.field_view(layout, page.page or 1, found.field, tight=True)
    return picture_response(
        request, lambda pictures: pictures.crop(page, view.region, crops.fitted(view.region, crops.CELL_PX))
    )


@router.get("/image/task/{task}/page")
def task_page(
    task: int, office: InOffice, who: SignedIn, request: Request, image: int | None = None
) -> Response:
    found, layout, page = _picture_of(office, who, task, image)
    with office.store.write() as db:
        audit.note(db, who.name, "view.page", {"task": task, "serial": found.serial, "page": page.id})
    region = (0.0, 0.0, layout.frame.width, layout.frame.height)
    return picture_response(request, lambda pictures: pictures.crop(page, region, crops.PAGE_PX_PER_MM))


def _picture_of(
    office: Office, who: Signed, number: int, image: int | None = None
) -> tuple[Task, Layout, PageInfo]:
    """The task, and one of the images that it asks about with its layout. Raises HTTPException for who may
    not see it."""
    with office.store.read() as db:
        task = work.find_task(db, number)
        if task is None or image not in (None, *task.images) or not _may_see(db, who, task):
            raise HTTPException(404, "没有这一项，或不由您处理")
        page, layout = looked_at(office, db, image or task.page_image)
    return task, layout, page


def _may_see(db: Any, who: Signed, task: Task) -> bool:
    """In their area, and theirs: in hand or handled before. Supervisors see all of their area."""
    if task.area not in who.areas:
        return False
    mine = task.holder_name == who.name or access.supervises(who.user)
    return mine or any(step.who == who.name for step in work.answers(db, task.serial, task.field))


# --- what the script sends -----------------------------------------------------------------------


@router.post("/key/take")
def take(asked: Asked, office: InOffice, who: SignedIn) -> dict[str, Any]:
    """Tasks for a desk: those it holds that it has not loaded, and new ones."""
    wish = _wish(who, asked)
    with office.store.write() as db:
        return {"items": _more(office, db, who, asked, wish), **left(office, db, wish)}


@router.post("/key/done")
def done(step: Done, office: InOffice, who: SignedIn) -> dict[str, Any]:
    """Store a step, and hand out what comes next. 409: someone else was faster."""
    wish = _wish(who, step)
    with office.store.write() as db:
        task = work.find_task(db, step.task)
        if task is None or task.area not in who.areas:
            raise HTTPException(404, "没有这一项")
        value = _parsed(office, db, task, step.value) if step.action == SAVE else None
        if not judging.answered_alike(db, task, who.name, step.action, value):
            try:
                judging.check_mine(task, step.desk, now())
                judging.check_role(db, task, who.name, elder=wish.elder)
                _do(db, task, who.name, step, value)
            except TakenError as error:
                raise HTTPException(409, str(error)) from error
        until = held_until(office)
        work.hold_on(db, step.desk, until)
        more = _more(office, db, who, step, wish)
        return {"items": more, "held_until": until.timestamp(), **left(office, db, wish)}


@router.post("/key/check")
def check(asked: Check, office: InOffice, who: SignedIn) -> dict[str, str]:
    """What is odd about an answer before it is stored, "" when nothing is."""
    with office.store.read() as db:
        task = work.find_task(db, asked.task)
        if task is None or not _may_see(db, who, task):
            raise HTTPException(404, "没有这一项，或不由您处理")
        value = _parsed(office, db, task, asked.value)
        found = amiss(db, office.campaign, task.serial, task.field, value)
    return {"amiss": "；".join(dict.fromkeys(found))}


def _parsed(office: Office, db: Any, task: Task, given: Any) -> Value:
    layout, _ = office.place(db, task.serial)
    try:
        return parse(layout.form.field(task.field), given)
    except AnswerError as error:
        raise HTTPException(422, str(error)) from error


def _do(db: Any, task: Task, who: str, step: Done, value: Any) -> None:
    seconds = min(step.seconds, 3600.0) if step.seconds is not None and step.seconds >= 0 else None
    if step.action in ("refer", "reject") and not step.reason:
        raise HTTPException(422, "请写明原因")
    match step.action:
        case "save" | "unreadable":
            action = SAVE if step.action == "save" else UNREADABLE
            judging.answer(db, task, who, action, value, seconds)
        case "skip":
            judging.skip(db, task, who, seconds)
        case "refer":
            judging.refer(db, task, who, step.reason, seconds)
        case "reject":
            judging.reject_page(db, task, who, step.reason)


@router.post("/key/undo")
def undo(at: AtDesk, office: InOffice, who: SignedIn) -> dict[str, Any]:
    """Take the last step back; the tasks come back to the desk."""
    with office.store.write() as db:
        try:
            back = judging.take_back(db, who.name, at.desk, now() - GO_BACK, held_until(office))
        except TakenError as error:
            raise HTTPException(409, str(error)) from error
        seen = [(task, step) for task, step in back if task.area in who.areas]
        return {"items": [item(office, db, task, undone=step) for task, step in seen]}


@router.post("/key/hold")
def hold(at: AtDesk, office: InOffice, who: SignedIn) -> dict[str, float]:
    """The clerk is still at it."""
    until = held_until(office)
    with office.store.write() as db:
        work.hold_on(db, at.desk, until)
    return {"held_until": until.timestamp()}


@router.post("/key/leave")
def leave(at: AtDesk, office: InOffice, who: SignedIn) -> dict[str, bool]:
    with office.store.write() as db:
        work.let_go(db, at.desk)
    return {"ok": True}


@router.get("/key/suggest")
def suggest(office: InOffice, who: SignedIn, task: int, typed: str = "") -> list[str]:
    """Words that a handwritten answer may be."""
    with office.store.read() as db:
        found = work.find_task(db, task)
        if found is None or not _may_see(db, who, found):
            raise HTTPException(404, "没有这一项")
        layout, _ = office.place(db, found.serial)
        field = layout.form.field(found.field)
        return suggesting.suggest(office, db, found, field, typed[:100])


# --- tasks for a desk ----------------------------------------------------------------------------


def _queue(who: Signed, name: str) -> tuple[str, tuple[str, ...], str, bool]:
    if name not in QUEUES:
        raise HTTPException(404, "没有这个队列")
    queue = QUEUES[name]
    if queue[3] and not access.supervises(who.user):
        raise HTTPException(403, "只有主管可以处理这个队列")
    return queue


def _wish(who: Signed, asked: Asked) -> Wish:
    _, kinds, state, _ = _queue(who, asked.queue)
    return Wish(
        who.name,
        who.areas,
        kinds,
        state,
        asked.form,
        asked.field,
        elder=access.supervises(who.user),
    )


def _more(office: Office, db: Any, who: Signed, asked: Asked, wish: Wish) -> list[dict[str, Any]]:
    """What the desk lacks, written down as seen by this person."""
    held = work.take(db, asked.desk, wish, AHEAD, held_until(office))
    new = [task for task in held if task.id not in asked.have]
    if new:
        seen = [[task.serial, task.field] for task in new]
        audit.note(db, who.name, "view.fields", {"seen": seen})
    return [item(office, db, task) for task in new]


def held_until(office: Office) -> datetime:
    return now() + timedelta(minutes=office.campaign.review.hold_minutes)


def left(office: Office, db: Any, wish: Wish) -> dict[str, int]:
    """How many tasks are left for this person, and how many for anybody."""

    def count() -> dict[str, int]:
        everyone = Wish("", wish.areas, wish.kinds, wish.state, wish.form, wish.field, elder=True)
        return {"left": work.count_for(db, wish), "all": work.count_for(db, everyone)}

    return office.recent.get(wish, _COUNT_EVERY, count)


_COUNT_EVERY = 2.0
"""Seconds for which these counts may be old: counting costs more than serving."""
