"""Declares forms void (作废): spoiled, misprinted, lost, or replaced by another. Whatever of them came back
or comes back is kept and counts for nothing; printing again hands out new ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from campaign.arrivals import VOIDED, keep_page, seen_before, set_aside
from campaign.config import Acceptance
from forms.errors import ClerkError
from layouts.identity import readable
from store import PageInfo, SheetInfo, audit, printed, scanned


class VoidError(ClerkError):
    """The form cannot be declared void, or is not; the message is for the clerk."""


@dataclass(frozen=True)
class Voided:
    """What was done: the form's sheets, by page, and how many pages that had come back it concerns."""

    form: str
    serials: tuple[str, ...]
    pages: int


def void(db: Connection, serial: str, who: str, reason: str) -> Voided:
    """Declare the form void that a sheet belongs to, with all its sides. Raises VoidError."""
    sheet = _sheet(db, serial)
    if sheet.anonymous:
        raise VoidError("匿名表与任何人无关，不能按编号作废；没有用的匿名表请直接销毁")
    if sheet.void:
        raise VoidError(f"编号 {readable(serial)} 的表已经作废，不必再次作废")
    printed.declare_void(db, sheet.instance, who, reason)
    serials, pages = _of(db, sheet, (scanned.READ, scanned.DUPLICATE))
    for page in pages:
        set_aside(db, page, scanned.VOID)
    audit.note(db, who, "sheet.void", {"serials": serials, "reason": reason, "pages": len(pages)})
    return Voided(sheet.form, serials, len(pages))


def revive(db: Connection, serial: str, who: str, acceptance: Acceptance) -> Voided:
    """Take that back: the form counts again, with what came back of it. Raises VoidError."""
    sheet = _sheet(db, serial)
    if not sheet.void:
        raise VoidError(f"编号 {readable(serial)} 的表没有作废")
    printed.declare_void(db, sheet.instance, who, "", void=False)
    serials, pages = _of(db, sheet, (scanned.VOID,))
    for page in pages:
        look = seen_before(db, page)
        keep_page(db, page.batch, page.scan, page.number, look, acceptance, page.part)
        _settle(db, page, who)
    audit.note(db, who, "sheet.revive", {"serials": serials, "pages": len(pages)})
    return Voided(sheet.form, serials, len(pages))


def _sheet(db: Connection, serial: str) -> SheetInfo:
    sheet = printed.sheet(db, serial)
    if sheet is None:
        raise VoidError(f"没有印制过编号 {readable(serial)} 的表")
    return sheet


def _of(db: Connection, sheet: SheetInfo, states: tuple[str, ...]) -> tuple[tuple[str, ...], list[PageInfo]]:
    """The sides of the sheet's form, and what came back of them in these states, oldest first."""
    serials = tuple(side.serial for side in printed.sheets_of(db, sheet.instance))
    pages = [page for serial in serials for page in scanned.pages(db, serial=serial, states=states)]
    return serials, sorted(pages, key=lambda page: page.id)


def _settle(db: Connection, page: PageInfo, who: str) -> None:
    for problem in scanned.load_problems(db, serial=page.serial, settled=False):
        if problem.kind == VOIDED and problem.page_image == page.id:
            scanned.settle_problem(db, problem.id, who, "撤销作废")
