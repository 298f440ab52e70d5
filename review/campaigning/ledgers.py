"""台账: whom each cadre visited, what villages and units are told (民情民意库), the diary, the talks."""

from __future__ import annotations

import shutil
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, UploadFile
from starlette.responses import HTMLResponse

from campaign.ledger import DIARY_COLUMNS, LEDGER_COLUMNS, diary
from campaign.lists import Lister, ranking
from campaign.opinions import CATEGORY_WORDS, State
from campaign.roster import RosterError
from campaign.talks import COLUMNS
from review.accounts import Director, InOffice
from review.campaigning.papers import Written, folder_of, written
from review.campaigning.parts import Pager, named
from review.showing import render
from store import audit
from workspace.exporting import libraries
from workspace.talking import TALK_COLUMNS, TalkRegister

router = APIRouter(prefix="/ledgers")

VIEWS = {"": "走访台账", "library": "民情民意库", "diary": "走访日记", "talks": "谈话登记"}
LIBRARIES = {"village": "村（社区）", "unit": "承办单位", "town": "全镇"}
SUFFIXES = (".xlsx", ".xlsm", ".xls", ".ods", ".csv")
_LEFT_OUT = ("cadre", "kind")
"""Columns that the page has no room for: the export has them."""


@router.get("")
def ledger_page(
    request: Request,
    office: InOffice,
    who: Director,
    cadre: str = "",
    unit: str = "",
    names: bool = False,
    page: int = 1,
) -> HTMLResponse:
    shown = named(who, names)
    _, facts = office.opinions()
    rows = [row for row in office.ledger(cadre, shown) if not unit or row["unit"] == unit]
    detail = {"cadre": cadre, "unit": unit, "names": shown, "count": len(rows)}
    with office.store.write() as db:
        audit.note(db, who.name, "view.ledger", detail)
    cadres = [row for row in facts.tables["cadres"].values() if row.get("removed") is None]
    units = [row["name"] for row in facts.tables["units"].values() if row.get("removed") is None]
    return render(
        request,
        "campaigning/ledger.html",
        title="走访台账",
        views=VIEWS,
        columns={key: words for key, words in LEDGER_COLUMNS.items() if key not in _LEFT_OUT},
        pager=Pager.of(request, rows, page),
        cadres=[(row["code"], f"{row['name']}（{row['code']}）") for row in cadres],
        units=[(name, name) for name in units],
        cadre=cadre,
        unit=unit,
        named=shown,
    )


@router.get("/library")
def library_page(
    request: Request, office: InOffice, who: Director, by: str = "village", name: str = "", page: int = 1
) -> HTMLResponse:
    """What a village or a unit is told, the topics that are named most often first."""
    by = by if by in LIBRARIES else "village"
    found, facts = office.opinions()
    lister = Lister(facts)
    alive = [one for one in found if one.state is not State.WITHDRAWN]
    groups = libraries(alive, lister, by)
    chosen = name if name in groups else next(iter(groups), "")
    with office.store.write() as db:
        audit.note(db, who.name, "view.library", {"by": by, "name": chosen})
    return render(
        request,
        "campaigning/library.html",
        title="民情民意库",
        views=VIEWS,
        libraries=LIBRARIES,
        by=by,
        groups=[(group, len(some)) for group, some in groups.items()],
        chosen=chosen,
        topics=[(CATEGORY_WORDS.get(key, "未分类"), n) for key, n in ranking(groups.get(chosen, []))],
        pager=(pager := Pager.of(request, groups.get(chosen, []), page)),
        rows=[(one, lister.words(one)) for one in pager.items],
    )


@router.get("/diary")
def diary_page(
    request: Request, office: InOffice, who: Director, names: bool = False, page: int = 1
) -> HTMLResponse:
    shown = named(who, names)
    with office.store.read() as db:
        rows = diary(db, office.campaign, shown)
    with office.store.write() as db:
        audit.note(db, who.name, "view.diary", {"names": shown, "count": len(rows)})
    return render(
        request,
        "campaigning/diary.html",
        title="走访日记",
        views=VIEWS,
        columns={key: words for key, words in DIARY_COLUMNS.items() if key != "cadre"},
        pager=Pager.of(request, rows, page),
        named=shown,
    )


# --- talks ---------------------------------------------------------------------------------------


@router.get("/talks")
def talks_page(request: Request, office: InOffice, who: Director) -> HTMLResponse:
    return _talks(request)


@router.post("/talks")
async def check_talks(request: Request, office: InOffice, who: Director, file: UploadFile) -> HTMLResponse:
    """Hold the office's register against 下谈一级. The register itself is not kept."""
    suffix = Path(file.filename or "").suffix.lower()
    if suffix not in SUFFIXES:
        return _talks(request, status=422, errors=["请选 .xlsx、.xls、.ods 或 .csv 文件"])
    workspace = office.workspace.used_by(who.name)
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / f"谈话登记{suffix}"
        path.write_bytes(await file.read())
        talks = TalkRegister.of(workspace, office.store, path)
    except RosterError as error:
        return _talks(request, status=422, errors=[str(issue) for issue in error.errors])
    finally:
        shutil.rmtree(folder)
    stem = f"谈话登记-{datetime.now():%Y%m%d-%H%M%S}"
    out = folder_of(office, "export")
    out.mkdir(parents=True, exist_ok=True)
    for ending in ("xlsx", "docx"):
        talks.write(workspace, out / f"{stem}.{ending}")
    papers = [one for one in written(office, "export") if one.name.startswith(stem)]
    return _talks(request, talks=talks, papers=papers)


def _talks(
    request: Request,
    status: int = 200,
    errors: list[str] | None = None,
    talks: TalkRegister | None = None,
    papers: list[Written] | None = None,
) -> HTMLResponse:
    context: dict[str, Any] = {"errors": errors or [], "talks": talks, "papers": papers or []}
    return render(
        request,
        "campaigning/talks.html",
        status=status,
        title="谈话登记",
        views=VIEWS,
        columns=TALK_COLUMNS,
        wanted=COLUMNS,
        **context,
    )
