"""The application: routes behind the door, security headers, and the worker that finds what is to be done."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from review import administration, campaigning, dashboard, door, grid, keying, pages, sheets
from review.accounts import Doorkeeper, NotSignedInError, clerk, find_session, protect
from review.crops import Pictures
from review.office import Office
from review.showing import FOLDER, apology, render
from review.sifting import sift

SIFT_EVERY = 2.0
"""Seconds between looks for new work while a scan may be running."""
HEADERS = {
    # Everything comes from here: nothing is fetched from elsewhere, and no page can frame ours.
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'; "
    "form-action 'self'; base-uri 'none'; object-src 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}

log = logging.getLogger(__name__)


def create_app(office: Office, hosts: Sequence[str] = ("*",), *, sifting: bool = True) -> FastAPI:
    """The review page of one campaign.

    hosts    names under which it may be called: anything else is another site's trick (DNS rebinding)
    sifting  look for new work in the background; tests call `sift` themselves
    """
    stop = threading.Event()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        worker = threading.Thread(target=_keep_sifting, args=(office, stop), daemon=True)
        if sifting:
            worker.start()
        yield
        stop.set()
        office.jobs.stop()

    app = FastAPI(title="zoufang", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.office = office
    app.state.pictures = Pictures(office.originals)
    app.state.doorkeeper = Doorkeeper(office.store)
    app.state.stop = stop
    app.mount("/static", StaticFiles(directory=os.path.join(FOLDER, "static")), name="static")
    app.include_router(door.router)
    for part in (dashboard, pages, sheets, administration, *campaigning.PARTS):
        app.include_router(part.router, dependencies=[Depends(protect)])
    for part in (keying, grid):
        app.include_router(part.router, dependencies=[Depends(protect), Depends(clerk)])
    app.add_exception_handler(NotSignedInError, _to_door)
    app.add_exception_handler(HTTPException, _explain)
    app.add_exception_handler(RequestValidationError, _misused)
    app.add_exception_handler(Exception, _broken)
    app.middleware("http")(_harden)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    return app


def _keep_sifting(office: Office, stop: threading.Event) -> None:
    try:
        office.visits()  # a whole town's records, derived for the first time, would keep a page waiting
    except SQLAlchemyError:
        log.exception("looking at what came back failed")
    while not stop.wait(SIFT_EVERY):
        try:
            sift(office)
        except SQLAlchemyError:  # a locked or unreachable database: the next look may succeed
            log.exception("looking for new work failed")


async def _harden(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    if await _stranger_sends_files(request):  # which would be kept before any route could refuse them
        response = await _to_door(request, NotSignedInError())
    else:
        response = await call_next(request)
    return _hardened(request, response)


def _hardened(request: Request, response: Response) -> Response:
    response.headers.update(HEADERS)
    if not request.url.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-store"
    return response


async def _stranger_sends_files(request: Request) -> bool:
    files = request.headers.get("content-type", "").startswith("multipart/")
    return files and await asyncio.to_thread(find_session, request) is None


# --- errors --------------------------------------------------------------------------------------


def _from_script(request: Request) -> bool:
    return "text/html" not in request.headers.get("accept", "")


async def _to_door(request: Request, _error: Exception) -> Response:
    if _from_script(request):
        return JSONResponse({"message": "登录已过期"}, status_code=401)
    asked = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    target = asked if request.method == "GET" else "/"
    return RedirectResponse(f"/login?next={quote(target)}", status_code=303)


async def _explain(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if _from_script(request):
        return JSONResponse({"message": error.detail}, status_code=error.status_code)
    message = "没有这一页" if error.detail == "Not Found" else error.detail
    return render(request, "message.html", status=error.status_code, title="打不开", message=message)


async def _broken(request: Request, _error: Exception) -> Response:
    """What nobody foresaw: the log of the server has it. This answer does not pass through `_harden`."""
    message = "程序出错了，刚才这一步没有完成；已保存的都在。请返回重试，仍不行请告诉管理员"
    if _from_script(request):
        return _hardened(request, JSONResponse({"message": message}, status_code=500))
    return _hardened(request, apology(request, "message.html", 500, title="程序出错了", message=message))


async def _misused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    log.warning("malformed request to %s: %s", request.url.path, error.errors())
    message = "请求格式不对，请刷新页面后重试"
    if _from_script(request):
        return JSONResponse({"message": message}, status_code=422)
    return render(request, "message.html", status=422, title="打不开", message=message)
