"""Long work as it runs: how far it is, how it ended, and what came of it. A reload changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from review import access
from review.accounts import InOffice, Signed, SignedIn
from review.campaigning.papers import written
from review.jobs import BusyError, Job, JobState, Work
from review.office import Office
from review.showing import render
from store import audit
from store.accounts import User

router = APIRouter(prefix="/jobs")

STATE_WORDS = {
    JobState.RUNNING: "进行中",
    JobState.DONE: "已完成",
    JobState.FAILED: "没有完成",
    JobState.STOPPED: "已停下",
}


def begin(
    request: Request,
    office: Office,
    who: Signed,
    title: str,
    back: str,
    work: Work,
    may_see: Callable[[User], bool] = access.directs,
) -> Response:
    """Start long work and show it; or say what else is under way."""
    try:
        job = office.jobs.start(title, who.user, back, work, may_see)
    except BusyError as error:
        context = {"title": "请稍候", "message": str(error)}
        return render(request, "message.html", status=409, **context)
    return RedirectResponse(f"/jobs/{job.number}", status_code=303)


@router.get("/{number}")
def job_page(number: int, request: Request, office: InOffice, who: SignedIn) -> HTMLResponse:
    job = _job(office, who, number)
    papers = []
    if job.outcome.papers:
        named = set(job.outcome.files)
        papers = [one for one in written(office, job.outcome.papers) if one.name in named]
    return render(
        request,
        "campaigning/job.html",
        title=job.title,
        shown=job,
        state=STATE_WORDS[job.state],
        papers=papers,
        others=[one for one in office.jobs.latest(who.user) if one is not job],
        states=STATE_WORDS,
    )


@router.get("/{number}/state")
def job_state(number: int, office: InOffice, who: SignedIn) -> dict[str, Any]:
    """For the page's script."""
    job = _job(office, who, number)
    return {"running": job.running, "doing": job.doing, "done": job.done, "total": job.total}


@router.post("/{number}/stop")
def stop_job(number: int, office: InOffice, who: SignedIn) -> Response:
    job = _job(office, who, number)
    if job.running:
        with office.store.write() as db:
            audit.note(db, who.name, "job.stop", {"title": job.title})
        office.jobs.stop()
    return RedirectResponse(f"/jobs/{number}", status_code=303)


def _job(office: Office, who: Signed, number: int) -> Job:
    job = office.jobs.find(number, who.user)
    if job is None:
        raise HTTPException(404, "没有这项工作：网页重新启动后不再列出。已写出的文件在各自的页面上")
    return job
