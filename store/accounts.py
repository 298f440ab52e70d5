"""Who may use the review page, and who is signed in. Holds hashes only: never a password or a token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from store.schema import UtcTime, metadata, now

users = Table(
    "users",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("role", String(20), nullable=False),  # review.access.Role
    Column("anonymous", Boolean, nullable=False),  # may see the images of anonymous forms
    Column("password", Text, nullable=False),  # argon2 hash
    Column("created_at", UtcTime, nullable=False),
    Column("disabled_at", UtcTime),
)
user_scopes = Table(  # accounts of a unit or a cadre; those of the office have none
    "user_scopes",
    metadata,
    Column("user", ForeignKey("users.name"), primary_key=True),
    Column("code", String(40), nullable=False),  # the unit's or the cadre's
)
sessions = Table(
    "sessions",
    metadata,
    Column("token", String(64), primary_key=True),  # SHA-256 of what the browser holds
    Column("user", ForeignKey("users.name"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Index("ix_sessions_user", "user"),
)

INSPECTION = "inspection"
"""The role of the inspection group, which alone may know what firms wrote about the town's offices."""
SEEN_EVERY = timedelta(minutes=1)
"""`seen_at` is written at most this often: a sign of life need not cost a write per request."""


@dataclass(frozen=True)
class User:
    """`scope`: the code of the unit or cadre whose account it is, "" for those of the office."""

    name: str
    role: str
    anonymous: bool
    password: str
    created_at: datetime
    disabled_at: datetime | None
    scope: str = ""


@dataclass(frozen=True)
class Session:
    """A signed-in browser. `csrf` is what its changing requests must repeat."""

    token: str
    user: User
    csrf: str
    seen_at: datetime


def put_user(
    db: Connection, name: str, role: str, password: str, *, anonymous: bool = False, scope: str = ""
) -> bool:
    """Make an account, or change role and password of an existing one, which signs it out everywhere.

    `password` is a hash. Returns whether the account is new.
    """
    values = {"role": role, "password": password, "anonymous": anonymous, "disabled_at": None}
    new = find_user(db, name) is None
    if new:
        db.execute(insert(users).values(name=name, created_at=now(), **values))
    else:
        db.execute(update(users).where(users.c.name == name).values(values))
        db.execute(delete(user_scopes).where(user_scopes.c.user == name))
        end_sessions(db, name)
    if scope:
        db.execute(insert(user_scopes).values(user=name, code=scope))
    return new


def disable_user(db: Connection, name: str) -> None:
    """The account may not sign in any more. Its name stays: the audit trail refers to it."""
    db.execute(update(users).where(users.c.name == name).values(disabled_at=now()))
    end_sessions(db, name)


def find_user(db: Connection, name: str) -> User | None:
    row = db.execute(_USERS.where(users.c.name == name)).first()
    return User(**row._mapping) if row else None


def all_users(db: Connection) -> list[User]:
    return [User(**row._mapping) for row in db.execute(_USERS.order_by(users.c.name))]


_SCOPE = func.coalesce(user_scopes.c.code, "").label("scope")
_USERS = select(*users.c, _SCOPE).outerjoin(user_scopes, user_scopes.c.user == users.c.name)


def start_session(db: Connection, token: str, user: str, csrf: str) -> None:
    at = now()
    db.execute(insert(sessions).values(token=token, user=user, csrf=csrf, started_at=at, seen_at=at))


def find_session(db: Connection, token: str, idle: timedelta) -> Session | None:
    """The session, unless it ended, was idle for longer than `idle`, or its account is disabled."""
    query = (
        select(sessions, users, _SCOPE)
        .join(users, users.c.name == sessions.c.user)
        .outerjoin(user_scopes, user_scopes.c.user == users.c.name)
        .where(
            sessions.c.token == token,
            sessions.c.ended_at.is_(None),
            sessions.c.seen_at > now() - idle,
            users.c.disabled_at.is_(None),
        )
    )
    row = db.execute(query).mappings().first()
    if row is None:
        return None
    user = User(**{column.name: row[column] for column in users.c}, scope=row["scope"])
    return Session(row[sessions.c.token], user, row[sessions.c.csrf], row[sessions.c.seen_at])


def keep_session(db: Connection, token: str) -> None:
    """Note that the session is in use."""
    db.execute(update(sessions).where(sessions.c.token == token).values(seen_at=now()))


def end_session(db: Connection, token: str) -> None:
    _end(db, sessions.c.token == token)


def end_sessions(db: Connection, user: str) -> None:
    _end(db, sessions.c.user == user)


def _end(db: Connection, which: Any) -> None:
    db.execute(update(sessions).where(which, sessions.c.ended_at.is_(None)).values(ended_at=now()))
