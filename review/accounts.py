"""Signing in: argon2 passwords, sessions in the database, and proof that a change was meant.

A changing request must come from our own pages (`Origin`) and repeat the session's CSRF token, in the
header `X-CSRF-Token` or the form field `csrf`.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request
from pwdlib import PasswordHash
from sqlalchemy import Connection
from starlette.responses import Response

from forms.errors import ClerkError
from review import access
from review.access import Area
from review.office import Office
from store import Store, accounts, audit, roster
from store.accounts import SEEN_EVERY, Session, User
from store.schema import now

IDLE = timedelta(hours=2)
"""A session that nobody used for this long has ended: an unattended screen in an office."""
LEAST_PASSWORD = 8
COOKIE = "zoufang"
_TRIES, _PAUSE = 5, 60.0
"""After so many wrong passwords in a row a name must wait, in seconds."""
_HASH = PasswordHash.recommended()


class NotSignedInError(Exception):
    """No session, or one that has ended."""


class AccountError(ClerkError, ValueError):
    """The message is for the person at the keyboard."""


@dataclass(frozen=True)
class Signed:
    """Who sends a request."""

    session: Session

    @property
    def user(self) -> User:
        return self.session.user

    @property
    def name(self) -> str:
        return self.session.user.name

    @property
    def areas(self) -> tuple[Area, ...]:
        return access.areas(self.user)


# --- accounts ------------------------------------------------------------------------------------


def save_account(
    store: Store, by: str, name: str, role: str, password: str, *, anonymous: bool = False, scope: str = ""
) -> bool:
    """Make an account or change one; returns whether it is new. `scope`: the unit or cadre whose account
    it is. Raises AccountError."""
    name, scope = name.strip(), scope.strip()
    if not 1 <= len(name) <= 40 or any(not c.isprintable() for c in name):
        raise AccountError("用户名应为 1 至 40 个字符")
    if len(password) < LEAST_PASSWORD:
        raise AccountError(f"密码至少 {LEAST_PASSWORD} 个字符")
    hashed = _HASH.hash(password)
    with store.write() as db:
        _check_scope(db, role, scope)
        new = accounts.put_user(db, name, access.Role(role), hashed, anonymous=anonymous, scope=scope)
        detail = {"name": name, "role": role, "anonymous": anonymous, "scope": scope}
        audit.note(db, by, "account.add" if new else "account.change", detail)
    return new


def _check_scope(db: Connection, role: str, scope: str) -> None:
    """Raises AccountError."""
    if role not in access.SCOPED:
        if scope:
            raise AccountError("只有单位账号和干部账号要填编码")
        return
    table, what = ("units", "单位编码") if role == access.Role.UNIT else ("cadres", "工号")
    if not scope:
        raise AccountError(f"{access.ROLE_NAMES[access.Role(role)]}账号要填{what}")
    if scope not in roster.codes(db)[table]:
        raise AccountError(f"名册中没有{what} {scope}")


def close_account(store: Store, by: str, name: str) -> None:
    """The account may not sign in any more. Raises AccountError when there is none of that name."""
    with store.write() as db:
        if accounts.find_user(db, name) is None:
            raise AccountError(f"没有账号 {name}")
        accounts.disable_user(db, name)
        audit.note(db, by, "account.close", {"name": name})


class Doorkeeper:
    """Checks passwords, slowly for who guesses."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._wrong: dict[str, int] = defaultdict(int)
        self._until: dict[str, float] = {}
        self._lock = Lock()

    def sign_in(self, name: str, password: str) -> tuple[str, Session]:
        """(what the browser keeps, the session). Raises AccountError."""
        user = self.check(name, password)
        token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        with self._store.write() as db:
            accounts.start_session(db, _digest(token), name, csrf)
            audit.note(db, name, "sign_in")
        return token, Session(_digest(token), user, csrf, now())

    def check(self, name: str, password: str) -> User:
        """Whose name and password these are. Raises AccountError."""
        self._check_pause(name)
        with self._store.read() as db:
            user = accounts.find_user(db, name)
        # Unknown names take as long as known ones.
        known = user.password if user and not user.disabled_at else _unknown_hash()
        if not _HASH.verify(password, known) or user is None or user.disabled_at:
            self._note_failure(name)
            raise AccountError("用户名或密码不对")
        self._wrong.pop(name, None)
        return user

    def _check_pause(self, name: str) -> None:
        if self._until.get(name, 0.0) > time.monotonic():
            raise AccountError("密码错误次数过多，请一分钟后再试")

    def _note_failure(self, name: str) -> None:
        with self._lock:
            self._wrong[name] += 1
            if self._wrong[name] >= _TRIES:
                self._until[name] = time.monotonic() + _PAUSE
                self._wrong[name] = 0
        with self._store.write() as db:
            audit.note(db, name[:40], "sign_in.refused")


_UNKNOWN: list[str] = []


def _unknown_hash() -> str:
    if not _UNKNOWN:
        _UNKNOWN.append(_HASH.hash(secrets.token_hex()))
    return _UNKNOWN[0]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def cookie_name(request: Request) -> str:
    """Over TLS browsers hold a `__Host-` cookie to this host and to TLS."""
    return f"__Host-{COOKIE}" if request.url.scheme == "https" else COOKIE


def set_cookie(request: Request, response: Response, token: str) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(
        cookie_name(request), token, httponly=True, secure=secure, samesite="strict", path="/"
    )


# --- requests ------------------------------------------------------------------------------------


def office_of(request: Request) -> Office:
    office: Office = request.app.state.office
    return office


def find_session(request: Request) -> Session | None:
    token = request.cookies.get(cookie_name(request))
    if not token:
        return None
    store = office_of(request).store
    with store.read() as db:
        session = accounts.find_session(db, _digest(token), IDLE)
    if session and now() - session.seen_at > SEEN_EVERY:
        with store.write() as db:
            accounts.keep_session(db, session.token)
    return session


def signed_in(request: Request) -> Signed:
    """Raises NotSignedInError, which becomes the sign-in page, or 401 for scripts."""
    session = find_session(request)
    if session is None:
        raise NotSignedInError
    return Signed(session)


def check_origin(request: Request) -> None:
    """Raises HTTPException when a changing request does not come from our own pages."""
    origin = request.headers.get("origin") or request.headers.get("referer") or ""
    if urlsplit(origin).netloc != request.headers.get("host"):
        raise HTTPException(403, "请求不是从本页面发出的")


async def protect(request: Request, who: Annotated[Signed, Depends(signed_in)]) -> Signed:
    """For every route behind the door: signed in, and changes are meant."""
    if request.method in ("GET", "HEAD"):
        return who
    check_origin(request)
    sent = request.headers.get("x-csrf-token")
    if sent is None and request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        sent = str((await request.form()).get("csrf", ""))
    if not sent or not hmac.compare_digest(sent.encode(), who.session.csrf.encode()):
        raise HTTPException(403, "页面已过期，请刷新后重试")
    return who


InOffice = Annotated[Office, Depends(office_of)]
SignedIn = Annotated[Signed, Depends(signed_in)]


def supervisor(who: SignedIn) -> Signed:
    if not access.supervises(who.user):
        raise HTTPException(403, "只有主管可以打开这一页")
    return who


def clerk(who: SignedIn) -> Signed:
    if not access.sees_scans(who.user):
        raise HTTPException(403, "这一页供活动办的录入员和主管使用")
    return who


def director(who: SignedIn) -> Signed:
    if not access.directs(who.user):
        raise HTTPException(403, "只有主管和管理员可以打开这一页")
    return who


def answerer(who: SignedIn) -> Signed:
    if not access.answers_opinions(who.user):
        raise HTTPException(403, "问题与建议由主管、管理员和承办单位办理")
    return who


def administrator(who: SignedIn) -> Signed:
    if not access.administers(who.user):
        raise HTTPException(403, "只有管理员可以打开这一页")
    return who


Supervisor = Annotated[Signed, Depends(supervisor)]
Clerk = Annotated[Signed, Depends(clerk)]
Director = Annotated[Signed, Depends(director)]
Answerer = Annotated[Signed, Depends(answerer)]
Administrator = Annotated[Signed, Depends(administrator)]
