"""Who may see and do what."""

from __future__ import annotations

from enum import StrEnum

from layouts.model import Layout
from store.accounts import INSPECTION, User


class Role(StrEnum):
    KEYER = "keyer"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    INSPECTION = INSPECTION
    UNIT = "unit"
    CADRE = "cadre"


ROLE_NAMES = {
    Role.KEYER: "录入员",
    Role.SUPERVISOR: "主管",
    Role.ADMINISTRATOR: "管理员",
    Role.INSPECTION: "督查组",
    Role.UNIT: "单位",
    Role.CADRE: "干部",
}
SCOPED = (Role.UNIT, Role.CADRE)
"""Roles outside the office: they see what is theirs of the campaign's figures, and no scans."""


class Area(StrEnum):
    """What a page may show to whom."""

    OPEN = "open"
    INSPECTION = "inspection"  # 2-2's second side: what an enterprise wrote about the town's offices
    ANONYMOUS = "anonymous"  # handwriting can give away who filled in an anonymous form


def area_of(layout: Layout, page: int) -> Area:
    if page in layout.sealed_pages:
        return Area.INSPECTION
    if layout.form.anonymous or page in layout.anonymous_pages:
        return Area.ANONYMOUS
    return Area.OPEN


def areas(user: User) -> tuple[Area, ...]:
    """The inspection group sees only its own; no other role sees that."""
    if user.role in SCOPED:
        return ()
    own = (Area.INSPECTION,) if user.role == Role.INSPECTION else (Area.OPEN,)
    return (*own, Area.ANONYMOUS) if user.anonymous else own


def sees_scans(user: User) -> bool:
    """May look at scans and say what they read."""
    return user.role not in SCOPED


def supervises(user: User) -> bool:
    """May decide what others referred or disagree about. The inspection group is its own supervisor."""
    return user.role in (Role.SUPERVISOR, Role.ADMINISTRATOR, Role.INSPECTION)


def administers(user: User) -> bool:
    return user.role == Role.ADMINISTRATOR


def inspects(user: User) -> bool:
    return user.role == Role.INSPECTION


def directs(user: User) -> bool:
    """Works for the activity office (活动办): deals with pages on which no sheet was found, hands opinions
    over, prints, scans, reports, and may ask for people's names."""
    return user.role in (Role.SUPERVISOR, Role.ADMINISTRATOR)


def answers_opinions(user: User) -> bool:
    """May see opinions: the office all, a unit those handed to it."""
    return directs(user) or user.role == Role.UNIT


def asks_for_names(user: User) -> bool:
    """May see whom a line of a list is about by name, having asked: the office, and whose own it is."""
    return directs(user) or user.role in SCOPED


def reports(user: User) -> bool:
    """May have reports made: the office's, or the inspection group's own."""
    return directs(user) or inspects(user)
