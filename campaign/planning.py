"""走访计划: by when, and how, each subject is to be visited (domain.md §1, row 37).

    propose     every cadre's walk spread evenly over the working days of the campaign
    read_plan   what units changed in the workbook that they were given
    plan_rows   plan and fact side by side
    slippage    by unit, what should be done by now and is not

A day once planned stays, until a person changes it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from campaign.cells import Cell, parse_day, plain
from campaign.config import Campaign
from campaign.facts import VISITED, Facts
from campaign.ledger import MODE_WORDS, RESULT_WORDS, Visit, visits_of
from campaign.masking import name_of
from campaign.roster import Issue, RosterError, open_book
from campaign.town import KIND_WORDS, WHOM_COLUMNS
from campaign.weeks import is_working_day
from forms.errors import ClerkError
from store import Duty, Subject, roster, visit_plans
from store.visit_plans import Planned

DONE = "done"
HERE = "本镇"
"""Where a notable lives who can be called on."""
PLAN_COLUMNS = {
    "unit": "单位编码",
    "unit_name": "单位",
    **WHOM_COLUMNS,
    "day": "计划日期",
    "mode": "方式",
    "visited": "走访日期",
    "result": "结果",
    "late": "迟延（天）",
}
_KINDS = {word: kind for kind, word in KIND_WORDS.items()}
_MODES = {word: mode for mode, word in MODE_WORDS.items()}


class PlanError(ClerkError):
    """No plan can be made; the message says what is missing."""


def propose(
    facts: Facts,
    duties: Sequence[Duty],
    existing: Mapping[Subject, Planned],
    campaign: Campaign,
    first: date,
) -> dict[Subject, Planned]:
    """A day and a way for every duty: those in `existing` are kept, the others spread from `first` on to
    the end of the campaign. Raises PlanError."""
    days = _working_days(campaign, first)
    walks: dict[str, list[Subject]] = defaultdict(list)
    for duty in duties:
        if duty.subject not in existing:
            walks[duty.cadre].append(duty.subject)
    plan = {duty.subject: existing[duty.subject] for duty in duties if duty.subject in existing}
    for walk in walks.values():
        for n, subject in enumerate(sorted(walk, key=facts.walking_key), 1):
            day = days[-(-n * len(days) // len(walk)) - 1]  # n of all by n of all days, rounded up
            plan[subject] = Planned(day, _usual_mode(facts, subject))
    return plan


def _working_days(campaign: Campaign, first: date) -> list[date]:
    end = campaign.now.end
    if end is None:
        raise PlanError(f"设置中没有第 {campaign.round} 轮的截止日期（end），无法排定走访日期")
    days = [first + timedelta(days=n) for n in range((end - first).days + 1)]
    found = [day for day in days if is_working_day(day, campaign.handling)]
    if not found:
        raise PlanError(f"从 {first} 到截止日期 {end} 没有工作日，请改用较早的起始日期")
    return found


def usual_first(campaign: Campaign, today: date) -> date:
    """The first day that visits may be planned for: today while the round runs, else its first."""
    return today if campaign.now.holds(today) else campaign.now.start or today


def _usual_mode(facts: Facts, subject: Subject) -> str:
    """In person; by letter to notables who live elsewhere."""
    row = facts.row(subject) or {}
    away = subject.kind == "notable" and row.get("residence") not in (None, "", HERE)
    return "by_letter" if away else "in_person"


# --- plan and fact -------------------------------------------------------------------------------


def plan_rows(
    db: Connection, campaign: Campaign, today: date, unmasked: bool = False, unit: str | None = None
) -> list[dict[str, Any]]:
    """A row for each duty, by unit and cadre and on the way from door to door (`PLAN_COLUMNS`).

    late  days between the day planned and the visit, or `today` while there was none; never of a leader's
          groups, which are selected and have no form of their own

    Bring the gleanings up to date first (`campaign.gleaning`).
    """
    facts, plan, visits = (
        Facts.of(db, campaign),
        visit_plans.load(db, campaign.round),
        visits_of(db, campaign),
    )
    walks: dict[tuple[str, str], list[Subject]] = defaultdict(list)
    for duty in roster.load_duties(db, campaign.round):
        cadre = facts.row(Subject("cadre", duty.cadre)) or {}
        walks[str(cadre.get("unit") or ""), duty.cadre].append(duty.subject)
    return [
        _row(facts, place, n, subject, plan.get(subject), visits.get(subject), today, unmasked)
        for place, walk in sorted(walks.items())
        if unit is None or place[0] == unit
        for n, subject in enumerate(sorted(walk, key=facts.walking_key), 1)
    ]


def _row(
    facts: Facts,
    place: tuple[str, str],
    number: int,
    subject: Subject,
    planned: Planned | None,
    visit: Visit | None,
    today: date,
    unmasked: bool,
) -> dict[str, Any]:
    unit, cadre = place
    row = facts.row(subject) or {}
    return {
        "unit": unit,
        "unit_name": facts.name(Subject("unit", unit)) if unit else "",
        "cadre": cadre,
        "cadre_name": facts.name(Subject("cadre", cadre)),
        "number": number,
        "kind": KIND_WORDS.get(subject.kind, subject.kind),
        "code": subject.code,
        "name": name_of(facts, subject, unmasked),
        "place": facts.place(subject),
        "door": row.get("door") or "",
        "day": planned.day.isoformat() if planned else "",
        "mode": MODE_WORDS.get(planned.mode, "") if planned else "",
        "visited": visit.day.isoformat() if visit and visit.day else "",
        "result": RESULT_WORDS.get(visit.result, "") if visit else "",
        "late": _days_late(planned, visit, today) if subject.kind in VISITED else None,
    }


def _days_late(planned: Planned | None, visit: Visit | None, today: date) -> int | None:
    """None while nothing is late, or when nobody knows the day of the visit."""
    took_place = visit is not None and visit.result == DONE
    day = visit.day if visit is not None and took_place else today
    days = (day - planned.day).days if planned and day else 0
    return days if days > 0 else None


@dataclass(frozen=True)
class Slippage:
    """Of a unit's plan: all visits, those due by now, of which done, and done late or not yet."""

    unit: str
    name: str
    planned: int
    due: int
    done: int
    late: int


def slippage(rows: Sequence[Mapping[str, Any]], today: date) -> list[Slippage]:
    """By unit, from `plan_rows`, without leaders' groups."""
    of_unit: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["day"] and row["kind"] != KIND_WORDS["group"]:
            of_unit[row["unit"]].append(row)
    return [_slippage(unit, some, today) for unit, some in sorted(of_unit.items())]


def _slippage(unit: str, rows: Sequence[Mapping[str, Any]], today: date) -> Slippage:
    due = [row for row in rows if row["day"] <= today.isoformat()]
    done = sum(row["result"] == RESULT_WORDS[DONE] for row in due)
    late = sum(bool(row["late"]) for row in rows)
    return Slippage(unit, str(rows[0]["unit_name"]), len(rows), len(due), done, late)


# --- what units changed --------------------------------------------------------------------------

READ_COLUMNS = ("类型", "编码", "计划日期", "方式")


def read_plan(path: Path, duties: Sequence[Duty], campaign: Campaign) -> dict[Subject, Planned]:
    """The days and ways in a workbook or CSV that was written from `plan_rows`. Lines without a day are
    passed over. Raises RosterError with every line that cannot be used, OSError."""
    owed = {duty.subject for duty in duties}
    errors: list[Issue] = []
    found: dict[Subject, Planned] = {}
    for sheet, grid in open_book(path).items():
        cells = grid()
        places = {plain(str(cell)): n for n, cell in enumerate(cells[0])} if cells else {}
        missing = [column for column in READ_COLUMNS if column not in places]
        if missing:
            errors.append(Issue(sheet, f"缺少“{'”“'.join(missing)}”列，请补上", 1))
            continue
        for number, line in enumerate(cells[1:], 2):
            said = {name: line[n] if n < len(line) else "" for name, n in places.items()}
            if not str(said["计划日期"]).strip():
                continue
            subject = Subject(_KINDS.get(plain(str(said["类型"])), ""), plain(str(said["编码"])))
            wrong = list(_faults(said, subject, owed, campaign))
            errors += [Issue(sheet, message, number, heading=heading) for heading, message in wrong]
            day = parse_day(said["计划日期"], campaign.year)
            if day and not wrong:
                found[subject] = Planned(day, _MODES[plain(str(said["方式"]))])
    if errors:
        raise RosterError(errors)
    return found


def _faults(
    said: Mapping[str, Cell], subject: Subject, owed: set[Subject], campaign: Campaign
) -> Iterator[tuple[str, str]]:
    """Heading and message."""
    if subject not in owed:
        yield "编码", f"走访安排中没有{said['类型']}“{said['编码']}”，请改正或删去这一行"
    day = parse_day(said["计划日期"], campaign.year)
    if day is None:
        yield "计划日期", f"“{said['计划日期']}”不是日期，应写成 2017-04-05 的样子"
    elif not campaign.now.holds(day):
        yield (
            "计划日期",
            f"{day} 不在第 {campaign.round} 轮走访期间（{campaign.now.start} 至 {campaign.now.end}）",
        )
    if plain(str(said["方式"])) not in _MODES:
        yield "方式", f"“{said['方式']}”应为{'、'.join(_MODES)}之一"
