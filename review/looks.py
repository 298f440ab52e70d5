"""Turning a page away, and taking that back. What was seen on a page stays; a new look replaces it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ingest.model import PageState
from store import PageInfo, SavedPage, audit, scanned, work
from store.model import SeenProblem, SeenReading
from store.work import OPEN, REFERRED

REJECTED = "rejected"
"""State of a page that a person turned away."""


@dataclass(frozen=True)
class Look:
    """What a page is said to be: a `store.model.SeenPage`."""

    state: str
    serial: str | None
    form: str | None
    page: int | None
    turned: int
    registration: Any
    measurements: Sequence[Any] = ()
    readings: Sequence[SeenReading] = ()
    problems: Sequence[SeenProblem] = ()


def reject(db: Connection, page: PageInfo, who: str, reason: str) -> None:
    """The page no longer counts: its sheet is missing until it is scanned again."""
    look = Look(REJECTED, page.serial, page.form, page.page, page.turned, page.registration)
    saved = scanned.save_page(db, page.batch, page.scan, page.number, look)
    drop_work(db, page)
    detail = {"page": page.id, "look": saved.id, "serial": page.serial, "reason": reason}
    audit.note(db, who, "page.reject", detail)


def restore(db: Connection, page: PageInfo, who: str) -> SavedPage:
    """A page that was turned away counts again, as it was seen before."""
    before = db.execute(scanned.looks(page.scan, page.number, before=page.id, state_not=REJECTED)).first()
    if before is None:
        raise LookupError(f"page image {page.id} has no earlier look")
    look = Look(
        PageState.READ if before.state == scanned.DUPLICATE else before.state,
        before.serial,
        before.form,
        before.page,
        before.turned,
        before.registration,
        scanned.load_measurements(db, before.id),
        scanned.load_readings(db, before.id),
    )
    saved = scanned.save_page(db, page.batch, page.scan, page.number, look)
    audit.note(db, who, "page.restore", {"page": page.id, "look": saved.id, "serial": page.serial})
    return saved


def drop_work(db: Connection, page: PageInfo) -> None:
    """Nobody need key what a page that no longer counts says."""
    if page.serial is None:
        return
    asked = [
        task.id
        for task in work.tasks_of(db, [page.serial])
        if task.page_image == page.id and task.state in (OPEN, REFERRED)
    ]
    work.drop_tasks(db, asked)
