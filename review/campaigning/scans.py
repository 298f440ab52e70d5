"""扫描: files sent from a browser are read into a batch, and what was wrong with them is said."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import HTMLResponse, Response

from campaign.records import records
from review.accounts import Director, InOffice
from review.campaigning.underway import begin
from review.jobs import Job, Outcome
from review.office import Office
from review.showing import render
from store import audit, returns, scanned
from workspace.counting import count_answers
from workspace.pool import Processes
from workspace.scanning import SENT, STATE_WORDS, Batch, describe_problems, find_files, scan

router = APIRouter(prefix="/scans")

BATCHES = 15
PROBLEMS_SAID = 60
_BATCH = re.compile(r"web-\d{8}-\d{6}-[0-9a-f]{8}")


@dataclass(frozen=True)
class Waiting:
    """Files that were sent and are not read yet."""

    name: str
    files: int


@router.get("")
def scans_page(request: Request, office: InOffice, who: Director) -> HTMLResponse:
    with office.store.read() as db:
        batches = returns.latest_batches(db, BATCHES)
        problems = [one for one in scanned.load_problems(db, settled=False) if not one.page_image]
    return render(
        request,
        "campaigning/scans.html",
        title="扫描",
        batch=f"{SENT}{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(4)}",
        waiting=list(_waiting(office)),
        batches=batches,
        states=STATE_WORDS,
        files_with_problems=len(problems),
    )


def _waiting(office: Office) -> Iterator[Waiting]:
    for folder in sorted((office.workspace / "inbox").glob(f"{SENT}*")):
        yield Waiting(folder.name, sum(1 for _ in find_files([folder])))


def _folder(office: Office, batch: str) -> Path:
    """Raises HTTPException."""
    if not _BATCH.fullmatch(batch):
        raise HTTPException(404, "没有这一批")
    return office.workspace / "inbox" / batch


@router.put("/{batch}/{name}")
async def take_file(
    batch: str, name: str, request: Request, office: InOffice, who: Director
) -> dict[str, int]:
    """Keep a file that is sent as the body. It has its name only when it is whole."""
    folder = _folder(office, batch)
    wanted = Path(name).name.lstrip(".")
    if not wanted or wanted != name:
        raise HTTPException(422, "文件名不能用")
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{secrets.token_hex(8)}.partial"
    try:
        with partial.open("wb") as kept:
            async for block in request.stream():
                kept.write(block)
        partial.rename(_free(folder / wanted))
    finally:
        partial.unlink(missing_ok=True)
    return {"files": sum(1 for _ in find_files([folder]))}


def _free(path: Path) -> Path:
    """`path`, or with a number when there is one of that name: two scanners both begin with 0001.pdf."""
    n, free = 1, path
    while free.exists():
        n += 1
        free = path.with_name(f"{path.stem}（{n}）{path.suffix}")
    return free


@router.post("/read")
def read(request: Request, office: InOffice, who: Director, batch: Annotated[str, Form()]) -> Response:
    """Read what was sent. Stopped half-way it stays, and is gone on with where it stopped."""
    folder = _folder(office, batch)
    files = list(find_files([folder])) if folder.is_dir() else []
    if not files:
        raise HTTPException(404, "这一批没有文件，可能已经读完")

    def work(job: Job) -> Outcome:
        job.doing_now("读取扫描件")
        jobs = max(1, (os.cpu_count() or 1) - 1)  # the page itself goes on
        done = scan(office.workspace, office.store, files, Processes(jobs), who.name, job.step)
        _drop(folder, files)
        office.forget_figures()
        return _outcome(office, done)

    with office.store.write() as db:
        audit.note(db, who.name, "scan", {"files": len(files)})
    return begin(request, office, who, f"读取 {len(files)} 个扫描件", "/scans", work)


def _drop(folder: Path, files: Iterable[Path]) -> None:
    """These are among the originals now, or rejected with a reason. What came in since then stays."""
    for file in files:
        file.unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()


def _outcome(office: Office, done: Batch) -> Outcome:
    with office.store.read() as db:
        serials = set(done.serials)
        counts = count_answers(records(db, office.campaign, serials=serials), serials)
    known = f"（其中 {done.known} 个以前已读过）" if done.known else ""
    states = "，".join(
        f"{word} {done.states[state]}" for state, word in STATE_WORDS.items() if done.states[state]
    )
    said = [
        f"第 {done.number} 批：{done.files} 个文件{known}，{done.pages} 页"
        + (f"：{states}" if states else "")
    ]
    if counts["fields"]:
        said.append(
            f"读出 {counts['fields']} 项：{counts['accepted']} 项无需复核，{counts['needs_review']} 项待复核"
        )
    problems = list(describe_problems(done.problems))
    said += problems[:PROBLEMS_SAID]
    if len(problems) > PROBLEMS_SAID:
        said.append(f"……共 {len(problems)} 个问题，都在“问题页”里")
    onwards = "/pages" if done.rejected else "/key" if counts["needs_review"] else "/coverage"
    return Outcome(tuple(said), onwards=onwards)


@router.post("/discard")
def discard(request: Request, office: InOffice, who: Director, batch: Annotated[str, Form()]) -> HTMLResponse:
    """Files sent by mistake, not read yet."""
    folder = _folder(office, batch)
    running = office.jobs.running
    if running is not None and running.back == "/scans":
        raise HTTPException(409, "正在读取扫描件，请等它结束再试")
    if folder.is_dir():
        shutil.rmtree(folder)
    with office.store.write() as db:
        audit.note(db, who.name, "scan.discard", {"batch": batch})
    return scans_page(request, office, who)
