"""每周清单: the week's problem list, suggestion list, agenda and hand-over slips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import HTMLResponse, Response

from campaign.lists import of_week
from campaign.opinions import Opinion, State
from campaign.weeks import parse_week, week_words
from review.accounts import Director, InOffice
from review.campaigning.papers import folder_of, written
from review.campaigning.underway import begin
from review.jobs import Job, Outcome
from review.showing import render
from store import opinions as kept
from workspace.digesting import Digest, draw_up, usual_date

router = APIRouter(prefix="/opinions/weeks")


@dataclass(frozen=True)
class Week:
    """A week's opinions. `late`: came in after the lists of their own week."""

    week: str
    problems: int
    suggestions: int
    late: int
    unchecked: int
    handed: int
    closed: int
    dated: date | None

    @staticmethod
    def of(week: str, mine: Sequence[Opinion], late: Sequence[Opinion], dated: date | None) -> Week:
        both = [*mine, *late]
        return Week(
            week=week,
            problems=sum(not one.is_suggestion for one in both),
            suggestions=sum(one.is_suggestion for one in both),
            late=len(late),
            unchecked=sum(bool(one.unsure) for one in both),
            handed=sum(bool(one.slip) for one in both),
            closed=sum(one.closed for one in both),
            dated=dated,
        )


@router.get("")
def weeks_page(request: Request, office: InOffice, who: Director, week: str = "") -> HTMLResponse:
    found, _ = office.opinions()
    with office.store.read() as db:
        digested = kept.weeks_digested(db)
    alive = [one for one in found if one.state is not State.WITHDRAWN]
    names = sorted({one.listed or one.week for one in alive} | set(digested), reverse=True)
    weeks = [Week.of(name, *of_week(found, name, digested), digested.get(name)) for name in names]
    chosen = next((one for one in weeks if one.week == week), weeks[0] if weeks else None)
    return render(
        request,
        "campaigning/weeks.html",
        title="每周清单",
        weeks=weeks,
        chosen=chosen,
        words=week_words(chosen.week) if chosen else "",
        usual=usual_date(chosen.week, date.today()) if chosen else None,
        papers=written(office, f"digest-{chosen.week}") if chosen else [],
    )


@router.post("/{week}")
def digest(
    week: str,
    request: Request,
    office: InOffice,
    who: Director,
    dated: Annotated[date, Form()],
    unmasked: Annotated[bool, Form()] = False,
    unchecked: Annotated[bool, Form()] = False,
) -> Response:
    """Draw the week's lists up and hand over what is to be handed over."""
    try:
        week = parse_week(week)
    except ValueError:
        raise HTTPException(404, "没有这一周") from None

    def work(job: Job) -> Outcome:
        job.doing_now("整理意见建议，写出清单和交办单")
        workspace = office.workspace.used_by(who.name)
        folder = folder_of(office, f"digest-{week}")
        drawn = draw_up(workspace, office.store, week, folder, dated, unmasked, unchecked, job.step)
        office.forget_figures()
        files = tuple(file.name for file in drawn.files)
        return Outcome(tuple(_said(drawn)), folder.name, files, f"/opinions/weeks?week={week}")

    return begin(request, office, who, f"整理 {week} 的清单", f"/opinions/weeks?week={week}", work)


def _said(drawn: Digest) -> list[str]:
    lines = [
        f"{week_words(drawn.week)}：问题 {len(drawn.problems)} 件，建议 {len(drawn.suggestions)} 件，"
        f"交办单 {len(drawn.slips)} 份"
    ]
    if drawn.remark:
        lines.append(drawn.remark)
    return lines
