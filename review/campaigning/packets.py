"""印制: the packets that cadres take along, and the papers of whole units."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import HTMLResponse, Response

from review.accounts import Director, InOffice
from review.campaigning.papers import folder_of, written
from review.campaigning.underway import begin
from review.jobs import Job, Outcome
from review.office import Office
from review.showing import render
from store import roster
from workspace.printing import FORMATS, print_packets

router = APIRouter(prefix="/packets")

FORMAT_WORDS = {"pdf": "PDF，直接打印", "docx": "Word，可改文字"}
MOST_SPARE = 100
FILES_SHOWN = 400
"""Of a job's files on the page; a town's packets are over a thousand."""


@router.get("")
def packets_page(request: Request, office: InOffice, who: Director) -> HTMLResponse:
    return _show(request, office)


def _show(request: Request, office: Office, message: str = "") -> HTMLResponse:
    with office.store.read() as db:
        tables = roster.load(db, "units", "cadres")
        duties = roster.load_duties(db, office.campaign.round)
    folders = sorted((office.workspace / "out").glob("packets*"), reverse=True)
    return render(
        request,
        "campaigning/packets.html",
        status=422 if message else 200,
        title="印制",
        message=message,
        units=tables["units"],
        cadres=len(tables["cadres"]),
        assigned=len(duties),
        forms=list(office.workspace.catalogue),
        formats=FORMAT_WORDS,
        printed=[(folder.name, written(office, folder.name)) for folder in folders],
        most=FILES_SHOWN,
    )


@router.post("")
def print_them(
    request: Request,
    office: InOffice,
    who: Director,
    units: Annotated[list[str] | None, Form()] = None,
    cadres: Annotated[str, Form()] = "",
    forms: Annotated[list[str] | None, Form()] = None,
    spare: Annotated[int, Form(ge=0, le=MOST_SPARE)] = 0,
    file_format: Annotated[str, Form()] = "pdf",
) -> Response:
    """For units, for cadres by their codes, or for nobody named: for all."""
    if file_format not in FORMATS:
        raise HTTPException(404, "没有这种格式")
    named = cadres.replace("，", " ").replace("、", " ").replace(",", " ").split()
    with office.store.read() as db:
        known = roster.load(db, "cadres")["cadres"]
    unknown = set(named) - {row["code"] for row in known}
    if unknown:
        return _show(request, office, f"名册中没有工号 {'、'.join(sorted(unknown))}")
    chosen = [
        row["code"]
        for row in known
        if not (units or named) or row["unit"] in (units or ()) or row["code"] in named
    ]
    if not chosen:
        return _show(request, office, "所选单位没有干部，请另选")
    catalogue = office.workspace.catalogue
    wanted = [form for form in catalogue if not forms or form.id in forms]

    def work(job: Job) -> Outcome:
        job.doing_now("排版")
        folder = f"packets-{datetime.now():%Y%m%d-%H%M%S}"
        workspace = office.workspace.used_by(who.name)
        done = print_packets(
            workspace,
            office.store,
            chosen,
            wanted,
            folder_of(office, folder),
            spare,
            job.step,
            file_format,
            asked=forms or (),
        )
        office.forget_figures()
        said = [
            f"第 {done.job} 批：{done.packets} 份资料，{done.sheets} 面表格，{done.cards} 张联系卡",
            "打印时选“实际大小（100%）”、双面、长边翻转；不要“适合页面”，不要草稿模式",
        ]
        if done.remark:
            said.insert(1, done.remark)
        root = folder_of(office, folder)
        files = [file.relative_to(root).as_posix() for file in done.files][:FILES_SHOWN]
        return Outcome(tuple(said), folder, tuple(files), "/scans")

    return begin(request, office, who, f"印制 {len(chosen)} 份资料", "/packets", work)
