"""Which part of the town a page shows, and to whom; and long lists by the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from campaign.coverage import Overview, Part
from review import access
from review.access import Role
from review.accounts import Signed
from store import Subject

PER_PAGE = 100


def part_of(who: Signed, village: str = "", unit: str = "", cadre: str = "") -> Part:
    """What was asked for, as far as it is theirs: an account of a unit or a cadre sees only its own."""
    if who.user.role == Role.UNIT:
        unit = who.user.scope
    if who.user.role == Role.CADRE:
        unit, cadre = "", who.user.scope
    return Part(village, unit, cadre)


def part_words(overview: Overview) -> str:
    """塘口村，经发局; 全镇 for the whole."""
    part = overview.part
    asked = (("village", part.village), ("unit", part.unit), ("cadre", part.cadre))
    return "，".join(overview.facts.name(Subject(kind, code)) for kind, code in asked if code) or "全镇"


def named(who: Signed, names: bool) -> bool:
    """Whether people are shown by name: asked for by somebody who may."""
    return names and access.asks_for_names(who.user)


@dataclass(frozen=True)
class Pager:
    """A page of a long list. `number` counts from 1."""

    items: Sequence[Any]
    number: int
    pages: int
    count: int
    base: str

    @staticmethod
    def of(request: Request, items: Sequence[Any], number: int, size: int = PER_PAGE) -> Pager:
        pages = max(1, -(-len(items) // size))
        number = min(max(number, 1), pages)
        asked = [(key, value) for key, value in request.query_params.multi_items() if key != "page"]
        shown = items[(number - 1) * size : number * size]
        return Pager(shown, number, pages, len(items), f"{request.url.path}?{urlencode(asked)}")

    def link(self, number: int) -> str:
        return f"{self.base}{'' if self.base.endswith('?') else '&'}page={number}"
