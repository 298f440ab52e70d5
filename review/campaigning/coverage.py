"""进度: who was visited and who was not, by whatever it can be asked by, week by week against the plan."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import HTMLResponse

from campaign.coverage import BY_NAMES, By, Overview
from campaign.ledger import RESULT_WORDS, outcomes
from campaign.masking import name_of
from campaign.planning import DONE, Slippage, plan_rows, slippage
from campaign.progress import by_week, without_date
from campaign.town import KIND_WORDS
from campaign.weeks import stages
from review import access
from review.accounts import InOffice, SignedIn
from review.campaigning.parts import Pager, named, part_of, part_words
from review.office import FIGURES_SECONDS, Office
from review.showing import render
from store import audit

router = APIRouter(prefix="/coverage")

QUOTA_WORDS = {"household": "群众家庭", "key": "区镇重点企业", "small": "中小企业", "project": "重点项目"}
WHY_WORDS = {"unassigned": "没有安排走访人", "not_printed": "还没有印表", "not_returned": "没有交回"}
OUTCOME_WORDS = {**RESULT_WORDS, DONE: "已走访", "": "没有消息"}
INTO = {"village": ("village", "group"), "unit": ("unit", "cadre"), "cadre": ("cadre", "form")}
"""A line's grouping → the part of the town that it stands for, and what that is best looked at by."""


@router.get("")
def figures(
    request: Request,
    office: InOffice,
    who: SignedIn,
    by: By = "village",
    village: str = "",
    unit: str = "",
    cadre: str = "",
) -> HTMLResponse:
    whole = office.overview()
    overview = whole.of_part(part_of(who, village, unit, cadre))
    found = office.visits()
    turned_out = outcomes(overview.duties, found)
    left = Counter(one.why for one in overview.unvisited())
    return render(
        request,
        "campaigning/coverage.html",
        title="进度",
        overview=overview,
        words=part_words(overview),
        total=overview.total(),
        visited=turned_out[DONE],
        turned_out=[(OUTCOME_WORDS.get(key, key), turned_out[key]) for key in OUTCOME_WORDS | turned_out],
        by=by,
        bys=BY_NAMES,
        into=INTO,
        lines=overview.lines(by),
        weeks=by_week(office.campaign, overview.duties, found.items(), office.plan()),
        slipped=_slipped(office, overview),
        undated=without_date(overview.duties, found.items()),
        today=date.today(),
        stages=stages(office.campaign, date.today()),
        quotas=[one for one in overview.quotas() if not one.met] if not overview.part.village else [],
        quota_words=QUOTA_WORDS,
        unvisited=left.total(),
        left=[(WHY_WORDS[why], count) for why, count in left.items()],
        villages=_names(whole, "village"),
        units=_names(whole, "unit"),
    )


def _slipped(office: Office, overview: Overview) -> list[Slippage]:
    """Units behind their visit plans, of the part that is shown; the most behind first."""

    def load() -> list[dict[str, Any]]:
        with office.store.read() as db:
            return plan_rows(db, office.campaign, date.today())

    if not office.plan():
        return []
    rows = office.recent.figures("plan rows", FIGURES_SECONDS, load)
    shown = {(KIND_WORDS[duty.subject.kind], duty.subject.code) for duty in overview.duties}
    found = slippage([row for row in rows if (row["kind"], row["code"]) in shown], date.today())
    return sorted((one for one in found if one.late), key=lambda one: -one.late)


def _names(overview: Overview, kind: str) -> list[tuple[str, str]]:
    """(code, name) of all on the roster."""
    return [(row["code"], row["name"]) for row in overview.roster[kind + "s"]]


@router.get("/unvisited")
def unvisited(
    request: Request,
    office: InOffice,
    who: SignedIn,
    village: str = "",
    unit: str = "",
    cadre: str = "",
    names: bool = False,
    page: int = 1,
) -> HTMLResponse:
    """一户不漏、一企不落: who is left, each with who has to visit them."""
    if not access.asks_for_names(who.user):
        raise HTTPException(403, "未走访名单供主管、管理员和走访单位、走访干部查看")
    overview = office.overview().of_part(part_of(who, village, unit, cadre))
    shown = named(who, names)
    rows = [
        {
            "kind": KIND_WORDS[one.subject.kind],
            "name": name_of(overview.facts, one.subject, shown),
            "code": one.subject.code,
            "place": overview.facts.place(one.subject) or one.village,
            "cadre": one.cadre_name,
            "why": WHY_WORDS[one.why],
        }
        for one in overview.unvisited()
    ]
    detail = {**vars(overview.part), "names": shown, "count": len(rows)}
    with office.store.write() as db:
        audit.note(db, who.name, "view.unvisited", detail)
    return render(
        request,
        "campaigning/unvisited.html",
        title="未走访",
        words=part_words(overview),
        named=shown,
        pager=Pager.of(request, rows, page),
    )
