"""问题与建议: every opinion from the form to the reply."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, RedirectResponse, Response

from campaign import register
from campaign.facts import Facts
from campaign.handlers import Handlers
from campaign.lists import Lister
from campaign.opinions import (
    ADOPTION_WORDS,
    CATEGORY_WORDS,
    LEVEL_WORDS,
    NATURE_WORDS,
    RESULT_WORDS,
    ROUTE_WORDS,
    SATISFACTION_WORDS,
    STATE_WORDS,
    NewEvent,
    Opinion,
    OpinionError,
    adopt,
    answer,
    distinct,
    find,
    merge,
    part,
)
from campaign.records import Record, records
from layouts.identity import readable
from review import access, crops
from review.access import Role, area_of
from review.accounts import Answerer, Director, InOffice, Signed
from review.campaigning.parts import Pager, named
from review.office import Office
from review.showing import picture_response, render
from store import PageInfo, Subject, audit, scanned
from store import opinions as kept
from store.opinions import Event

router = APIRouter(prefix="/opinions")

SOURCE_PX = (1100, 420)
"""The place of what was written, on the opinion's page."""
MOST_ALIKE = 40
"""Pairs in similar words that are listed at a time."""
FILTERS = ("week", "nature", "state", "level", "category", "village", "unit")


# --- the list ------------------------------------------------------------------------------------


@router.get("")
def opinions_list(
    request: Request, office: InOffice, who: Answerer, overdue: bool = False, page: int = 1
) -> HTMLResponse:
    found, lister = _load(office, who)
    asked = {name: request.query_params.get(name, "") for name in FILTERS}
    words = request.query_params.get("words", "").strip()
    today = date.today()
    chosen = [
        one
        for one in found
        if _matches(one, asked, lister) and words in one.text and (not overdue or one.overdue(today))
    ]
    rows = Pager.of(request, chosen, page)
    with office.store.write() as db:
        audit.note(db, who.name, "view.opinions", {**asked, "overdue": overdue, "count": len(chosen)})
    return render(
        request,
        "campaigning/opinions.html",
        title="意见建议",
        pager=rows,
        rows=[(one, lister.words(one), one.overdue(today)) for one in rows.items],
        asked=asked,
        words=words,
        overdue=overdue,
        choices=_choices(found, lister),
        total=len(found),
        repeats=len(register.repeats(found, lister)) if access.directs(who.user) else 0,
    )


def _load(office: Office, who: Signed, unmasked: bool = False) -> tuple[list[Opinion], Lister]:
    """The opinions that are this person's to see: a unit's are those handed to it."""
    found, facts = office.opinions()
    return _own(found, who), Lister(facts, unmasked)


def _own(found: list[Opinion], who: Signed) -> list[Opinion]:
    if who.user.role != Role.UNIT:
        return found
    return [one for one in found if one.handler == who.user.scope]


def _matches(opinion: Opinion, asked: dict[str, str], lister: Lister) -> bool:
    village = lister.facts.village(opinion.subject) if opinion.subject else None
    said = {
        "week": opinion.week,
        "nature": opinion.nature,
        "state": opinion.state,
        "level": opinion.level,
        "category": opinion.category,
        "village": village,
        "unit": opinion.handler_name,
    }
    return all(not wanted or said[name] == wanted for name, wanted in asked.items())


def _choices(found: Sequence[Opinion], lister: Lister) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """What the list can be narrowed by: name, label, and what there is to choose."""
    villages = lister.facts.tables["villages"].values()
    return [
        ("week", "周次", [(week, week) for week in sorted({one.week for one in found}, reverse=True)]),
        ("nature", "性质", list(NATURE_WORDS.items())),
        ("state", "状态", list(STATE_WORDS.items())),
        ("level", "层级", list(LEVEL_WORDS.items())),
        ("category", "类别", list(CATEGORY_WORDS.items())),
        ("village", "村（社区）", [(row["code"], row["name"]) for row in villages]),
        ("unit", "责任单位", [(name, name) for name in sorted({o.handler_name for o in found} - {""})]),
    ]


# --- merging -------------------------------------------------------------------------------------


@router.get("/repeats")
def repeats_page(request: Request, office: InOffice, who: Director) -> HTMLResponse:
    """Open ones of one village that say the same."""
    found, lister = _load(office, who)
    groups = [[(one, lister.words(one)) for one in group] for group in register.repeats(found, lister)]
    alike = [
        [(one, lister.words(one)) for one in (pair.lead, pair.other)]
        for pair in register.similar_ones(found, lister)[:MOST_ALIKE]
    ]
    return render(request, "campaigning/repeats.html", title="相同意见", groups=groups, alike=alike)


@router.post("/merge")
def merge_opinions(
    request: Request, office: InOffice, who: Director, chosen: Annotated[list[int] | None, Form()] = None
) -> Response:
    """The chosen ones into the first of them; each keeps its number and its source."""

    def change(found: list[Opinion], _lister: Lister) -> Iterable[NewEvent]:
        lead, *others = (one for one in found if one.id in set(chosen or ()))
        return merge(lead, others)

    if len(set(chosen or ())) < 2:
        return _refused(request, "请至少选两件再并案")
    try:
        _put(office, who, "opinions.merge", change)
    except OpinionError as error:
        return _refused(request, str(error))
    return RedirectResponse(f"/opinions/{min(chosen or ())}", status_code=303)


@router.post("/distinct")
def keep_apart(
    request: Request, office: InOffice, who: Director, chosen: Annotated[list[int] | None, Form()] = None
) -> Response:
    """Two in similar words are not the same."""

    def change(found: list[Opinion], _lister: Lister) -> Iterable[NewEvent]:
        one, *others = (one for one in found if one.id in set(chosen or ()))
        return [distinct(one, other) for other in others]

    if len(set(chosen or ())) < 2:
        return _refused(request, "请选两件")
    _put(office, who, "opinions.distinct", change)
    return RedirectResponse("/opinions/repeats", status_code=303)


def _refused(request: Request, why: str) -> Response:
    return render(request, "message.html", status=422, title="没有改动", message=why)


# --- one of them ---------------------------------------------------------------------------------


@router.get("/{number}")
def opinion_page(
    number: int, request: Request, office: InOffice, who: Answerer, names: bool = False
) -> HTMLResponse:
    return _show(number, request, office, who, names=names)


def _show(
    number: int,
    request: Request,
    office: Office,
    who: Signed,
    *,
    names: bool = False,
    message: str = "",
) -> HTMLResponse:
    shown = named(who, names) and access.directs(who.user)
    found, lister = _load(office, who, shown)
    opinion = _one(found, number)
    with office.store.write() as db:
        audit.note(db, who.name, "view.opinion", {"number": opinion.number, "names": shown})
    with office.store.read() as db:
        record = _record(office, db, opinion)
        history = _history(db, opinion)
        sheets = [
            serial
            for _, serial in sorted(record.serials.items() if record else ())
            if area_of(*office.place(db, serial)) in who.areas
        ]
        pictured = record is not None and _picture(office, db, who, opinion, record) is not None
    merged = [one for one in found if one.into == opinion.id]
    return render(
        request,
        "campaigning/opinion.html",
        status=422 if message else 200,
        title=opinion.number,
        opinion=opinion,
        words=lister.words(opinion),
        row=lister.row(opinion),
        route=ROUTE_WORDS[opinion.route] if opinion.route else "表上没有写明",
        named=shown,
        merged=[(one, lister.words(one)) for one in merged],
        lead=next((one for one in found if one.id == opinion.into), None),
        sheets=[(serial, readable(serial)) for serial in sheets],
        pictured=pictured,
        history=history,
        message=message,
        today=date.today(),
        proposal=Handlers(lister.facts, office.campaign).propose(opinion, date.today()),
        units=[(code, lister.facts.name(Subject("unit", code))) for code in lister.facts.codes("unit")],
        results=RESULT_WORDS,
        satisfactions=SATISFACTION_WORDS,
        adoptions=ADOPTION_WORDS,
        overdue=opinion.overdue(date.today()),
    )


def _one(found: Iterable[Opinion], number: int) -> Opinion:
    """Raises HTTPException."""
    opinion = next((one for one in found if one.id == number), None)
    if opinion is None:
        raise HTTPException(404, "没有这件意见建议，或不由您办理")
    return opinion


def _record(office: Office, db: Connection, opinion: Opinion) -> Record | None:
    """The record that the opinion stands in."""
    about = opinion.record.split("/", 2)[2]
    wish: dict[str, Any] = {"subjects": [opinion.subject]} if opinion.subject else {"instances": [about]}
    found = records(db, office.campaign, forms=[opinion.form], round=opinion.round, **wish)
    return next((record for record in found if record.record == opinion.record), None)


_EVENT_WORDS = {
    "found": "登记",
    "changed": "按核对后的表更正",
    "withdrawn": "撤销：表上核对后没有这一条",
    "merged": "并入另一件",
    "parted": "撤销并案",
    "distinct": "核对：与相近的另一件不是同一件",
}


def _history(db: Connection, opinion: Opinion) -> list[tuple[Event, str]]:
    (one,) = (one for one in kept.load(db, {opinion.record}) if one.id == opinion.id)
    return [(event, _event_words(event)) for event in reversed(one.events)]


def _event_words(event: Event) -> str:
    detail = event.detail
    match event.kind:
        case "listed":
            return f"列入 {detail['week']} 的清单"
        case "assigned":
            return f"交办给{detail['handler_name']}，时限 {detail['due']}"
        case "answered":
            result = RESULT_WORDS.get(detail["result"] or "", "已签收")
            replied = f"，{detail['replied_on']} 答复" if detail["replied_on"] else ""
            return f"办理：{result}{replied}" + ("（回执）" if "slip" in detail else "")
        case "adopted":
            return f"建议：{ADOPTION_WORDS[detail['adoption']]}，{detail['on']} 反馈"
    return _EVENT_WORDS[event.kind]


# --- what was written ----------------------------------------------------------------------------


@router.get("/{number}/picture")
def opinion_picture(number: int, request: Request, office: InOffice, who: Answerer) -> Response:
    """The row as it was written on the form."""
    found, _ = _load(office, who)
    opinion = _one(found, number)
    with office.store.write() as db:
        record = _record(office, db, opinion)
        pictured = _picture(office, db, who, opinion, record) if record else None
        if pictured is None:
            raise HTTPException(404, "没有可看的图像")
        audit.note(db, who.name, "view.opinion.picture", {"number": opinion.number})
    page, region = pictured
    scale = crops.fitted(region, SOURCE_PX)
    return picture_response(request, lambda pictures: pictures.crop(page, region, scale))


def _picture(
    office: Office, db: Connection, who: Signed, opinion: Opinion, record: Record
) -> tuple[PageInfo, crops.Region] | None:
    """The image and where on it, mm; None where there is none that this person may see."""
    said = next((a for key, a in record.answers.items() if key in (opinion.row, f"{opinion.row}.text")), None)
    image = scanned.page(db, said.page_image) if said and said.page_image else None
    if said is None or said.serial is None or image is None or image.registration is None:
        return None
    layout, page = office.place(db, said.serial)
    if area_of(layout, page) not in who.areas:
        return None
    return image, crops.row_region(layout, page, opinion.row)


# --- what becomes of it --------------------------------------------------------------------------


@router.post("/{number}/assign")
def assign_opinion(
    number: int,
    request: Request,
    office: InOffice,
    who: Director,
    on: Annotated[date, Form()],
    unit: Annotated[str, Form()] = "",
    co_handlers: Annotated[str, Form()] = "",
    due: Annotated[date | None, Form()] = None,
) -> Response:
    def change(opinion: Opinion, facts: Facts) -> NewEvent:
        others = [name for name in co_handlers.replace("，", "、").split("、") if name.strip()]
        return register.hand_over(opinion, facts, office.campaign, on, unit=unit, co_handlers=others, due=due)

    return _write(number, request, office, who, "opinions.assign", change)


@router.post("/{number}/answer")
def answer_opinion(
    number: int,
    request: Request,
    office: InOffice,
    who: Answerer,
    result: Annotated[str, Form()],
    on: Annotated[date, Form()],
    replied_on: Annotated[date | None, Form()] = None,
    satisfaction: Annotated[str, Form()] = "",
    details: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    def change(opinion: Opinion, _facts: Facts) -> NewEvent:
        if result not in RESULT_WORDS or satisfaction not in ("", *SATISFACTION_WORDS):
            raise OpinionError("没有这个选项")
        if max(on, replied_on or on) > date.today():
            raise OpinionError("日期不能晚于今天")
        return answer(opinion, result, on, replied_on, satisfaction, details.strip())

    return _write(number, request, office, who, "opinions.answer", change)


@router.post("/{number}/adopt")
def adopt_opinion(
    number: int,
    request: Request,
    office: InOffice,
    who: Director,
    adoption: Annotated[str, Form()],
    on: Annotated[date, Form()],
) -> Response:
    def change(opinion: Opinion, _facts: Facts) -> NewEvent:
        if adoption not in ADOPTION_WORDS:
            raise OpinionError("没有这个选项")
        return adopt(opinion, adoption, on)

    return _write(number, request, office, who, "opinions.adopt", change)


@router.post("/{number}/into")
def merge_into(
    number: int, request: Request, office: InOffice, who: Director, lead: Annotated[str, Form()]
) -> Response:
    """Merge this one into the one that a clerk names."""

    def change(found: list[Opinion], _lister: Lister) -> Iterator[NewEvent]:
        return merge(find(found, lead, office.campaign.year), [_one(found, number)])

    return _written(number, request, office, who, "opinions.merge", change)


@router.post("/{number}/part")
def part_opinion(number: int, request: Request, office: InOffice, who: Director) -> Response:
    """Take the merging back."""
    return _write(number, request, office, who, "opinions.part", lambda opinion, _facts: part(opinion))


def _write(
    number: int,
    request: Request,
    office: Office,
    who: Signed,
    action: str,
    change: Callable[[Opinion, Facts], NewEvent],
) -> Response:

    def events(found: list[Opinion], lister: Lister) -> Iterable[NewEvent]:
        return [change(_one(_own(found, who), number), lister.facts)]

    return _written(number, request, office, who, action, events)


def _written(
    number: int, request: Request, office: Office, who: Signed, action: str, change: register.Change
) -> Response:
    """Back to the opinion's page; with what could not be done, if so."""
    try:
        _put(office, who, action, change)
    except OpinionError as error:
        return _show(number, request, office, who, message=str(error))
    return RedirectResponse(f"/opinions/{number}", status_code=303)


def _put(office: Office, who: Signed, action: str, change: register.Change) -> None:
    """Raises OpinionError."""
    register.write(office.store, office.campaign, who.name, action, change)
    office.recent.forget("opinions")
