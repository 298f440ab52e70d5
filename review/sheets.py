"""One side of paper: whose it is, what came back of it, and whether it still counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, RedirectResponse, Response

from campaign.facts import Facts
from campaign.judge import Status
from campaign.records import records
from campaign.voiding import VoidError, revive, void
from layouts.identity import SerialError, readable
from review import crops
from review.access import area_of
from review.accounts import Director, InOffice, Signed, Supervisor
from review.items import words
from review.office import Office
from review.showing import picture_response, render
from store import SheetInfo, Subject, audit, printed, scanned

router = APIRouter()

STATUS_NAMES = {
    Status.ACCEPTED: "识读",
    Status.CORRECTED: "已核",
    Status.BLANK: "空白",
    Status.NEEDS_REVIEW: "待核",
    Status.MISSING: "缺页",
}


@router.get("/lookup")
def lookup(request: Request, office: InOffice, who: Supervisor, serial: str = "") -> Response:
    """Whose sheet or contact card is this?"""
    if not serial.strip():
        return render(request, "lookup.html", title="查编号", serial="", message="", found="")
    try:
        known = office.key.check_serial(serial)
    except SerialError as error:
        context = {"serial": serial, "message": str(error), "found": ""}
        return render(request, "lookup.html", status=422, title="查编号", **context)
    with office.store.write() as db:
        audit.note(db, who.name, "lookup", {"serials": [known]})
        if printed.sheet(db, known):
            return RedirectResponse(f"/sheet/{known}", status_code=303)
        card = printed.card(db, known)
        cadre = Facts.of(db, office.campaign).name(Subject("cadre", card.cadre)) if card else ""
    found = f"{cadre}（{card.cadre}）的联系卡，第 {card.round} 轮" if card else ""
    message = "" if found else "编号有效，但没有印制过。可能数据库恢复到了更早的备份"
    return render(request, "lookup.html", title="查编号", serial=serial, message=message, found=found)


@router.get("/sheet/{serial}")
def sheet_page(serial: str, request: Request, office: InOffice, who: Supervisor) -> HTMLResponse:
    """Everything about one side of paper: its images, and each answer with where it comes from."""
    return _show(serial, request, office, who)


def _show(serial: str, request: Request, office: Office, who: Signed, message: str = "") -> HTMLResponse:
    with office.store.write() as db:
        sheet = _sheet(office, db, who, serial)
        audit.note(db, who.name, "view.sheet", {"serial": serial})
    with office.store.read() as db:
        layout = office.layout(sheet.layout)
        images = scanned.pages(db, serial=serial)
        record = next(iter(records(db, office.campaign, serials=[serial])), None)
        said = {one.field: one for one in scanned.load_corrections(db, serial)}
        fields = [
            field for field in layout.fields_on_page(sheet.page) if record and field.key in record.answers
        ]
        facts = Facts.of(db, office.campaign)
    return render(
        request,
        "sheet.html",
        status=422 if message else 200,
        title=readable(serial),
        readable=readable,
        sheet=sheet,
        form=layout.form,
        images=images,
        record=record,
        fields=fields,
        said=said,
        subject=facts.name(sheet.subject) if sheet.subject else "",
        cadre=facts.name(Subject("cadre", sheet.cadre)) if sheet.cadre else "",
        message=message,
        status_names=STATUS_NAMES,
        words=words,
    )


def _sheet(office: Office, db: Connection, who: Signed, serial: str) -> SheetInfo:
    sheet = printed.sheet(db, serial)
    if sheet is None or area_of(office.layout(sheet.layout), sheet.page) not in who.areas:
        raise HTTPException(404, "没有这张表，或不由您查看")
    return sheet


@router.get("/image/sheet/{number}")
def sheet_image(number: int, request: Request, office: InOffice, who: Supervisor) -> Response:
    """A page image as it lies on the form; as it came in when it could not be put straight."""
    with office.store.read() as db:
        page = scanned.page(db, number)
        if page is None or page.serial is None:
            raise HTTPException(404, "没有这一页")
        sheet = _sheet(office, db, who, page.serial)
    frame = office.layout(sheet.layout).frame
    if page.registration is None:
        return picture_response(
            request, lambda pictures: pictures.raw(page.scan, page.number, 1600, page.turned)
        )
    region = (0.0, 0.0, frame.width, frame.height)
    return picture_response(request, lambda pictures: pictures.crop(page, region, crops.PAGE_PX_PER_MM))


@router.post("/sheet/{serial}/void")
def declare_void(
    serial: str,
    request: Request,
    office: InOffice,
    who: Director,
    reason: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Spoiled, misprinted or lost: it counts no more, and printing again hands out another."""
    return _put(serial, request, office, who, lambda db: void(db, serial, who.name, reason.strip()))


@router.post("/sheet/{serial}/revive")
def take_back(serial: str, request: Request, office: InOffice, who: Director) -> Response:
    """It counts again, with what came back of it."""
    acceptance = office.campaign.acceptance
    return _put(serial, request, office, who, lambda db: revive(db, serial, who.name, acceptance))


def _put(
    serial: str, request: Request, office: Office, who: Signed, change: Callable[[Connection], object]
) -> Response:
    try:
        with office.store.write() as db:
            _sheet(office, db, who, serial)
            change(db)
    except VoidError as error:
        return _show(serial, request, office, who, str(error))
    office.forget_figures()
    return RedirectResponse(f"/sheet/{serial}", status_code=303)
