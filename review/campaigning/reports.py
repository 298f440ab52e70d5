"""报表: the summary, the week's circular, the inspection group's report; and data out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import HTMLResponse, Response

from campaign.coverage import BY_NAMES
from campaign.weeks import parse_week, week_of, weeks_between
from review import access
from review.accounts import Director, InOffice, Signed, SignedIn
from review.campaigning.papers import folder_of, written
from review.campaigning.underway import begin
from review.jobs import Job, Outcome
from review.office import Office
from review.showing import render
from store.accounts import User
from workspace.exporting import KINDS, Wish, export, save
from workspace.reporting import Findings, Report, circular, circular_day, inspection, note, summary

router = APIRouter(prefix="/reports")

LIBRARIES = {"": "不分", "village": "按村分", "unit": "按承办单位分", "town": "全镇，附类别排序"}
FORMAT_WORDS = {"xlsx": "Excel", "csv": "CSV", "docx": "Word", "pdf": "PDF", "json": "JSON"}


@router.get("")
def reports_page(request: Request, office: InOffice, who: SignedIn) -> HTMLResponse:
    if not access.reports(who.user):
        raise HTTPException(403, "报表由主管、管理员和督查组生成")
    campaign = office.campaign
    weeks = weeks_between(campaign.start, campaign.end) if campaign.start and campaign.end else []
    return render(
        request,
        "campaigning/reports.html",
        title="报表",
        today=date.today(),
        weeks=[week for week in reversed(weeks) if week <= week_of(date.today())],
        kinds=KINDS,
        formats=FORMAT_WORDS,
        libraries=LIBRARIES,
        bys={"": "全部", **BY_NAMES, "week": "周次"},
        reports=written(office, "report") if access.directs(who.user) else [],
        exports=written(office, "export") if access.directs(who.user) else [],
        inspections=written(office, "inspection") if access.inspects(who.user) else [],
    )


# --- reports -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Wanted:
    """A report to be made, as of `day`, into `folder` under the name `stem`.

    noted  how that is noted, "" where the making does so itself
    """

    title: str
    folder: str
    stem: str
    day: date
    make: Callable[[Findings], Report]
    noted: str = ""
    may_see: Callable[[User], bool] = access.directs


@router.post("/summary")
def make_summary(request: Request, office: InOffice, who: Director, day: Annotated[date, Form()]) -> Response:
    wanted = _Wanted("生成总结材料", "report", f"走访总结-{day}", day, summary, "summary")
    return _report(request, office, who, wanted)


@router.post("/circular")
def make_circular(
    request: Request, office: InOffice, who: Director, week: Annotated[str, Form()]
) -> Response:
    try:
        week = parse_week(week)
    except ValueError:
        raise HTTPException(422, "没有这一周") from None
    day = circular_day(week, date.today())

    def make(findings: Findings) -> Report:
        return circular(findings, week)

    wanted = _Wanted(f"生成 {week} 的通报", "report", f"每周通报-{week}", day, make, "circular")
    return _report(request, office, who, wanted)


@router.post("/inspection")
def make_inspection(
    request: Request, office: InOffice, who: SignedIn, day: Annotated[date, Form()]
) -> Response:
    if not access.inspects(who.user):
        raise HTTPException(403, "企业评价报告只供督查组")

    def make(findings: Findings) -> Report:
        return inspection(findings, office.store, who.user)

    stem = f"企业评价报告-{day}"
    wanted = _Wanted("生成企业评价报告", "inspection", stem, day, make, may_see=access.inspects)
    return _report(request, office, who, wanted)


def _report(request: Request, office: Office, who: Signed, wanted: _Wanted) -> Response:
    def work(job: Job) -> Outcome:
        workspace = office.workspace.used_by(who.name)
        job.doing_now("统计")
        findings = Findings.of(workspace, office.store, wanted.day, job.step)
        job.doing_now("写出")
        folder = folder_of(office, wanted.folder)
        files = wanted.make(findings).write(folder, wanted.stem, findings.fonts)
        if wanted.noted:
            note(workspace, office.store, wanted.noted)
        return Outcome(("已写出 Word、PDF 和数据表",), wanted.folder, tuple(file.name for file in files))

    return begin(request, office, who, wanted.title, "/reports", work, wanted.may_see)


# --- data out ------------------------------------------------------------------------------------


@router.post("/export/{kind}")
def make_export(
    kind: str,
    request: Request,
    office: InOffice,
    who: Director,
    file_format: Annotated[str, Form()],
    by: Annotated[str, Form()] = "",
    cadre: Annotated[str, Form()] = "",
    unmasked: Annotated[bool, Form()] = False,
) -> Response:
    if kind not in KINDS or file_format not in KINDS[kind].formats:
        raise HTTPException(404, "没有这种导出")
    known = LIBRARIES if kind == "opinions" else {"", *BY_NAMES, "week"} if kind == "coverage" else {""}
    if by not in known:
        raise HTTPException(422, "没有这种分法")
    wish = Wish(file_format, unmasked, by=by, cadre=cadre.strip())

    def work(job: Job) -> Outcome:
        workspace = office.workspace.used_by(who.name)
        job.doing_now("整理数据")
        found = export(workspace, office.store, kind, wish, job.step)
        job.doing_now("写出")
        folder = folder_of(office, "export")
        folder.mkdir(parents=True, exist_ok=True)
        named = "-含姓名" if unmasked else ""
        name = f"{found.title}-{datetime.now():%Y%m%d-%H%M%S}{named}.{file_format}"
        save(workspace, found, file_format, folder / name)
        return Outcome((f"已写出 {found.what}",), "export", (name,))

    return begin(request, office, who, f"导出{KINDS[kind].words.partition('：')[0]}", "/reports", work)
