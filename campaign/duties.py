"""Who visits whom, in the database: completed from the roster, and held against the plan."""

from __future__ import annotations

from campaign.assign import propose
from campaign.breaches import Breach, check
from campaign.config import Campaign
from campaign.roster import Roster
from store import Duty, Store, audit, roster


def complete(store: Store, campaign: Campaign, who: str) -> list[Duty]:
    """Keep what is arranged, arrange the rest by the plan, and write it down. Returns all duties."""
    with store.write() as db:
        people = Roster.of(db)
        duties = propose(people, roster.load_duties(db, campaign.round), campaign.quotas)
        changes = roster.set_duties(db, campaign.round, duties)
        audit.note(db, who, "assign", vars(changes))
    return duties


def examine(store: Store, campaign: Campaign) -> tuple[list[Duty], list[Breach]]:
    """What is arranged, and every rule that it does not keep (不重不漏, quotas)."""
    with store.read() as db:
        people, duties = Roster.of(db), roster.load_duties(db, campaign.round)
    return duties, check(people, duties, campaign.quotas)
