"""Signing in and out. The only routes that need no session."""

from __future__ import annotations

import asyncio
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Request
from pydantic import BaseModel
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from review.accounts import (
    AccountError,
    Doorkeeper,
    InOffice,
    Signed,
    check_origin,
    cookie_name,
    protect,
    set_cookie,
)
from review.showing import render
from store import accounts, audit

router = APIRouter()


def _inside(target: str) -> str:
    """`target` if it is a path of ours, else the first page: no redirects to elsewhere."""
    parts = urlsplit(target)
    safe = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.netloc
    return target if safe else "/"


@router.get("/login")
def login_page(request: Request, office: InOffice, next: str = "/") -> HTMLResponse:
    with office.store.read() as db:
        first = not accounts.all_users(db)
    return render(request, "login.html", title="登录", next=_inside(next), first=first, name="", message="")


@router.post("/login")
async def login(
    request: Request,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    check_origin(request)
    keeper: Doorkeeper = request.app.state.doorkeeper
    try:
        token, _ = await asyncio.to_thread(keeper.sign_in, name.strip(), password)
    except AccountError as error:
        context = {
            "title": "登录",
            "next": _inside(next),
            "first": False,
            "name": name,
            "message": str(error),
        }
        return render(request, "login.html", status=403, **context)
    response = RedirectResponse(_inside(next), status_code=303)
    set_cookie(request, response, token)
    return response


class Credentials(BaseModel):
    name: str
    password: str


@router.post("/login/again")
async def login_again(request: Request, given: Credentials) -> Response:
    """For a page whose session was lost: it keeps what was typed and goes on with the new token."""
    check_origin(request)
    keeper: Doorkeeper = request.app.state.doorkeeper
    try:
        token, session = await asyncio.to_thread(keeper.sign_in, given.name.strip(), given.password)
    except AccountError as error:
        return JSONResponse({"message": str(error)}, status_code=403)
    response = JSONResponse({"csrf": session.csrf, "name": session.user.name})
    set_cookie(request, response, token)
    return response


@router.post("/logout")
def logout(request: Request, office: InOffice, who: Annotated[Signed, Depends(protect)]) -> Response:
    with office.store.write() as db:
        accounts.end_session(db, who.session.token)
        audit.note(db, who.name, "sign_out")
    response = RedirectResponse("/login", status_code=303)
    response.delete_cookie(cookie_name(request), path="/")
    return response
