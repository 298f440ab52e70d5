"""Keeps a page that was read, and notices what only who knows the other pages can: the same sheet came
back with other answers, or its form was declared void. Sets pages aside, and takes them back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from campaign.config import Acceptance
from campaign.judge import Evidence, Read
from forms.model import Field, Kind
from layouts.identity import readable
from store import PageInfo, SavedPage, SeenPage, SeenProblem, SeenReading, SheetInfo, printed, scanned, work
from store.model import Noticed

DIFFERS, VOIDED = "duplicate_differs", "void_returned"
"""Kinds of problems."""
REJECTED = "rejected"
"""State of a page that a person turned away."""
_NAMED = 5  # how many fields a message lists


def keep_page(
    db: Connection,
    batch: int,
    sha256: str,
    number: int,
    result: SeenPage,
    acceptance: Acceptance,
    part: int = 1,
) -> SavedPage:
    """Store a sheet on an image (`store.scanned.save_page`), and a problem when its form was declared void,
    or when it was read before with other answers: the fields are named. Villages copy forms: then one of
    the two is of somebody else.
    """
    saved = scanned.save_page(db, batch, sha256, number, result, part)
    noticed = _noticed(db, saved, result.serial, acceptance) if result.serial else None
    if noticed is None:
        return saved
    kind, message = noticed.kind, noticed.message
    scanned.add_problem(
        db, kind, message, batch=batch, scan=sha256, page_image=saved.id, serial=result.serial
    )
    return replace(saved, noticed=noticed)


def _noticed(db: Connection, saved: SavedPage, serial: str, acceptance: Acceptance) -> Noticed | None:
    sheet = printed.sheet(db, serial)
    if sheet is not None and saved.state == scanned.VOID:
        reason = printed.void_reason(db, sheet.instance)
        return Noticed(VOIDED, void_message(serial, reason or ""))
    differing = _differing(db, sheet, (*saved.earlier, saved.id), acceptance) if saved.earlier else []
    return Noticed(DIFFERS, _message(serial, differing)) if differing else None


# --- setting aside -------------------------------------------------------------------------------


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


def set_aside(db: Connection, page: PageInfo, state: str) -> SavedPage:
    """The page counts no longer; what was seen on it stays with its earlier look, and nobody need key it."""
    look = Look(state, page.serial, page.form, page.page, page.turned, page.registration)
    saved = scanned.save_page(db, page.batch, page.scan, page.number, look, page.part)
    drop_work(db, page)
    return saved


def seen_before(db: Connection, page: PageInfo) -> Look:
    """A page that was set aside as it was seen before that, with the problems that were settled with it.

    Raises LookupError when it was never seen as anything else.
    """
    before = scanned.earlier_look(db, page, (REJECTED, scanned.VOID))
    if before is None and page.state == scanned.VOID:
        before = page  # it was void when it came, and was read all the same
    if before is None:
        raise LookupError(f"page image {page.id} has no earlier look")
    counted = before.state in (scanned.DUPLICATE, scanned.VOID)
    settled = scanned.load_problems(db, serial=before.serial, settled=True)
    return Look(
        scanned.READ if counted else before.state,
        before.serial,
        before.form,
        before.page,
        before.turned,
        before.registration,
        scanned.load_measurements(db, before.id),
        scanned.load_readings(db, before.id),
        [one for one in settled if one.page_image == before.id and one.kind != VOIDED],
    )


def drop_work(db: Connection, page: PageInfo) -> None:
    """Nobody need key what a page that no longer counts says."""
    if page.serial is None:
        return
    asked = [
        task.id
        for task in work.tasks_of(db, [page.serial])
        if page.id in task.images and task.state in (work.OPEN, work.REFERRED)
    ]
    work.drop_tasks(db, asked)


# --- what is said of them ------------------------------------------------------------------------


def _differing(
    db: Connection, sheet: SheetInfo | None, page_images: tuple[int, ...], acceptance: Acceptance
) -> list[Field]:
    """The fields that two images, each for sure, answer differently."""
    if sheet is None:
        return []
    layout = printed.load_layout(db, sheet.layout)
    read: dict[str, list[Read]] = {}
    for image in page_images:
        for one in scanned.load_readings(db, image):
            found = Read(image, sheet.serial, one.value, one.confidence, one.doubt)
            read.setdefault(one.field, []).append(found)
    evidence = (
        Evidence(f, read.get(f.key, []), acceptance.threshold(f.kind))
        for f in layout.fields_on_page(sheet.page)
        if f.kind is not Kind.SIGNATURE
    )
    return [one.field for one in evidence if one.contradictory]


def _message(serial: str, fields: list[Field]) -> str:
    names = "、".join(field.label for field in fields[:_NAMED])
    more = " 等" if len(fields) > _NAMED else ""
    return (
        f"编号 {readable(serial)} 的表已经扫描过，这次有 {len(fields)} 项内容不同（{names}{more}），"
        "可能是复印件或重填的表，请核对原件"
    )


def void_message(serial: str, reason: str) -> str:
    why = f"（{reason}）" if reason else ""
    return (
        f"编号 {readable(serial)} 的表已作废{why}，这一页不计入。请核对：内容应填在补打的新表上；"
        f"如果作废有误，请运行 zoufang void --undo {serial}"
    )
