"""Turning a page away, and taking that back. What was seen on a page stays; a new look replaces it."""

from __future__ import annotations

from sqlalchemy import Connection

from campaign.arrivals import REJECTED, seen_before, set_aside
from store import PageInfo, SavedPage, audit, scanned


def reject(db: Connection, page: PageInfo, who: str, reason: str) -> None:
    """The page no longer counts: its sheet is missing until it is scanned again."""
    saved = set_aside(db, page, REJECTED)
    detail = {"page": page.id, "look": saved.id, "serial": page.serial, "reason": reason}
    audit.note(db, who, "page.reject", detail)


def restore(db: Connection, page: PageInfo, who: str) -> SavedPage:
    """A page that was turned away counts again, as it was seen before, and so do its problems.

    Raises LookupError when it was never seen as anything else.
    """
    look = seen_before(db, page)
    saved = scanned.save_page(db, page.batch, page.scan, page.number, look, page.part)
    audit.note(db, who, "page.restore", {"page": page.id, "look": saved.id, "serial": page.serial})
    return saved
