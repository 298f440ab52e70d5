"""名册和走访安排: the workbook checked, tried and loaded; who visits whom, and when."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request, UploadFile
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from campaign.annotate import write_annotated
from campaign.duties import complete, examine
from campaign.planning import usual_first
from campaign.roster import Issue, Roster, RosterError, describe_changes, load_roster, load_workbook
from campaign.template import write_template
from campaign.town import KIND_WORDS
from campaign.workbook import SHEETS
from review.accounts import Director, InOffice
from review.campaigning.papers import folder_of, written
from review.campaigning.underway import begin
from review.jobs import Job, Outcome
from review.office import Office
from review.showing import render
from store import audit, roster
from workspace.plans import load_plan, make_plan, write_plans

router = APIRouter(prefix="/roster")

UPLOADS = "roster"
"""Folder of out/: the workbook that is being checked. Loaded, or another one checked, it is deleted."""
SUFFIXES = (".xlsx", ".xlsm", ".xls", ".ods", ".csv")
PLANS = "plan"
SHOWN = 200
"""Errors and breaches on the page; the annotated copy has all."""


@router.get("")
def roster_page(request: Request, office: InOffice, who: Director) -> HTMLResponse:
    return _show(request, office)


def _show(request: Request, office: Office, message: str = "", said: Sequence[str] = ()) -> HTMLResponse:
    with office.store.read() as db:
        codes = roster.codes(db)
    duties, breaches = examine(office.store, office.campaign) if codes["cadres"] else ([], [])
    counts = Counter(duty.subject.kind for duty in duties)
    visitors = {kind: len({d.cadre for d in duties if d.subject.kind == kind}) for kind in counts}
    return render(
        request,
        "campaigning/roster.html",
        status=422 if message else 200,
        title="名册",
        tables=[(spec.name, len(codes[spec.table])) for spec in SHEETS if spec.table in codes],
        loaded=bool(codes["cadres"]),
        duties=[(word, counts[kind], visitors[kind]) for kind, word in KIND_WORDS.items() if counts[kind]],
        breaches=breaches[:SHOWN],
        count=len(breaches),
        plans=written(office, PLANS),
        message=message,
        said=said,
    )


# --- who visits whom, and when -------------------------------------------------------------------


@router.post("/assign")
def assign(request: Request, office: InOffice, who: Director) -> Response:
    with office.store.read() as db:
        if not roster.codes(db)["cadres"]:
            return _show(request, office, "名册是空的，请先载入名册")
    duties = complete(office.store, office.campaign, who.name)
    office.forget_figures()
    return _show(request, office, said=[f"已安排 {len(duties)} 个走访对象"])


@router.post("/plan")
def plan(
    request: Request, office: InOffice, who: Director, unmasked: Annotated[bool, Form()] = False
) -> Response:
    """Give every duty a day, and each unit its plan."""

    def work(job: Job) -> Outcome:
        workspace = office.workspace.used_by(who.name)
        job.doing_now("排定日期")
        planned, new = make_plan(workspace, office.store, usual_first(office.campaign, date.today()))
        office.forget_figures()
        if not planned:
            return Outcome(("还没有走访安排，先按方案补齐安排",), onwards="/roster")
        job.doing_now("写出各单位的计划")
        folder = folder_of(office, PLANS)
        files = write_plans(workspace, office.store, folder, (), date.today(), unmasked)
        said = f"已排定 {planned} 个走访对象，其中新排 {new} 个；已排定的日期不变"
        return Outcome((said,), PLANS, tuple(file.name for file in files), "/coverage")

    return begin(request, office, who, "排走访计划", "/roster", work)


@router.post("/plan/load")
async def take_plan(request: Request, office: InOffice, who: Director, file: UploadFile) -> Response:
    """A unit's plan comes back with its changes."""
    suffix = Path(file.filename or "").suffix.lower()
    if suffix not in SUFFIXES:
        return _show(request, office, "请选单位改过的计划（.xlsx、.xls、.ods 或 .csv）")
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / f"走访计划{suffix}"
        path.write_bytes(await file.read())
        lines, changed = load_plan(office.workspace.used_by(who.name), office.store, path)
    except RosterError as error:
        issues = [str(issue) for issue in error.errors[:SHOWN]]
        return _show(request, office, f"有 {len(error.errors)} 处错误，没有载入任何内容", issues)
    finally:
        shutil.rmtree(folder)
    office.forget_figures()
    return _show(request, office, said=[f"已载入 {lines} 行，其中 {changed} 行与原计划不同"])


# --- the workbook --------------------------------------------------------------------------------


@router.get("/template")
def template(who: Director) -> FileResponse:
    """The workbook with its headings, to be filled in."""
    folder = Path(tempfile.mkdtemp())
    path = folder / "名册.xlsx"
    write_template(path)
    return FileResponse(path, filename=path.name, background=BackgroundTask(shutil.rmtree, folder))


@dataclass(frozen=True)
class _Checked:
    """A workbook as it was checked: its rows, or None with errors; and what loading it would change."""

    roster: Roster | None
    errors: Sequence[Issue]
    warnings: Sequence[Issue]


def _check(office: Office, path: Path) -> _Checked:
    with office.store.read() as db:
        known = roster.codes(db)
    try:
        loaded = load_workbook(path, known)
    except RosterError as error:
        return _Checked(None, error.errors, error.warnings)
    return _Checked(loaded, (), loaded.warnings)


@router.post("/check")
async def take_workbook(
    request: Request, office: InOffice, who: Director, files: Annotated[list[UploadFile], ...]
) -> Response:
    """Keep what was sent until it is loaded, and go on to what is wrong with it."""
    names = [Path(file.filename or "").name for file in files]
    wrong = [name for name in names if Path(name).suffix.lower() not in SUFFIXES]
    several = len(names) > 1 and any(Path(name).suffix.lower() != ".csv" for name in names)
    if wrong or several or not names:
        return _show(request, office, "请选一个工作簿（.xlsx、.xls、.ods），或同时选各张表的 CSV 文件")
    token = secrets.token_hex(8)
    folder = _uploads(office)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / token).mkdir(parents=True)
    for name, file in zip(names, files, strict=True):
        with (folder / token / name).open("wb") as kept:
            while block := await file.read(1 << 20):
                kept.write(block)
    return RedirectResponse(f"/roster/{token}", status_code=303)


def _uploads(office: Office) -> Path:
    return office.workspace / "out" / UPLOADS


def _workbook(office: Office, token: str) -> Path:
    """The workbook, or the folder of CSV files, that was sent. Raises HTTPException."""
    folder = _uploads(office) / token
    if not (token.isalnum() and folder.is_dir()):
        raise HTTPException(404, "这份名册已经载入，或另查了一份。请重新选择文件")
    files = list(folder.iterdir())
    return files[0] if len(files) == 1 else folder


@router.get("/{token}")
def checked_page(token: str, request: Request, office: InOffice, who: Director) -> HTMLResponse:
    """What is wrong with the workbook, and what loading it would change."""
    checked = _check(office, _workbook(office, token))
    changes: Mapping[str, Any] = {}
    if checked.roster is not None:
        changes = load_roster(office.store, checked.roster, who.name, dry_run=True)
    with office.store.write() as db:
        detail = {"errors": len(checked.errors), "warnings": len(checked.warnings)}
        audit.note(db, who.name, "roster.check", detail)
    return render(
        request,
        "campaigning/roster_check.html",
        title="核对名册",
        token=token,
        errors=checked.errors[:SHOWN],
        warnings=checked.warnings[:SHOWN],
        counts=(len(checked.errors), len(checked.warnings)),
        changes=list(describe_changes(changes)),
    )


@router.get("/{token}/annotated")
def annotated(token: str, office: InOffice, who: Director) -> FileResponse:
    """The workbook with everything that is wrong as comments on its cells."""
    source = _workbook(office, token)
    checked = _check(office, source)
    folder = Path(tempfile.mkdtemp())
    copy = folder / "名册-批注.xlsx"
    write_annotated(source, copy, checked.errors, checked.warnings)
    with office.store.write() as db:
        audit.note(db, who.name, "roster.annotate", {"errors": len(checked.errors)})
    return FileResponse(copy, filename=copy.name, background=BackgroundTask(shutil.rmtree, folder))


@router.post("/{token}/load")
def load(token: str, request: Request, office: InOffice, who: Director) -> Response:
    """Load it: all, or with any error nothing."""
    checked = _check(office, _workbook(office, token))
    if checked.roster is None:
        return RedirectResponse(f"/roster/{token}", status_code=303)
    changes = load_roster(office.store, checked.roster, who.name)
    shutil.rmtree(_uploads(office))
    office.forget_figures()
    return _show(request, office, said=["名册已载入：", *describe_changes(changes)])
