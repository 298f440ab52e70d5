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


ROLE_NAMES = {
    Role.KEYER: "录入员",
    Role.SUPERVISOR: "主管",
    Role.ADMINISTRATOR: "管理员",
    Role.INSPECTION: "督查组",
}


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
    own = (Area.INSPECTION,) if user.role == Role.INSPECTION else (Area.OPEN,)
    return (*own, Area.ANONYMOUS) if user.anonymous else own


def supervises(user: User) -> bool:
    """May decide what others referred or disagree about. The inspection group is its own supervisor."""
    return user.role != Role.KEYER


def administers(user: User) -> bool:
    return user.role == Role.ADMINISTRATOR


def handles_pages(user: User) -> bool:
    """May deal with pages on which no sheet was found: nobody knows yet what they show."""
    return user.role in (Role.SUPERVISOR, Role.ADMINISTRATOR)
