"""Who deals with an opinion, and by when.

What a village can do is its committee's; what the town can do is the office's for that kind of thing;
what goes up or further is the activity office's. The town may name its own offices (`[campaign.handling]`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from campaign.config import Campaign, Handling
from campaign.facts import Facts
from campaign.opinions import Level, Opinion, Route, State
from campaign.town import VILLAGE_UNIT
from campaign.weeks import add_working_days
from store import Subject

USUAL: Mapping[str, tuple[str, ...]] = {
    "employment": ("人社", "就业"),
    "education": ("教育", "社会事业", "文教"),
    "medical": ("卫生", "卫计", "社会事业"),
    "pension": ("民政", "人社"),
    "housing": ("建设", "拆迁", "国土"),
    "roads": ("建设", "交通", "城管"),
    "environment": ("环保", "建设"),
    "irrigation": ("农业", "水利"),
    "disputes": ("综治", "司法", "派出所"),
    "village_affairs": ("纪委", "组织", "农经"),
    "enterprise": ("经发", "经济"),
    "other": ("党政办",),
    "auto_parts": ("经发", "经济"),
    "development": ("党政办", "经发"),
    "party_building": ("组织", "党政办"),
    "industry": ("经发", "经济"),
    "town_building": ("建设", "规划"),
    "culture_tourism": ("文化", "旅游", "宣"),
}
"""Category → parts of the names of the offices that usually deal with it, the lead first."""
_CO_HANDLERS = 1  # 协办 beside the lead


@dataclass(frozen=True)
class Handler:
    """A unit that is to deal with something; `code` is None for the activity office if it is no unit."""

    code: str | None
    name: str


@dataclass(frozen=True)
class Proposal:
    """Who should deal with an opinion and by when."""

    lead: Handler
    co_handlers: tuple[str, ...]
    due: date


def objection_due(assigned_on: date, rules: Handling) -> date:
    """By when a unit has to say that it is not the one (非本单位职责)."""
    return add_working_days(assigned_on, rules.objection_days, rules)


def co_due(assigned_on: date, rules: Handling) -> date:
    """By when who helps (协办) tells the lead."""
    return add_working_days(assigned_on, rules.co_days, rules)


def objected_late(opinion: Opinion, rules: Handling) -> bool:
    """Given back as not theirs, after the time for saying so."""
    said_on = opinion.resolved_on or opinion.received_on
    if opinion.state is not State.RETURNED or said_on is None or opinion.assigned_on is None:
        return False
    return said_on > objection_due(opinion.assigned_on, rules)


class Handlers:
    """The town's units as those who deal with opinions."""

    def __init__(self, facts: Facts, campaign: Campaign) -> None:
        self._facts, self._rules = facts, campaign.handling

    def propose(self, opinion: Opinion, on: date) -> Proposal | None:
        """None when the form does not say where it should go: that is for the joint review (会商会办)."""
        if opinion.route in (Route.ESCALATE, Route.TRANSFER):
            due = add_working_days(on, self._rules.escalate_days, self._rules)
            return Proposal(self._office, (), due)
        if opinion.route is not Route.LOCAL:
            return None
        found = list(self._leads(opinion))
        lead, *others = found or [self._office]
        names = tuple(handler.name for handler in others[:_CO_HANDLERS])
        return Proposal(lead, names, add_working_days(on, self._rules.lead_days, self._rules))

    def _leads(self, opinion: Opinion) -> Iterator[Handler]:
        """The lead, then who helps."""
        village = self._committee(opinion.subject) if opinion.level is Level.VILLAGE else None
        if village:
            yield village
            return
        words = self._rules.units.get(opinion.category or "", USUAL.get(opinion.category or "", ()))
        seen: set[str] = set()
        for word in words:
            for unit in self._offices:
                if (word == unit["code"] or word in unit["name"]) and unit["code"] not in seen:
                    seen.add(unit["code"])
                    yield Handler(unit["code"], unit["name"])

    def _committee(self, subject: Subject | None) -> Handler | None:
        """The unit that is the village's own committee."""
        code = self._facts.village(subject) if subject else None
        village = self._facts.row(Subject("village", code)) if code else None
        if village is None:
            return None
        for unit in self._villages:
            if unit["code"] == code or str(unit["name"]).startswith(_stem(str(village["name"]))):
                return Handler(unit["code"], unit["name"])
        return None

    @cached_property
    def _units(self) -> Sequence[Mapping[str, Any]]:
        return [row for row in self._facts.tables["units"].values() if row.get("removed") is None]

    @property
    def _offices(self) -> Iterator[Mapping[str, Any]]:
        return (unit for unit in self._units if unit["type"] != VILLAGE_UNIT)

    @property
    def _villages(self) -> Iterator[Mapping[str, Any]]:
        return (unit for unit in self._units if unit["type"] == VILLAGE_UNIT)

    @cached_property
    def _office(self) -> Handler:
        name = self._rules.activity_office
        code = next((unit["code"] for unit in self._units if name in (unit["code"], unit["name"])), None)
        return Handler(code, str(self._facts.tables["units"][code]["name"]) if code else name)


def _stem(name: str) -> str:
    """滆东 of 滆东村: what the committee's name begins with."""
    return name.removesuffix("村").removesuffix("社区") or name
