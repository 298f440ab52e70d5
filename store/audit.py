"""What people did, for the record of work (工作纪实): who, when, what. Never says what an answer was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Text, cast, insert, select

from store.model import AuditEntry
from store.schema import audit, now


def note(db: Connection, who: str, action: str, detail: Mapping[str, Any] | None = None) -> None:
    """Write an entry. `action` is a short stable English name, e.g. `roster.load`."""
    db.execute(insert(audit).values(at=now(), who=who, action=action, detail=dict(detail or {})))


def entries(db: Connection, action: str | None = None, limit: int = 1000) -> list[AuditEntry]:
    """The latest entries, newest first."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if action is not None:
        query = query.where(audit.c.action == action)
    return [AuditEntry(row.at, row.who, row.action, row.detail) for row in db.execute(query)]


def search(
    db: Connection, *, action: str = "", who: str = "", about: str = "", limit: int = 1000
) -> list[AuditEntry]:
    """The latest entries whose action begins so, by this person, in whose detail these characters occur."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if action:
        query = query.where(audit.c.action.startswith(action, autoescape=True))
    if who:
        query = query.where(audit.c.who == who)
    if about:
        query = query.where(cast(audit.c.detail, Text).contains(about, autoescape=True))
    return [AuditEntry(row.at, row.who, row.action, row.detail) for row in db.execute(query)]
