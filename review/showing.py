"""Pages and pictures as responses."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

from fastapi import HTTPException, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response
from starlette.templating import Jinja2Templates

from ingest.intake import IntakeError
from review import access
from review.accounts import Signed, find_session, office_of
from review.crops import NotStraightError, Pictures
from review.jobs import Job
from store.accounts import User
from store.schema import now

FOLDER = os.fspath(files("review"))  # type: ignore[call-overload]


def _ago(at: datetime) -> str:
    """`12 分钟前`."""
    minutes = int((now() - at) / timedelta(minutes=1))
    if minutes < 1:
        return "刚刚"
    if minutes < 60:
        return f"{minutes} 分钟前"
    return f"{minutes // 60} 小时前" if minutes < 48 * 60 else f"{minutes // 1440} 天前"


def _clock(at: datetime) -> str:
    """Local time, to the minute."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M")


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(os.path.join(FOLDER, "templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters |= {"ago": _ago, "clock": _clock}
_TEMPLATES = Jinja2Templates(env=_ENVIRONMENT)


def render(request: Request, template: str, /, status: int = 200, **context: Any) -> HTMLResponse:
    """A page, with what all pages show: who is signed in and where they may go."""
    session = find_session(request)
    signed = Signed(session) if session else None
    may = _may(signed.user) if signed else {}
    shared = {
        "who": signed.user if signed else None,
        "may": may,
        "job": _job_under_way(request, signed),
        "role": access.ROLE_NAMES[access.Role(signed.user.role)] if signed else "",
        "csrf": signed.session.csrf if signed else "",
    }
    return _TEMPLATES.TemplateResponse(request, template, shared | context, status_code=status)


def apology(request: Request, template: str, /, status: int, **context: Any) -> HTMLResponse:
    """A page for when something broke: it asks the database nothing, not even who is signed in."""
    return _TEMPLATES.TemplateResponse(
        request, template, {"who": None, "csrf": "", **context}, status_code=status
    )


def _may(user: User) -> dict[str, bool]:
    """What templates ask before they offer something."""
    asked = (
        access.sees_scans,
        access.supervises,
        access.administers,
        access.inspects,
        access.directs,
        access.answers_opinions,
        access.asks_for_names,
        access.reports,
    )
    return {rule.__name__: rule(user) for rule in asked}


def _job_under_way(request: Request, signed: Signed | None) -> Job | None:
    if signed is None:
        return None
    job = office_of(request).jobs.running
    return job if job and job.may_see(signed.user) else None


def picture_response(request: Request, make: Callable[[Pictures], bytes]) -> Response:
    """A JPEG that no cache keeps: it shows what people wrote."""
    try:
        data = make(request.app.state.pictures)
    except (IntakeError, OSError) as error:
        raise HTTPException(410, f"原始扫描件读不出来：{error}") from error
    except NotStraightError as error:
        raise HTTPException(404, "这一页没有摆正，没有可看的图像") from error
    return Response(data, media_type="image/jpeg")
