"""How far things have come: progress, scans as they run, who works how fast, what waits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response, StreamingResponse

from campaign.coverage import Line
from campaign.quality import CLASS_NAMES, ErrorRate, error_rates
from review import access, grid, pages
from review.accounts import Clerk, InOffice, Signed, SignedIn
from review.items import label_of
from review.keying import QUEUES
from review.office import Office
from review.showing import render
from store import returns, work
from store.schema import now
from store.work import REFERRED, Waiting, Wish

router = APIRouter()

TODAY = timedelta(hours=12)
BATCHES = 5
EVENT_SECONDS = 1.0
QUALITY_SECONDS = 20.0
WAITING = 8
KIND_NAMES = {
    "key": "识别存疑",
    "first": "盲录",
    "second": "第二人盲录",
    "sample": "抽查盲录",
    "third": "裁定",
}


@dataclass(frozen=True)
class Stage:
    """A step on the way of the forms, and how many have come so far."""

    name: str
    count: int
    of: int

    @property
    def share(self) -> float:
        return self.count / self.of if self.of else 0.0


@dataclass(frozen=True)
class Queue:
    name: str
    title: str
    count: int
    link: str


# --- the first page ------------------------------------------------------------------------------


@router.get("/")
def home(request: Request, office: InOffice, who: SignedIn) -> Response:
    if not access.sees_scans(who.user):
        return RedirectResponse("/coverage", status_code=303)
    overview = office.overview()
    with office.store.read() as db:
        waiting = work.count_waiting(db, who.areas)
        context: dict[str, Any] = {
            "queues": [*_queues(db, who), *_more_queues(office, db, who)],
            "oldest": _oldest(office, waiting),
            "speeds": work.speeds(db, now() - TODAY),
            "holders": work.holders(db),
            "quality": _quality(office, db),
        }
    total = overview.total()
    return render(
        request,
        "home.html",
        title="总览",
        campaign=office.campaign,
        stages=_stages(total),
        total=total,
        unvisited=len(overview.unvisited()),
        class_names=CLASS_NAMES,
        kind_names=KIND_NAMES,
        **context,
    )


def _quality(office: Office, db: Connection) -> list[tuple[str, ErrorRate, float]]:
    """(class, estimate, what the town puts up with)."""
    rates = office.recent.get("quality", QUALITY_SECONDS, lambda: error_rates(db))
    targets = office.campaign.target_errors.model_dump()
    return [(name, rate, targets[name]) for name, rate in rates.items()]


def _stages(total: Line) -> list[Stage]:
    read = total.to_review + total.complete
    return [
        Stage("已印发", total.issued, total.issued),
        Stage("已交回", total.returned, total.issued),
        Stage("页齐", read, total.issued),
        Stage("完成", total.complete, total.issued),
    ]


def _queues(db: Connection, who: Signed) -> list[Queue]:
    elder = access.supervises(who.user)
    found = []
    for name, (title, kinds, state, supervisors) in QUEUES.items():
        if supervisors and not elder:
            continue
        count = work.count_for(db, Wish(who.name, who.areas, kinds, state, elder=elder))
        found.append(Queue(name, title, count, f"/key?queue={name}" if name != "all" else "/key"))
    return found


def _more_queues(office: Office, db: Connection, who: Signed) -> list[Queue]:
    groups = Queue("grid", "成组核对（组）", grid.count_groups(db, who), "/grid")
    if not access.directs(who.user):
        return [groups]
    cases = office.recent.get(("cases", who.areas), 5.0, lambda: pages.count_cases(office, db, who))
    return [groups, Queue("pages", "问题页", cases, "/pages")]


@dataclass(frozen=True)
class Oldest:
    label: str
    kind: str
    count: int
    held: int
    since: datetime
    link: str


def _oldest(office: Office, waiting: list[Waiting]) -> list[Oldest]:
    """What has waited longest, by field."""
    first = sorted(waiting, key=lambda one: one.oldest)[:WAITING]
    return [
        Oldest(
            _label(office, one.form, one.field),
            "交主管" if one.state == REFERRED else KIND_NAMES[one.kind],
            one.count,
            one.held,
            one.oldest,
            f"/key?queue={'referred' if one.state == REFERRED else 'all'}&form={one.form}&field={one.field}",
        )
        for one in first
    ]


def _label(office: Office, form: str, field: str) -> str:
    for layout in office.layouts():
        if layout.form.id == form and any(f.key == field for f in layout.form.fields()):
            return f"{form} {label_of(layout.form, layout.form.field(field))}"
    return f"{form} {field}"


# --- live ----------------------------------------------------------------------------------------


@router.get("/events")
async def events(request: Request, office: InOffice, who: Clerk) -> Response:
    """Scan batches as they run: server-sent events, one whenever something changed."""
    return StreamingResponse(_changes(request, office), media_type="text/event-stream")


async def _changes(request: Request, office: Office) -> AsyncIterator[str]:
    told = ""
    yield "retry: 3000\n\n"
    while not request.app.state.stop.is_set() and not await request.is_disconnected():
        news = json.dumps(await asyncio.to_thread(_news, office), ensure_ascii=False)
        if news != told:
            told = news
            yield f"data: {news}\n\n"
        await asyncio.sleep(EVENT_SECONDS)


def _news(office: Office) -> dict[str, Any]:
    def look() -> dict[str, Any]:
        with office.store.read() as db:
            return {"batches": [_batch(one) for one in returns.latest_batches(db, BATCHES)]}

    return office.recent.get("news", EVENT_SECONDS, look)


def _batch(batch: returns.BatchProgress) -> dict[str, Any]:
    seconds = (batch.last_at - batch.started_at).total_seconds() if batch.last_at else 0.0
    return {
        "id": batch.id,
        "started": batch.started_at.astimezone().strftime("%m-%d %H:%M"),
        "who": batch.who,
        "files": f"{batch.files_done}/{batch.files}",
        "running": batch.files_done < batch.files,
        "pages": batch.pages,
        "states": batch.states,
        "speed": round(batch.pages / seconds, 1) if seconds > 1 else None,
    }
