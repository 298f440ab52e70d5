"""Plan against fact, week by week (domain.md §1, rows 20, 37 and 38)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from campaign.config import Campaign
from campaign.ledger import Visit
from campaign.weeks import is_working_day, monday, week_of, weeks_between
from store import Duty, Subject
from store.visit_plans import Planned


@dataclass(frozen=True)
class Week:
    """Visits of a week, and how many there should be and are by its end.

    planned  those whose day in the visit plan has come; of subjects without one, an even share for each
             working day of the campaign: a steady pace is what a week can be held against
    """

    week: str
    visits: int
    done: int
    planned: int


def by_week(
    campaign: Campaign,
    duties: Sequence[Duty],
    visits: Iterable[tuple[Subject, Visit]],
    plan: Mapping[Subject, Planned] = MappingProxyType({}),
) -> list[Week]:
    """The weeks of the round. Visits without a date count in none of them."""
    owed = {duty.subject for duty in duties}
    days = [visit.day for subject, visit in visits if visit.day and subject in owed]
    start = campaign.now.start or min(days, default=None)
    end = campaign.now.end or max(days, default=None)
    if start is None or end is None:
        return []
    counted = Counter(week_of(day) for day in days)
    working = [start + timedelta(days=n) for n in range((end - start).days + 1)]
    working = [day for day in working if is_working_day(day, campaign.handling)]
    due = [plan[subject].day for subject in owed if subject in plan]
    found, done = [], 0
    for week in weeks_between(start, end):
        done += counted[week]
        last = monday(week) + timedelta(days=6)
        share = sum(day <= last for day in working) / max(len(working), 1)
        planned = sum(day <= last for day in due) + round(share * (len(owed) - len(due)))
        found.append(Week(week, counted[week], done, planned))
    return found


def without_date(duties: Sequence[Duty], visits: Iterable[tuple[Subject, Visit]]) -> int:
    owed = {duty.subject for duty in duties}
    return sum(visit.day is None for subject, visit in visits if subject in owed)
