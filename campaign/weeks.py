"""Weeks, working days and the stages of the campaign."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from campaign.config import Campaign, Handling

_WEEK = re.compile(r"(\d{4})-?W(\d{1,2})")


def week_of(day: date) -> str:
    """`2017-W14`: ISO 8601, weeks begin on Monday."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def parse_week(text: str) -> str:
    """`2017-W14` however it is written. Raises ValueError."""
    found = _WEEK.fullmatch(text.strip().upper())
    if found is None:
        raise ValueError(text)
    return week_of(date.fromisocalendar(int(found[1]), int(found[2]), 1))


def monday(week: str) -> date:
    return date.fromisocalendar(int(week[:4]), int(week[6:]), 1)


def week_words(week: str) -> str:
    """2017年第14周（4月3日—4月9日）."""
    first = monday(week)
    last = first + timedelta(days=6)
    return f"{week[:4]}年第{int(week[6:])}周（{day_words(first)}—{day_words(last)}）"


def day_words(day: date) -> str:
    return f"{day.month}月{day.day}日"


def full_day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def weeks_between(first: date, last: date) -> list[str]:
    """The weeks of both days and all between."""
    start = first - timedelta(days=first.weekday())
    return [week_of(start + timedelta(weeks=n)) for n in range((last - start).days // 7 + 1)]


def is_working_day(day: date, rules: Handling) -> bool:
    return day in rules.workdays or (day.weekday() < 5 and day not in rules.holidays)


def add_working_days(day: date, days: int, rules: Handling) -> date:
    """The last day of a time limit of so many working days that begins after `day`."""
    for _ in range(days):
        day += timedelta(days=1)
        while not is_working_day(day, rules):
            day += timedelta(days=1)
    return day


def working_days(first: date, last: date, rules: Handling) -> int:
    """Working days after `first`, up to and with `last`."""
    days = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
    return sum(is_working_day(day, rules) for day in days)


STAGE_WORDS = {"to_come": "未开始", "running": "进行中", "over": "已结束"}


@dataclass(frozen=True)
class Stage:
    """A phase in the campaign's year. `state`: to_come, running or over."""

    name: str
    start: date
    end: date | None
    state: str
    days_left: int | None


def stages(campaign: Campaign, today: date) -> list[Stage]:
    """The campaign's phases, and how each stands on `today`."""
    found = []
    for phase in campaign.phases:
        start = date(campaign.year, *phase.start)
        end = date(campaign.year, *phase.end) if phase.end else None
        over = end is not None and today > end
        state = "over" if over else "running" if today >= start else "to_come"
        left = (end - today).days if end and not over else None
        found.append(Stage(phase.name, start, end, state, left))
    return found
