"""Accounts, and the record of what everybody did."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from review.access import ROLE_NAMES, Role
from review.accounts import AccountError, Administrator, InOffice, close_account, save_account
from review.doings import ACTIONS, detail_words
from review.items import field_name
from review.showing import render
from store import accounts, audit

router = APIRouter()

ENTRIES = 500


@router.get("/accounts")
def accounts_page(request: Request, office: InOffice, who: Administrator, message: str = "") -> HTMLResponse:
    with office.store.read() as db:
        users = accounts.all_users(db)
    return render(request, "accounts.html", title="账号", users=users, roles=ROLE_NAMES, message=message)


@router.post("/accounts")
def save(
    request: Request,
    office: InOffice,
    who: Administrator,
    name: Annotated[str, Form()],
    password: Annotated[str, Form()],
    role: Annotated[Role, Form()],
    anonymous: Annotated[bool, Form()] = False,
    scope: Annotated[str, Form()] = "",
) -> Response:
    try:
        save_account(office.store, who.name, name, role, password, anonymous=anonymous, scope=scope)
    except AccountError as error:
        return accounts_page(request, office, who, str(error))
    return RedirectResponse("/accounts", status_code=303)


@router.post("/accounts/{name}/close")
def close(name: str, request: Request, office: InOffice, who: Administrator) -> Response:
    try:
        if name == who.name:
            raise AccountError("不能停用自己的账号")
        close_account(office.store, who.name, name)
    except AccountError as error:
        return accounts_page(request, office, who, str(error))
    return RedirectResponse("/accounts", status_code=303)


@router.get("/audit")
def audit_page(
    request: Request,
    office: InOffice,
    who: Administrator,
    action: str = "",
    person: str = "",
    sheet: str = "",
) -> HTMLResponse:
    """The latest entries: by action, by person, or about a sheet."""
    with office.store.read() as db:
        found = audit.search(db, action=action, who=person, about=sheet.replace("-", ""), limit=ENTRIES)
        entries = [(entry, detail_words(entry.detail, partial(field_name, office, db))) for entry in found]
    asked = {"action": action, "person": person, "sheet": sheet}
    return render(
        request,
        "audit.html",
        title="操作记录",
        entries=entries,
        asked=asked,
        actions=ACTIONS,
    )
