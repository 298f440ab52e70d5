"""The register of opinions as people work with it: brought up to date, looked at, and written in.

What can be done with an opinion is for `campaign.opinions` to say; here it is done, in one transaction
that sees the opinions as they are, and noted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from campaign.config import Campaign
from campaign.facts import Facts
from campaign.gleaning import glean
from campaign.handlers import Handlers
from campaign.lists import Lister
from campaign.opinions import NewEvent, Opinion, OpinionError, assign, current, repeated
from campaign.similar import LEAST, Alike, similar
from campaign.weeks import add_working_days
from store import Store, Subject, audit
from store import opinions as kept

Change = Callable[[list[Opinion], Lister], Iterable[NewEvent]]
"""What to write, from the opinions as they are."""


def load(store: Store, campaign: Campaign, who: str, unmasked: bool = False) -> tuple[list[Opinion], Lister]:
    """The opinions as they stand, brought up to date, and how to say them."""
    glean(store, campaign, who)
    with store.read() as db:
        lister = Lister(Facts.of(db, campaign), unmasked)
        return current(kept.load(db)), lister


def write(store: Store, campaign: Campaign, who: str, action: str, change: Change) -> int:
    """Write a change in, and note it under `action`. Returns how many opinions it touched.

    Raises OpinionError, and then nothing is written.
    """
    with store.write() as db:
        found = current(kept.load(db))
        numbers = {one.id: one.number for one in found}
        new = list(change(found, Lister(Facts.of(db, campaign))))
        audit.note(db, who, action, {"numbers": [numbers[event[0]] for event in new]})
        return kept.add_events(db, new, who)


def hand_over(
    opinion: Opinion,
    facts: Facts,
    campaign: Campaign,
    on: date,
    *,
    unit: str = "",
    co_handlers: Sequence[str] = (),
    due: date | None = None,
) -> NewEvent:
    """Give an opinion to a unit; without one, to whom its category and level say. Raises OpinionError."""
    if unit:
        row = facts.row(Subject("unit", unit))
        if row is None:
            raise OpinionError(f"名册中没有单位 {unit}")
        usual = add_working_days(on, campaign.handling.lead_days, campaign.handling)
        code, name, others = unit, str(row["name"]), co_handlers
    else:
        proposal = Handlers(facts, campaign).propose(opinion, on)
        if proposal is None:
            raise OpinionError(f"{opinion.number}没有写明去向，请指定承办单位")
        usual, others = proposal.due, co_handlers or proposal.co_handlers
        code, name = proposal.lead.code or "", proposal.lead.name
    if due is not None and due < on:
        raise OpinionError(f"时限 {due} 早于交办日期 {on}")
    return assign(opinion, code, name, others, on, due or usual)


def repeats(opinions: Sequence[Opinion], lister: Lister) -> list[list[Opinion]]:
    """Open ones that say the same about the same village; the first of each group may lead."""
    return repeated(opinions, _villages(opinions, lister))


def similar_ones(opinions: Sequence[Opinion], lister: Lister, least: float = LEAST) -> list[Alike]:
    """Open ones that may say the same about the same village in other words, the most alike first."""
    return similar(opinions, _villages(opinions, lister), least)


def _villages(opinions: Sequence[Opinion], lister: Lister) -> dict[int, str]:
    return {one.id: (lister.facts.village(one.subject) or "") if one.subject else "" for one in opinions}
