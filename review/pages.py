"""Pages that need a person: no sheet found on them, not put straight, a second copy that differs, a spare
about nobody yet; and the sides that never came back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, RedirectResponse, Response

from campaign.arrivals import DIFFERS, REJECTED, VOIDED, drop_work, keep_page
from campaign.facts import Facts
from forms.model import Field as FormField
from forms.model import Value
from ingest import intake
from ingest.intake import IntakeError
from ingest.model import PageResult, PageState
from layouts.identity import SerialError, readable
from review import looks, rereading
from review.access import Area, area_of
from review.accounts import Director, InOffice, Signed
from review.items import label_of, words
from review.keying import held_until
from review.office import Office
from review.rereading import RereadError
from review.showing import picture_response, render
from store import PageInfo, ProblemInfo, SheetInfo, Subject, audit, printed, returns, roster, scanned, work
from store.model import TABLE_OF_KIND

router = APIRouter()

LOST = (PageState.UNKNOWN, PageState.FOREIGN, PageState.UNREADABLE)
DEALT_WITH = (scanned.READ, scanned.DUPLICATE, PageState.BLANK)
STATE_NAMES = {
    "unknown": "没有认出是哪张表",
    "foreign": "不是本单位的表",
    "unreadable": "摆不正，读不出来",
    "rejected": "已退回",
    "void": "作废的表",
    "duplicate": "重复扫描",
    "read": "已识读",
    "blank": "空白页",
}
NOTICED = {DIFFERS: "重复且内容不同", VOIDED: "已作废的表又交回"}
REASONS = ("扫描模糊或残缺，需重新扫描", "不是走访表", "复印件，应以原件为准", "整页作废")
THUMB_PX, PAGE_PX = 280, 1600
FOUND_SUBJECTS = 12


@dataclass(frozen=True)
class Case:
    """A page, and why a person must look at it."""

    page: PageInfo
    file: str
    why: str
    message: str


# --- the list ------------------------------------------------------------------------------------


@router.get("/pages")
def pages_list(request: Request, office: InOffice, who: Director) -> HTMLResponse:
    with office.store.read() as db:
        cases = list(_cases(office, db, who))
        holders = work.page_holders(db)
        files = [problem for problem in scanned.load_problems(db, settled=False) if not problem.page_image]
        rejected = _rejected(office, db, who)
        missing = missing_sides(office, db, who)
    context: dict[str, Any] = {
        "cases": cases,
        "files": files,
        "rejected": rejected,
        "missing": missing,
        "holders": holders,
    }
    return render(request, "pages.html", title="问题页", states=STATE_NAMES, readable=readable, **context)


def _cases(office: Office, db: Connection, who: Signed) -> Iterator[Case]:
    """Oldest first: what nobody has dealt with."""
    problems = scanned.load_problems(db, settled=False)
    said = {problem.page_image: problem for problem in problems if problem.page_image}
    for page in scanned.pages(db, states=LOST):
        if _may_handle(office, db, who, page):
            problem = said.get(page.id)
            message = problem.message if problem else STATE_NAMES[page.state]
            yield Case(page, _file(db, page), STATE_NAMES[page.state], message)
    for problem in problems:
        page_of = scanned.page(db, problem.page_image) if problem.page_image else None
        why = NOTICED.get(problem.kind)
        if why and page_of and _may_handle(office, db, who, page_of):
            yield Case(page_of, _file(db, page_of), why, problem.message)
    for serial in returns.spares_about_nobody(db):
        for page in scanned.pages(db, serial=serial, states=(scanned.READ,))[:1]:
            if _lacks_subject(office, printed.sheet(db, serial)) and _may_handle(office, db, who, page):
                yield Case(
                    page, _file(db, page), "备用表未注明对象", f"备用的 {page.form} 表已交回，请指明是谁的表"
                )


def _lacks_subject(office: Office, sheet: SheetInfo | None) -> bool:
    """A spare of a form about somebody, and nobody has said yet whom. A diary is about nobody."""
    if sheet is None or not sheet.spare or sheet.subject or sheet.anonymous:
        return False
    return bool(office.layout(sheet.layout).form.subject_kinds)


def count_cases(office: Office, db: Connection, who: Signed) -> int:
    return sum(1 for _ in _cases(office, db, who))


def _file(db: Connection, page: PageInfo) -> str:
    scan = scanned.scan(db, page.scan)
    return f"{scan.name} 第 {page.number} 页" if scan else page.scan[:8]


def _may_handle(office: Office, db: Connection, who: Signed, page: PageInfo) -> bool:
    """Within their area; a page that nobody recognised may show anything and is not for the inspection
    group, which has its own."""
    area = _area(office, db, page)
    return area in who.areas if area else Area.OPEN in who.areas


def _area(office: Office, db: Connection, page: PageInfo) -> Area | None:
    sheet = printed.sheet(db, page.serial) if page.serial else None
    return area_of(office.layout(sheet.layout), sheet.page) if sheet else None


def _rejected(office: Office, db: Connection, who: Signed) -> list[PageInfo]:
    found = scanned.pages(db, states=(REJECTED,))
    return [page for page in found if _may_handle(office, db, who, page)]


@dataclass(frozen=True)
class MissingSide:
    """A side that did not come back though another side of its form did."""

    serial: str
    form: str
    page: int
    whom: str
    cadre: str
    beside: str  # serial of a side that came back


def missing_sides(office: Office, db: Connection, who: Signed, most: int = 500) -> list[MissingSide]:
    """The second sides that are missing, as far as this person may know of them."""
    facts = Facts.of(db, office.campaign)
    found = []
    for serial, beside in returns.sides_missing(db, most):
        sheet = printed.sheet(db, serial)
        if sheet and area_of(office.layout(sheet.layout), sheet.page) in who.areas:
            whom = facts.name(sheet.subject) if sheet.subject else ""
            cadre = facts.name(Subject("cadre", sheet.cadre)) if sheet.cadre else ""
            found.append(MissingSide(sheet.serial, sheet.form, sheet.page, whom, cadre, beside))
    return found


# --- one page ------------------------------------------------------------------------------------


@router.get("/pages/{number}")
def page_view(number: int, request: Request, office: InOffice, who: Director) -> Response:
    with office.store.write() as db:
        page = _page(office, db, who, number)
        holder = work.hold_page(db, page.id, who.session.token[:40], who.name, held_until(office))
        audit.note(db, who.name, "view.page", {"page": page.id, "serial": page.serial})
    with office.store.read() as db:
        context = _page_context(office, db, who, page)
    return render(
        request,
        "page.html",
        title="问题页",
        page=page,
        holder=holder,
        reasons=REASONS,
        states=STATE_NAMES,
        readable=readable,
        words=words,
        message=request.query_params.get("message", ""),
        typed=request.query_params.get("serial", ""),
        **context,
    )


def _page_context(office: Office, db: Connection, who: Signed, page: PageInfo) -> dict[str, Any]:
    sheet = printed.sheet(db, page.serial) if page.serial else None
    problems = [p for p in scanned.load_problems(db, settled=False) if p.page_image == page.id]
    return {
        "file": _file(db, page),
        "sheet": sheet,
        "problems": problems,
        "others": _other_images(db, page),
        "differing": _differing(office, db, page, sheet),
        "missing": missing_sides(office, db, who, 200) if page.state in LOST else [],
        "needs_subject": _lacks_subject(office, sheet),
    }


def _page(office: Office, db: Connection, who: Signed, number: int) -> PageInfo:
    """Raises HTTPException for who may not see it."""
    page = scanned.page(db, number)
    if page is None or not _may_handle(office, db, who, page):
        raise HTTPException(404, "没有这一页，或不由您处理")
    return page


def _other_images(db: Connection, page: PageInfo) -> list[PageInfo]:
    if page.serial is None:
        return []
    return [other for other in scanned.pages(db, serial=page.serial) if other.id != page.id]


def _differing(
    office: Office, db: Connection, page: PageInfo, sheet: SheetInfo | None
) -> list[tuple[str, list[tuple[FormField, Value]]]]:
    """The labels of fields that the images of a sheet answer differently, with the answer of each image."""
    others = _other_images(db, page)
    if sheet is None or not others:
        return []
    read = [{one.field: one.value for one in scanned.load_readings(db, p.id)} for p in (page, *others)]
    layout = office.layout(sheet.layout)
    answers = (
        (label_of(layout.form, field), [(field, values.get(field.key)) for values in read])
        for field in layout.fields_on_page(sheet.page)
    )
    return [(label, said) for label, said in answers if any(one != said[0] for one in said[1:])]


@router.get("/image/page/{number}")
def page_image(
    number: int, request: Request, office: InOffice, who: Director, size: int = PAGE_PX, turn: int = 0
) -> Response:
    with office.store.read() as db:
        page = _page(office, db, who, number)
    longest = max(100, min(size, PAGE_PX))
    return picture_response(
        request, lambda pictures: pictures.raw(page.scan, page.number, longest, page.turned + turn)
    )


# --- what a person does about it -------------------------------------------------------------------


class Marked(BaseModel):
    """Four corners as shares of the picture as it was shown, turned clockwise by `turn` degrees."""

    model_config = ConfigDict(extra="forbid")
    serial: str
    corners: Annotated[list[tuple[float, float]], Field(min_length=4, max_length=4)]
    of_markers: bool = False
    turn: int = 0


@router.post("/pages/{number}/serial")
def say_serial(
    number: int, office: InOffice, who: Director, serial: Annotated[str, Form()]
) -> RedirectResponse:
    """It is this sheet: read it as that."""
    with office.store.read() as db:
        page = _page(office, db, who, number)
    try:
        checked = _own_serial(office, who, serial)
        result = rereading.read_as(office, _pixels(office, page), checked, _beside(office, page))
    except (SerialError, RereadError) as error:
        return _back(page.id, str(error), serial)
    return _replace(office, who, page, result, "page.serial")


@router.post("/pages/{number}/corners")
def mark_corners(
    number: int, marked: Marked, request: Request, office: InOffice, who: Director
) -> dict[str, str]:
    """It lies here: read it from there."""
    with office.store.read() as db:
        page = _page(office, db, who, number)
    try:
        serial = _own_serial(office, who, marked.serial)
        pixels = _pixels(office, page)
        corners = _in_scan(marked, pixels.shape[1], pixels.shape[0], page.turned + marked.turn)
        beside = _beside(office, page)
        result = rereading.read_as(office, pixels, serial, beside, corners, of_markers=marked.of_markers)
    except (SerialError, RereadError) as error:
        raise HTTPException(422, str(error)) from error
    return {"next": _replace(office, who, page, result, "page.corners").headers["location"]}


def _in_scan(marked: Marked, width: int, height: int, turned: int) -> list[tuple[float, float]]:
    """Corners in px of the scan as it came in."""
    quarters = turned // 90 % 4
    return [(u * width, v * height) for u, v in (_turned_back(x, y, quarters) for x, y in marked.corners)]


def _turned_back(x: float, y: float, quarters: int) -> tuple[float, float]:
    """A place on a picture that was turned clockwise, on the picture as it was."""
    for _ in range(quarters):
        x, y = y, 1.0 - x
    return x, y


@router.post("/pages/{number}/reread")
def reread(number: int, office: InOffice, who: Director) -> RedirectResponse:
    with office.store.read() as db:
        page = _page(office, db, who, number)
    beside = _beside(office, page)
    result, *more = rereading.read_again(office, _pixels(office, page), page, beside)
    with office.store.write() as db:
        last = max(one.part for one in (page, *beside))
        for part, other in enumerate(more, last + 1):
            keep_page(db, page.batch, page.scan, page.number, other, office.campaign.acceptance, part)
    return _replace(office, who, page, result, "page.reread")


@router.post("/pages/{number}/reject")
def reject(
    number: int,
    office: InOffice,
    who: Director,
    reason: Annotated[str, Form(), StringConstraints(strip_whitespace=True, min_length=1, max_length=200)],
) -> RedirectResponse:
    with office.store.write() as db:
        page = _page(office, db, who, number)
        looks.reject(db, page, who.name, reason)
        _settle(db, page, who, reason)
    return _onwards(office, who)


@router.post("/pages/{number}/restore")
def restore(number: int, office: InOffice, who: Director) -> RedirectResponse:
    with office.store.write() as db:
        page = _page(office, db, who, number)
        try:
            looks.restore(db, page, who.name)
        except LookupError:
            return _back(number, "这一页没有可以恢复的内容，请重读")
    return RedirectResponse("/pages", status_code=303)


@router.post("/pages/{number}/keep")
def keep_both(number: int, office: InOffice, who: Director) -> RedirectResponse:
    """Both images count; the fields in which they differ are keyed."""
    with office.store.write() as db:
        page = _page(office, db, who, number)
        _settle(db, page, who, "两次扫描都保留，不同的项逐项录入")
        audit.note(db, who.name, "page.keep", {"page": page.id, "serial": page.serial})
    return _onwards(office, who)


@router.post("/pages/{number}/subject")
def say_subject(
    number: int, office: InOffice, who: Director, subject: Annotated[str, Form()]
) -> RedirectResponse:
    """A spare is about this subject, given as `kind:code`."""
    kind, _, code = subject.partition(":")
    with office.store.write() as db:
        page = _page(office, db, who, number)
        sheet = printed.sheet(db, page.serial) if page.serial else None
        facts = Facts.of(db, office.campaign)
        if kind not in TABLE_OF_KIND or facts.row(Subject(kind, code)) is None or sheet is None:
            return _back(number, "名册里没有这个对象，请从候选中选择")
        if sheet.anonymous:
            raise HTTPException(422, "匿名表不能注明对象")
        printed.identify(db, sheet.instance, Subject(kind, code), who.name)
        detail = {"page": page.id, "serial": page.serial, "kind": kind, "code": code}
        audit.note(db, who.name, "page.subject", detail)
    return _onwards(office, who)


@router.get("/pages/{number}/subjects")
def find_subjects(number: int, office: InOffice, who: Director, typed: str = "") -> list[dict[str, str]]:
    """Subjects of the roster that a spare may be about, by name or code."""
    with office.store.read() as db:
        page = _page(office, db, who, number)
        sheet = printed.sheet(db, page.serial) if page.serial else None
        if sheet is None or not typed.strip():
            return []
        kinds = office.layout(sheet.layout).form.subject_kinds
        return list(_matching(office, db, kinds, typed.strip()))


def _matching(office: Office, db: Connection, kinds: Iterable[str], typed: str) -> Iterator[dict[str, str]]:
    tables: Mapping[str, list[dict[str, Any]]] = roster.load(db, *(TABLE_OF_KIND[kind] for kind in kinds))
    found = 0
    for kind in kinds:
        for row in tables[TABLE_OF_KIND[kind]]:
            name = str(row.get("name") or row.get("head") or "")
            if typed in name or typed.upper() in row["code"].upper():
                yield {
                    "subject": f"{kind}:{row['code']}",
                    "code": row["code"],
                    "name": name,
                    "where": row.get("door") or "",
                }
                found += 1
                if found == FOUND_SUBJECTS:
                    return


@router.post("/problems/{number}/settle")
def settle_problem(number: int, office: InOffice, who: Director) -> RedirectResponse:
    """Someone has seen to a file that could not be read."""
    with office.store.write() as db:
        scanned.settle_problem(db, number, who.name)
        audit.note(db, who.name, "problem.settle", {"problem": number})
    return RedirectResponse("/pages", status_code=303)


# --- shared --------------------------------------------------------------------------------------


def _own_serial(office: Office, who: Signed, text: str) -> str:
    """The serial, if it is ours and its sheet in this person's area. Raises SerialError."""
    serial = office.key.check_serial(text)
    with office.store.read() as db:
        sheet = printed.sheet(db, serial)
    if sheet is None:
        raise SerialError("没有印制过这个编号的表")
    if area_of(office.layout(sheet.layout), sheet.page) not in who.areas:
        raise SerialError("这张表不由您处理，请交给有权限的同事")
    return serial


def _beside(office: Office, page: PageInfo) -> list[PageInfo]:
    """The other sheets on the same picture."""
    with office.store.read() as db:
        return [
            other
            for other in scanned.pages(db, scan=page.scan)
            if other.number == page.number and other.part != page.part
        ]


def _pixels(office: Office, page: PageInfo) -> Any:
    try:
        return intake.page(office.originals / page.scan, page.number).pixels
    except (IntakeError, OSError) as error:
        raise RereadError(f"原始扫描件读不出来：{error}") from error


def _replace(
    office: Office, who: Signed, page: PageInfo, result: PageResult, action: str
) -> RedirectResponse:
    """The new look counts instead of the old one."""
    with office.store.write() as db:
        acceptance = office.campaign.acceptance
        saved = keep_page(db, page.batch, page.scan, page.number, result, acceptance, page.part)
        drop_work(db, page)
        detail = {"page": page.id, "look": saved.id, "serial": result.serial, "state": saved.state}
        audit.note(db, who.name, action, detail)
        if saved.state in DEALT_WITH:
            _settle(db, page, who, "重读成功")
    if saved.state in DEALT_WITH:
        return _onwards(office, who)
    message = result.problems[0].message if result.problems else STATE_NAMES.get(saved.state, "")
    return _back(saved.id, message)


def _settle(db: Connection, page: PageInfo, who: Signed, note: str) -> None:
    for problem in _about(scanned.load_problems(db, settled=False), page):
        scanned.settle_problem(db, problem.id, who.name, note)


def _about(problems: Iterable[ProblemInfo], page: PageInfo) -> Iterator[ProblemInfo]:
    same = (p for p in problems if (p.scan, p.number, p.part) == (page.scan, page.number, page.part))
    return (p for p in same if p.page_image is not None)


def _back(number: int, message: str, serial: str = "") -> RedirectResponse:
    asked = urlencode({"message": message, "serial": serial})
    return RedirectResponse(f"/pages/{number}?{asked}", status_code=303)


def _onwards(office: Office, who: Signed) -> RedirectResponse:
    """The next page that needs a person, or the list when there is none."""
    with office.store.read() as db:
        held = {page for page, name in work.page_holders(db).items() if name != who.name}
        free = (case.page.id for case in _cases(office, db, who) if case.page.id not in held)
        following = next(free, None)
    return RedirectResponse(f"/pages/{following}" if following else "/pages", status_code=303)
