"""Who visits whom, in the database: completed from the roster, and held against the plan."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from campaign import register
from campaign.assign import propose
from campaign.breaches import Breach, check, is_revisit
from campaign.config import Campaign
from campaign.revisits import as_before, duties_again, wanted_again
from campaign.roster import Roster
from forms.errors import ClerkError
from store import Duty, Store, Subject, audit, roster


class RoundError(ClerkError):
    """There is nothing to go back to; the message says what to do."""


def complete(store: Store, campaign: Campaign, who: str) -> list[Duty]:
    """Keep what is arranged, arrange the rest by the plan, and write it down. Returns all duties.

    A later round begins with the cadres of the one before; a revisit round stays one.
    """
    with store.write() as db:
        existing = roster.load_duties(db, campaign.round)
        if is_revisit(existing):
            return _write_again(db, campaign, (), who)
        before = roster.load_duties(db, campaign.round - 1)
        duties = propose(Roster.of(db), [*existing, *as_before(before)], campaign.quotas)
        return _write(db, campaign, duties, who)


def go_back(store: Store, campaign: Campaign, who: str) -> list[Duty]:
    """Arrange a revisit round (回访): whoever the round before leaves to be visited again, and whom this
    round has already. Returns all duties. Raises RoundError."""
    if campaign.round == 1:
        raise RoundError("现在是第 1 轮。回访前请先在 zoufang.toml 中把 round 改为 2，并写明回访的起止日期")
    last = campaign.model_copy(update={"round": campaign.round - 1})
    opinions, _ = register.load(store, last, who)
    with store.write() as db:
        wanted = [one.subject for one in wanted_again(db, last, opinions)]
        if not wanted:
            raise RoundError(f"第 {last.round} 轮之后没有需要回访的对象")
        return _write_again(db, campaign, wanted, who)


def _write_again(db: Connection, campaign: Campaign, wanted: Iterable[Subject], who: str) -> list[Duty]:
    before, existing = (roster.load_duties(db, n) for n in (campaign.round - 1, campaign.round))
    return _write(db, campaign, duties_again(Roster.of(db), wanted, before, existing, campaign.quotas), who)


def _write(db: Connection, campaign: Campaign, duties: list[Duty], who: str) -> list[Duty]:
    changes = roster.set_duties(db, campaign.round, duties)
    audit.note(db, who, "assign", {"round": campaign.round, **vars(changes)})
    return duties


def examine(store: Store, campaign: Campaign) -> tuple[list[Duty], list[Breach]]:
    """What is arranged, and every rule that it does not keep (不重不漏, quotas)."""
    with store.read() as db:
        people, duties = Roster.of(db), roster.load_duties(db, campaign.round)
    return duties, check(people, duties, campaign.quotas)
